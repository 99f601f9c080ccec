/* The table of segments. */
#include "store/files.h"
#include "store/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A reader that may not write the directory can do without LMDB's lock only while nobody writes. */
bool store_is_stopped(const struct store *s)
{
    mem_auto char *path = mem_printf("%s/lock", s->dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT;
    bool stopped = flock(fd, LOCK_SH | LOCK_NB) == 0;
    close(fd);
    return stopped;
}

static void segment_drop(struct segment *seg) /* under the lock; it left the table */
{
    seg->removed = true;
    if (seg->refs == 0) segment_free(seg);
}

static struct segment *segment_new(struct store *s, uint64_t first, const char *suffix)
{
    struct segment *seg = mem_new(struct segment);
    seg->first = first;
    seg->path = mem_printf("%s/%020" PRIu64 "%s", s->log_dir, first, suffix);
    snprintf(seg->name, sizeof seg->name, "log/%020" PRIu64 "%s", first, suffix);
    struct stat st;
    if (stat(seg->path, &st) == 0) seg->inode = st.st_ino;
    return seg;
}

/* An unfinished reset (a .reset file, see store_reset) counts as the whole log. */
static int scan_names(struct store *s, uint64_t **firsts, size_t *n, const char **suffix,
                      struct error *err)
{
    *suffix = ".reset";
    int rc = files_numbers(s->log_dir, *suffix, firsts, n, err);
    if (rc || *n) return rc;
    mem_free(*firsts);
    *suffix = ".mdb";
    return files_numbers(s->log_dir, *suffix, firsts, n, err);
}

int segments_scan(struct store *s, struct error *err)
{
    uint64_t *firsts = NULL;
    size_t n = 0;
    const char *suffix;
    int rc = scan_names(s, &firsts, &n, &suffix, err);
    if (rc) return rc;
    pthread_mutex_lock(&s->lock);
    struct segment **fresh = mem_alloc((n + 1) * sizeof(struct segment *));
    size_t old = 0;
    for (size_t i = 0; i < n; i++) {
        struct segment *seg = segment_new(s, firsts[i], suffix);
        while (old < s->count && s->segments[old]->first < firsts[i])
            segment_drop(s->segments[old++]);
        if (old < s->count && s->segments[old]->first == firsts[i]) {
            struct segment *known = s->segments[old++];
            if (known->inode == seg->inode && strcmp(known->path, seg->path) == 0) {
                segment_free(seg);
                seg = known;
            } else {
                segment_drop(known);
            }
        }
        fresh[i] = seg;
    }
    while (old < s->count) segment_drop(s->segments[old++]);
    mem_free(s->segments);
    s->segments = fresh;
    s->count = n;
    pthread_mutex_unlock(&s->lock);
    mem_free(firsts);
    return 0;
}

/* The files go at once; readers that still hold the segment keep what they have mapped. */
int segment_unlink(struct store *s, struct segment *seg, struct error *err)
{
    int rc = files_remove(seg->path, err);
    if (rc) return rc;
    mem_auto char *lock = mem_printf("%s-lock", seg->path);
    files_remove(lock, NULL);
    pthread_mutex_lock(&s->lock);
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->segments[i] != seg) s->segments[kept++] = s->segments[i];
    if (kept < s->count) segment_drop(seg);
    s->count = kept;
    pthread_mutex_unlock(&s->lock);
    return 0;
}

void segments_close(struct store *s)
{
    for (size_t i = 0; i < s->count; i++) {
        assert(s->segments[i]->refs == 0); /* a cursor call is still running */
        segment_free(s->segments[i]);
    }
    mem_free(s->segments);
    s->segments = NULL;
    s->count = 0;
}
