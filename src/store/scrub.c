#include "store/scrub.h"

#include "store/files.h"
#include "store/keyframe_inside.h"
#include "store/marks.h"

#include "base/trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STRETCH_BYTES = 1 << 20, ENTRY_BYTES = 128 };

struct scrub {
    struct store *s;
    struct store_cursor *cursor; /* in the segment that begins at `first`; NULL: before one */
    uint64_t first, end;         /* end: where the next segment begins */
    uint64_t at;                 /* the entry that is read next; then a keyframe's revision */
    bool at_keyframes;
    struct scrub_findings round; /* the one under way */
    struct scrub_report report;
};

struct scrub *scrub_new(struct store *s)
{
    struct scrub *c = mem_new(struct scrub);
    c->s = s;
    return c;
}

void scrub_free(struct scrub *c)
{
    if (!c) return;
    store_cursor_close(c->cursor);
    mem_free(c);
}

const struct scrub_report *scrub_report(const struct scrub *c)
{
    return &c->report;
}

static bool findings_have(const struct scrub_findings *f, const char *text)
{
    for (unsigned i = 0; i < f->count && i < SCRUB_FINDINGS; i++)
        if (strncmp(f->text[i], text, SCRUB_TEXT - 1) == 0) return true;
    return false;
}

static void findings_add(struct scrub_findings *f, const char *text)
{
    if (f->count < SCRUB_FINDINGS)
        snprintf(f->text[f->count], SCRUB_TEXT, "%.*s", SCRUB_TEXT - 1, text);
    f->count++;
}

/* What went away meanwhile, or could not be opened just now, is no finding. */
static void scrub_found(struct scrub *c, int rc, const struct error *err, const char *advice)
{
    if (rc != E_CORRUPT && rc != E_IO) return;
    store_mark(c->at_keyframes ? STORE_MARK_scrub_keyframe : STORE_MARK_scrub_segment);
    findings_add(&c->round, err->text);
    if (findings_have(&c->report.last, err->text)) return;
    findings_add(&c->report.last, err->text);
    trace_error("scrub", "%s; %s", err->text,
                rc == E_IO ? "the disk or its filesystem fails: see the kernel's log" : advice);
}

/* The next old segment from c->at on; its pages are to be read from the disk, not from memory. */
static bool scrub_choose(struct scrub *c)
{
    struct store *s = c->s;
    bool found = false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; !found && i + 1 < s->count; i++) {
        struct segment *seg = s->segments[i];
        if (seg->first < c->at) continue;
        c->first = c->at = seg->first;
        c->end = s->segments[i + 1]->first;
        seg->doubted = found = true;
        int fd = seg->env ? -1 : open(seg->path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        if (fd >= 0) close(fd);
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

static uint64_t segment_size(const struct segment *seg)
{
    struct stat st;
    return stat(seg->path, &st) ? 0 : (uint64_t)st.st_size;
}

/* Does the segment at c->end go on where this one ends? */
static int scrub_joint(struct scrub *c, struct error *err)
{
    struct reader r;
    struct record_base end = {0};
    int rc = reader_begin(c->s, c->end - 1, &r, err);
    if (rc) return rc;
    rc = reader_point(&r, c->end - 1, &end, err);
    reader_end(&r);
    if (rc || (rc = reader_begin(c->s, c->end, &r, err))) return rc;
    rc = check_joint(r.seg, &end, &r.base, err);
    reader_end(&r);
    return rc;
}

/* Was the log not cut in between? */
static bool scrub_stands(struct scrub *c)
{
    struct store *s = c->s;
    bool stands = false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; !stands && i + 1 < s->count; i++)
        stands = s->segments[i]->first == c->first && s->segments[i + 1]->first == c->end;
    pthread_mutex_unlock(&s->lock);
    return stands;
}

static void scrub_leave(struct scrub *c, int rc, const struct error *err)
{
    if (!scrub_stands(c))
        store_mark(STORE_MARK_scrub_gave_way);
    else
        scrub_found(
            c, rc, err,
            "this history cannot be read here; stop this master, then " STORE_REPLACE_ADVICE);
    c->round.segments++;
    store_cursor_close(c->cursor);
    c->cursor = NULL;
    c->at = c->end;
}

/* Holding a segment that is doubted walks its pages. */
static uint64_t scrub_enter(struct scrub *c)
{
    struct segment *seg;
    struct error err = {0};
    uint64_t bytes = 1;
    int rc = segment_hold(c->s, c->first, &seg, &err);
    if (!rc) {
        bytes += segment_size(seg);
        segment_release(c->s, seg);
        rc = store_cursor_open(c->s, c->first, &c->cursor, &err);
    }
    if (rc) scrub_leave(c, rc, &err);
    return bytes;
}

static uint64_t scrub_records(struct scrub *c)
{
    struct record r;
    struct error err = {0};
    uint64_t bytes = 1;
    int rc = 0;
    while (!rc && c->at < c->end && bytes < STRETCH_BYTES) {
        rc = store_cursor_next(c->cursor, &r, &err);
        if (rc) break;
        bytes += r.payload.n + ENTRY_BYTES;
        c->at = r.index + 1;
    }
    store_cursor_rest(c->cursor);
    if (!rc && c->at < c->end) return bytes;
    if (!rc) rc = scrub_joint(c, &err);
    scrub_leave(c, rc, &err);
    return bytes;
}

/* The next keyframe; 0: there is none. */
static uint64_t scrub_keyframe(struct scrub *c)
{
    uint64_t *revisions = NULL;
    struct error err = {0};
    size_t n = 0, i = 0;
    struct stat st;
    if (files_numbers(c->s->keyframe_dir, ".mdb", &revisions, &n, &err)) return 0;
    while (i < n && revisions[i] < c->at) i++;
    uint64_t revision = i < n ? revisions[i] : 0;
    mem_free(revisions);
    if (i == n) return 0;
    mem_auto char *path = keyframe_path(c->s, revision);
    int rc = keyframe_file_check(path, &err);
    scrub_found(c, rc, &err, "it is passed over for an older one until the next is written");
    c->round.keyframes++;
    c->at = revision + 1;
    return 1 + (stat(path, &st) ? 0 : (uint64_t)st.st_size);
}

uint64_t scrub_step(struct scrub *c)
{
    if (c->cursor) return scrub_records(c);
    if (!c->at_keyframes && scrub_choose(c)) return scrub_enter(c);
    if (!c->at_keyframes) c->at = 0;
    c->at_keyframes = true;
    uint64_t bytes = scrub_keyframe(c);
    if (bytes) return bytes;
    c->report.rounds++;
    c->report.last = c->round;
    c->round = (struct scrub_findings){0};
    c->at_keyframes = false;
    c->at = 0;
    return 0;
}
