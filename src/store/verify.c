/* Reading everything there is, and saying what is wrong with it. */
#include "store/inside.h"

#include <inttypes.h>
#include <stdio.h>

struct verify_name {
    uint64_t first;
    char *path, name[sizeof((struct segment *)0)->name];
};

/* The table may change while segments are read: work on a copy of its names. */
static struct verify_name *verify_names(struct store *s, size_t *n)
{
    pthread_mutex_lock(&s->lock);
    struct verify_name *names = mem_alloc((s->count + 1) * sizeof *names);
    *n = s->count;
    for (size_t i = 0; i < s->count; i++) {
        names[i].first = s->segments[i]->first;
        names[i].path = mem_strdup(s->segments[i]->path);
        memcpy(names[i].name, s->segments[i]->name, sizeof names[i].name);
    }
    pthread_mutex_unlock(&s->lock);
    return names;
}

static int verify_segment(struct store *s, const struct check_job *job, bool has_before,
                          struct record_base *end, store_report_fn *report, void *ctx)
{
    struct check_result result = {0};
    struct error err = {0};
    char line[160];
    const struct segment *seg = job->segment;
    int rc = probe(s, seg->name, check_named, job, &result, &err);
    rc = check_disk(seg, rc, &err);
    if (!rc && has_before) rc = check_joint(seg, end, &result.base, &err);
    if (rc)
        report(ctx, true, err.text);
    else {
        snprintf(line, sizeof line, "%s: %" PRIu64 " entries, up to %" PRIu64, seg->name,
                 result.records, result.last.index);
        report(ctx, false, line);
    }
    *end = result.last;
    return rc;
}

static int verify_log(struct store *s, store_report_fn *report, void *ctx)
{
    size_t n;
    struct verify_name *names = verify_names(s, &n);
    struct record_base end = {0};
    int worst = 0;
    bool known = false; /* where the segment before ended */
    for (size_t i = 0; i < n; i++) {
        struct segment seg = {.first = names[i].first, .path = names[i].path};
        memcpy(seg.name, names[i].name, sizeof seg.name);
        const struct check_job job = {&seg, UINT64_MAX, i + 1 < n || store_is_stopped(s)};
        int rc = verify_segment(s, &job, known, &end, report, ctx);
        known = rc == 0;
        if (rc) worst = rc;
        mem_free(names[i].path);
    }
    mem_free(names);
    return worst;
}

static int verify_identity(struct store *s, store_report_fn *report, void *ctx)
{
    struct store_identity identity;
    struct error err = {0};
    int rc = identity_read(s->dir, &identity, &err);
    if (rc == E_NOTFOUND) return 0;
    if (rc) report(ctx, true, err.text);
    return rc;
}

/* Slots, log and hint against each other; they are read in the order in which they lead (store.c).
 */
static int verify_agreement(struct store *s, uint64_t committed, store_report_fn *report, void *ctx)
{
    struct error err = {0};
    uint64_t term = UINT64_MAX;
    int rc = store_load_bounds(s, &err), slots = slots_check(s, &term, report, ctx);
    if (!rc) rc = store_check_agreement(s, committed, term, &err);
    if (rc) report(ctx, true, err.text);
    return rc ? rc : slots;
}

int store_verify(struct store *s, store_report_fn *report, void *ctx, struct error *err)
{
    uint64_t committed = store_committed_get(s), term;
    if (s->read_only) {
        int rc = segments_scan(s, err);
        if (rc) return rc;
    }
    int identity = verify_identity(s, report, ctx), log = verify_log(s, report, ctx);
    /* A damaged log is not read in this process: LMDB might end it. */
    int slots =
        log ? slots_check(s, &term, report, ctx) : verify_agreement(s, committed, report, ctx);
    int keyframes = keyframe_check_all(s, log == 0, report, ctx);
    if (!identity && !log && !slots && !keyframes) return 0;
    return error_set(err, E_CORRUPT, "%s: damage was found", s->dir);
}
