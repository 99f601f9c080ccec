/* The table of segments and their LMDB environments. */
#include "store/files.h"
#include "store/inside.h"

#include "base/trace.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LOCK_FILE_BYTES = 12 << 10 }; /* LMDB makes it 126 reader slots and more */

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

/* LMDB maps its lock file sparsely; on a full disk a new reader would then end in SIGBUS. Only for
 * an environment that is not open in this process: closing any descriptor of the file drops its
 * locks. */
static int segment_lock_file(const struct segment *seg, struct error *err)
{
    mem_auto char *path = mem_printf("%s-lock", seg->path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return files_errno(err, "open", path);
    int rc = 0;
    if ((errno = posix_fallocate(fd, 0, LOCK_FILE_BYTES)))
        rc = files_errno(err, "make room for", path);
    close(fd);
    return rc;
}

static int segment_open(struct store *s, struct segment *seg, struct error *err)
{
    struct stat st;
    if (stat(seg->path, &st)) return files_errno(err, "open", seg->name);
    if (st.st_size == 0) return error_set(err, E_CORRUPT, "%s: the file is empty", seg->name);
    if (!s->read_only || store_is_stopped(s)) {
        int damage = segment_pages_check(seg->path, seg->name, err);
        if (damage) return damage;
    }
    size_t data = (size_t)st.st_size > s->segment_bytes ? (size_t)st.st_size : s->segment_bytes;
    size_t map = ((data + SEGMENT_ROOM) >> 16) << 16;
    unsigned flags = s->read_only ? MDB_RDONLY : s->no_sync ? MDB_NOSYNC : 0;
    int rc = s->read_only || s->no_sync ? 0 : segment_lock_file(seg, err);
    if (!rc) rc = segment_env_open(seg->path, flags, map, &seg->env, err);
    if (rc == E_DENIED && s->read_only && store_is_stopped(s))
        rc = segment_env_open(seg->path, flags | MDB_NOLOCK, map, &seg->env, err);
    if (rc) return error_wrap(err, rc, "%s", seg->name);
    if (!s->read_only) {
        int dead = 0;
        mdb_reader_check(seg->env, &dead);
        if (dead) trace_info("store", "%s: %d dead readers removed", seg->name, dead);
    }
    return 0;
}

static void segment_free(struct segment *seg)
{
    if (seg->env) mdb_env_close(seg->env);
    mem_free(seg->path);
    mem_free(seg);
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

int segment_hold(struct store *s, uint64_t index, struct segment **out, struct error *err)
{
    pthread_mutex_lock(&s->lock);
    size_t at = s->count;
    while (at > 0 && s->segments[at - 1]->first > index) at--;
    if (at == 0) {
        uint64_t first = s->count ? s->segments[0]->first : 0;
        pthread_mutex_unlock(&s->lock);
        return error_set(err, E_GONE,
                         "entry %" PRIu64 " is no longer in the log, it begins at %" PRIu64, index,
                         first);
    }
    struct segment *seg = s->segments[at - 1];
    int rc = seg->env ? 0 : segment_open(s, seg, err);
    if (!rc) {
        seg->refs++;
        seg->used = ++s->clock;
        *out = seg;
    }
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* Old segments that nobody reads are closed, but for the few used last. */
static void segments_trim(struct store *s)
{
    size_t open = 0;
    struct segment *oldest = NULL;
    for (size_t i = 0; i + 1 < s->count; i++) {
        struct segment *seg = s->segments[i];
        if (!seg->env || seg->refs) continue;
        open++;
        if (!oldest || seg->used < oldest->used) oldest = seg;
    }
    if (open <= SEGMENT_OPEN_MAX) return;
    mdb_env_close(oldest->env);
    oldest->env = NULL;
}

void segment_release(struct store *s, struct segment *seg)
{
    pthread_mutex_lock(&s->lock);
    assert(seg->refs > 0);
    seg->refs--;
    if (seg->refs == 0) {
        if (seg->removed)
            segment_free(seg);
        else
            segments_trim(s);
    }
    pthread_mutex_unlock(&s->lock);
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
