/* Opening and closing a data directory. */
#include "store/files.h"
#include "store/inside.h"
#include "store/marks.h"

#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SEGMENT_BYTES = 128 << 20,
    BALLAST_BYTES = 16 << 20,
    JOINTS_CHECKED = 8 /* of the newest segments at open; store_verify checks all */
};

/* Stores open in this process: the same directory twice would break LMDB's locks. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list open_stores = {&open_stores, &open_stores};

static int store_register(struct store *s, struct error *err)
{
    struct stat st;
    if (stat(s->dir, &st)) return files_errno(err, "open", s->dir);
    s->device = st.st_dev;
    s->inode = st.st_ino;
    pthread_mutex_lock(&open_lock);
    int rc = 0;
    list_each(it, &open_stores)
    {
        struct store *other = container_of(it, struct store, link);
        if (other->device == s->device && other->inode == s->inode)
            rc = error_set(err, E_LOCKED, "%s is open in this process already (pid %ld)", s->dir,
                           (long)getpid());
    }
    if (!rc) list_push(&open_stores, &s->link);
    pthread_mutex_unlock(&open_lock);
    return rc;
}

static int store_lock(struct store *s, struct error *err)
{
    mem_auto char *path = mem_printf("%s/lock", s->dir);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (s->lock_fd < 0) return files_errno(err, "open", path);
    char pid[24] = "";
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB)) {
        size_t n = 0;
        files_read(path, pid, sizeof pid - 1, &n, NULL);
        pid[strcspn(pid, "\n")] = '\0';
        return error_set(err, E_LOCKED, "%s is in use by another process (pid %s)", s->dir,
                         pid[0] ? pid : "unknown");
    }
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(s->lock_fd, 0) || files_write_at(s->lock_fd, pid, (size_t)n, 0))
        trace_debug("store", "the process id cannot be noted in %s",
                    path); /* full disk: held all the same */
    return 0;
}

static bool store_has(const struct store *s, const char *name)
{
    mem_auto char *path = mem_printf("%s/%s", s->dir, name);
    return files_exists(path);
}

static int store_count_segments(struct store *s, size_t *n, struct error *err)
{
    *n = 0;
    if (!files_exists(s->log_dir)) return 0;
    int rc = segments_scan(s, err);
    *n = s->count;
    return rc;
}

/* A new directory is finished by its first segment; before that a crash only means: begin again. */
static int store_make(struct store *s, struct error *err)
{
    static const struct record_base origin;
    int rc = files_make_dir(s->log_dir, err);
    if (!rc) rc = files_make_dir(s->keyframe_dir, err);
    if (!rc) rc = slots_create(s, err);
    if (!rc) rc = segment_create(s, &origin, ".mdb", err);
    if (!rc && !s->no_sync) rc = files_sync_dir(s->dir, err);
    return rc;
}

static int store_prepare(struct store *s, bool create, struct error *err)
{
    size_t n;
    int rc = store_count_segments(s, &n, err);
    if (rc) return rc;
    if (n == 0) {
        if (store_has(s, "identity"))
            return error_set(err, E_CORRUPT, "%s: log/ has no segments, but there is an identity",
                             s->dir);
        if (!create || s->read_only) return error_set(err, E_NOTFOUND, "%s holds no store", s->dir);
        if ((rc = store_make(s, err))) return rc;
    }
    if (!s->read_only && !store_has(s, "slots"))
        return error_set(err, E_CORRUPT, "slots: the file is missing, term and vote are lost");
    if (!s->read_only) {
        rc = files_make_dir(s->keyframe_dir, err);
        if (!rc) rc = files_remove_suffix(s->log_dir, ".tmp", err);
        if (!rc) rc = files_remove_suffix(s->log_dir, ".tmp-lock", err);
        if (!rc) rc = files_remove_suffix(s->keyframe_dir, ".tmp", err);
        if (!rc) rc = log_finish_reset(s, err);
        if (rc) return rc;
    }
    return segments_scan(s, err);
}

/* The segment at *ctx, and how it continues in the newer one, which *newer tells of. */
static int store_check_one(struct store *s, const void *ctx, struct check_result *newer,
                           struct error *err)
{
    struct segment *const *at = ctx;
    bool newest = at == &s->segments[s->count - 1];
    const struct check_job job = {*at, newest ? STORE_TAIL_CHECKED : 0,
                                  s->no_fork || (newest && !s->read_only)};
    struct check_result result = {0};
    int rc = check_named(s, &job, &result, err);
    if (!rc && !newest) rc = check_joint(at[1], &result.last, &newer->base, err);
    *newer = result;
    return rc;
}

static int store_check_joints(struct store *s, const void *ctx, struct check_result *newer,
                              struct error *err)
{
    (void)ctx;
    int rc = 0;
    for (size_t i = 0; !rc && i < JOINTS_CHECKED && i < s->count; i++)
        rc = store_check_one(s, &s->segments[s->count - 1 - i], newer, err);
    return rc;
}

/* The end of the log and the newest joints, in a child process: a damaged page must not take us
 * down before we can say so. If the child dies, each segment gets one of its own, to find which it
 * was. */
static int store_check_end(struct store *s, struct error *err)
{
    struct check_result newer = {0};
    if (s->no_sync || s->no_fork) return store_check_joints(s, NULL, &newer, err);
    int all = probe(s, "log", store_check_joints, NULL, &newer, err), rc = 0;
    newer = (struct check_result){0};
    for (size_t i = 0; all == E_CORRUPT && !rc && i < JOINTS_CHECKED && i < s->count; i++) {
        struct segment **at = &s->segments[s->count - 1 - i];
        rc = probe(s, (*at)->name, store_check_one, at, &newer, err);
        rc = check_disk(*at, rc, err);
    }
    return rc ? rc : all;
}

int store_check_agreement(struct store *s, uint64_t committed, uint64_t term, struct error *err)
{
    const struct log_bounds *b = &s->bounds;
    if (term < b->last_term)
        return error_set(err, E_CORRUPT,
                         "slots: the term is %" PRIu64 ", but the log has entries of term %" PRIu64,
                         term, b->last_term);
    if (committed > b->last_index) {
        store_mark(STORE_MARK_log_shortened);
        return error_set(err, E_CORRUPT,
                         "log: ends at entry %" PRIu64 ", but entry %" PRIu64 " was committed",
                         b->last_index, committed);
    }
    return 0;
}

/* A process that was killed may have left what it wrote in the page cache only. It is read now and
 * will be confirmed to others, so it is made durable first; and so are the names of the files. */
static int store_settle(struct store *s, struct error *err)
{
    const char *const dirs[] = {s->log_dir, s->keyframe_dir, s->dir};
    if (s->read_only || s->no_sync || s->count == 0) return 0;
    const struct segment *newest = s->segments[s->count - 1];
    int fd = open(newest->path, O_RDONLY | O_CLOEXEC), rc = 0;
    if (fd < 0 || fdatasync(fd)) rc = files_errno(err, "sync", newest->name);
    if (fd >= 0) close(fd);
    for (size_t i = 0; !rc && i < sizeof dirs / sizeof *dirs; i++)
        rc = files_sync_dir(dirs[i], err);
    return rc;
}

/* In this order, because a master may be writing beside a read-only store: what was committed is in
 * the log, and the slots have the term before the log does. */
static int store_load_log(struct store *s, struct error *err)
{
    int rc = committed_open(s, err);
    if (!rc) rc = segments_scan(s, err);
    if (!rc) rc = store_settle(s, err);
    if (!rc) rc = store_check_end(s, err);
    if (!rc) rc = store_load_bounds(s, err);
    if (!rc) rc = slots_open(s, err);
    if (!rc) rc = store_check_agreement(s, s->committed, s->slots.term, err);
    return rc;
}

/* An unreadable disk says nothing of what is on it: nobody should throw that away. */
static void store_advise(int rc, struct error *err)
{
    size_t n = strlen(err->text);
    const char *advice = "";
    if (rc == E_CORRUPT) advice = " (see `logship verify`; " STORE_REPLACE_ADVICE ")";
    if (rc == E_IO)
        advice = " (the disk or its filesystem fails: see the kernel's log, keep the directory and "
                 "start again when it can be read; nothing in it was changed)";
    snprintf(err->text + n, sizeof err->text - n, "%s", advice);
}

static int store_load(struct store *s, const struct store_options *options, struct error *err)
{
    int rc = store_register(s, err);
    if (!rc && !s->read_only) rc = store_lock(s, err);
    if (!rc) rc = store_prepare(s, options->create, err);
    if (!rc && options->check_only) rc = committed_open(s, err);
    if (rc || options->check_only) return rc;
    rc = store_load_log(s, err);
    if ((rc == E_CORRUPT || rc == E_NOTFOUND) &&
        s->read_only) /* it may have been truncated just now */
        rc = store_load_log(s, err);
    if (!rc && !s->read_only && !s->no_sync) space_ballast_fill(s);
    if (!s->read_only && err) store_advise(rc, err);
    return rc;
}

int store_open(struct store **out, const struct store_options *options, struct error *err)
{
    struct store *s = mem_new(struct store);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->walked, NULL);
    pthread_mutex_init(&s->past_lock, NULL);
    list_init(&s->link);
    s->dir = mem_strdup(options->dir);
    s->log_dir = mem_printf("%s/log", s->dir);
    s->keyframe_dir = mem_printf("%s/keyframes", s->dir);
    s->read_only = options->read_only || options->check_only;
    s->no_sync = options->no_sync;
    s->no_fork = options->no_fork;
    s->second_votes = options->second_votes;
    s->segment_bytes = options->segment_bytes ? options->segment_bytes : SEGMENT_BYTES;
    s->ballast_bytes = options->ballast_bytes ? options->ballast_bytes : BALLAST_BYTES;
    s->lock_fd = s->committed_fd = s->slots.fd = -1;
    int rc = options->create && !s->read_only ? files_make_dir(s->dir, err) : 0;
    if (!rc) rc = store_load(s, options, err);
    if (rc) {
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s) return;
    segments_close(s);
    pthread_mutex_lock(&open_lock);
    list_remove(&s->link);
    pthread_mutex_unlock(&open_lock);
    if (s->slots.fd >= 0) close(s->slots.fd);
    if (s->committed_fd >= 0) close(s->committed_fd);
    if (s->lock_fd >= 0) close(s->lock_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->walked);
    pthread_mutex_destroy(&s->past_lock);
    mem_free(s->dir);
    mem_free(s->log_dir);
    mem_free(s->keyframe_dir);
    mem_free(s);
}
