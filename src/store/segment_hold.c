/* Who reads a segment, and that nobody does before its pages were walked. */
#include "store/files.h"
#include "store/inside.h"

#include "base/trace.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_FILE_BYTES = 12 << 10 }; /* LMDB makes it 126 reader slots and more */

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
    if (seg->removed || st.st_ino != seg->inode) /* the file of that name is not ours to open */
        return error_set(err, E_NOTFOUND, "%s was removed", seg->name);
    if (st.st_size == 0) return error_set(err, E_CORRUPT, "%s: the file is empty", seg->name);
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

static void segment_close(struct segment *seg)
{
    if (seg->env) mdb_env_close(seg->env);
    seg->env = NULL;
}

void segment_free(struct segment *seg)
{
    segment_close(seg);
    mem_free(seg->path);
    mem_free(seg);
}

/* Pages can be walked while nobody writes them: a read-only store beside a running master has to
 * trust those of the newest segment. */
static int segment_walk(struct store *s, struct segment *seg, bool newest, struct error *err)
{
    if (s->read_only && newest && !store_is_stopped(s)) return 0;
    return segment_pages_check(seg->path, seg->name, err);
}

/* Under the lock, which is given up during the walk; the caller has a reference. */
static int segment_ready(struct store *s, struct segment *seg, struct error *err)
{
    while (seg->walking) pthread_cond_wait(&s->walked, &s->lock);
    if (seg->env && !seg->doubted) return 0;
    bool newest = seg == s->segments[s->count - 1];
    seg->walking = true;
    seg->doubted = false;
    pthread_mutex_unlock(&s->lock);
    int rc = segment_walk(s, seg, newest, err);
    pthread_mutex_lock(&s->lock);
    seg->walking = false;
    pthread_cond_broadcast(&s->walked);
    if (rc) seg->doubted = true;
    if (rc && seg->removed) return error_set(err, E_NOTFOUND, "%s was removed", seg->name);
    if (!rc && !seg->env) rc = segment_open(s, seg, err);
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
    segment_close(oldest);
}

static void segment_unref(struct store *s, struct segment *seg)
{
    assert(seg->refs > 0);
    if (--seg->refs) return;
    if (seg->removed) {
        segment_free(seg);
        return;
    }
    if (seg->doubted) segment_close(seg);
    segments_trim(s);
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
    seg->refs++;
    seg->used = ++s->clock;
    int rc = segment_ready(s, seg, err);
    if (rc)
        segment_unref(s, seg);
    else
        *out = seg;
    pthread_mutex_unlock(&s->lock);
    return rc;
}

void segment_release(struct store *s, struct segment *seg)
{
    pthread_mutex_lock(&s->lock);
    segment_unref(s, seg);
    pthread_mutex_unlock(&s->lock);
}

void segment_doubt(struct store *s, struct segment *seg)
{
    pthread_mutex_lock(&s->lock);
    if (s->count && seg != s->segments[s->count - 1]) seg->doubted = true;
    pthread_mutex_unlock(&s->lock);
}
