/* Looking for damage in one segment, if need be in a child process: LMDB trusts its pages, and a
 * damaged one may end the process that reads it. */
#include "store/files.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t check_start(MDB_env *env, const struct reader *r, uint64_t tail_bytes)
{
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(env, &info);
    mdb_env_stat(env, &stat);
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize, n = r->last - r->base.index;
    if (used <= tail_bytes || n == 0) return r->base.index + 1;
    return r->last - (uint64_t)((double)n * (double)tail_bytes / (double)used);
}

static int check_records(struct reader *r, uint64_t index, struct check_result *out,
                         struct error *err)
{
    struct digest chain = r->base.chain, previous;
    struct record record;
    bool known = index == r->base.index + 1;
    out->last = r->base;
    for (; index <= r->last; index++) {
        int rc = reader_get(r, index, &record, &previous, err);
        if (rc) return rc;
        if (known && !digest_equal(&chain, &previous))
            return error_set(err, E_CORRUPT, "%s: entry %" PRIu64 ": breaks the chain",
                             r->seg->name, index);
        chain = record_chain(&previous, &record);
        known = true;
        out->last = (struct record_base){.index = index, .term = record.term, .chain = chain};
        out->records++;
    }
    return 0;
}

/* LMDB has no code of its own for all that is wrong with pages: they are walked. What is whole, or
 * cannot be read, is not damaged. */
static int check_doubt(const struct check_job *job, struct error *err)
{
    struct error why = {0};
    int rc = segment_pages_check(job->segment->path, job->segment->name, &why);
    if (!rc) return error_wrap(err, E_IO, "%s", job->segment->name);
    if (err) *err = why;
    return rc;
}

int check_disk(const struct segment *seg, int found, struct error *err)
{
    enum { STEP = 1 << 20 };
    if (found != E_CORRUPT) return found;
    int fd = open(seg->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return files_errno(err, "open", seg->name);
    mem_auto char *bytes = mem_alloc(STEP);
    off_t at = 0;
    for (ssize_t n; (n = pread(fd, bytes, STEP, at)) != 0; at += n > 0 ? n : 0) {
        if (n > 0 || errno == EINTR) continue;
        found = files_errno(err, "read", seg->name);
        break;
    }
    close(fd);
    return found;
}

static int check_segment(const struct check_job *job, bool lock, struct check_result *out,
                         struct error *err)
{
    const char *path = job->segment->path, *name = job->segment->name;
    struct segment seg = {.first = job->segment->first};
    struct reader r = {.seg = &seg};
    snprintf(seg.name, sizeof seg.name, "%s", name);
    *out = (struct check_result){0};
    int rc =
        segment_env_open(path, MDB_RDONLY | (lock ? 0 : MDB_NOLOCK), SEGMENT_ROOM, &seg.env, err);
    if (rc == E_NOTFOUND && files_exists(path))
        return error_set(err, E_CORRUPT, "%s: the file is empty", name);
    if (rc == E_IO && !job->at_rest) return check_doubt(job, err);
    if (rc) return error_wrap(err, rc, "%s", name);
    rc = reader_attach(seg.env, &r, err);
    if (!rc && r.base.index + 1 != seg.first)
        rc = error_set(err, E_CORRUPT, "%s: holds entries from %" PRIu64 " on", name,
                       r.base.index + 1);
    out->base = r.base;
    if (!rc) rc = check_records(&r, check_start(seg.env, &r, job->tail_bytes), out, err);
    if (r.txn) mdb_txn_abort(r.txn);
    mdb_env_close(seg.env);
    return rc;
}

int check_joint(const struct segment *newer, const struct record_base *end,
                const struct record_base *base, struct error *err)
{
    if (end->index == base->index && end->term == base->term &&
        digest_equal(&end->chain, &base->chain))
        return 0;
    if (end->index != base->index)
        return error_set(err, E_CORRUPT,
                         "%s: begins after entry %" PRIu64
                         ", but the segment before it ends with %" PRIu64,
                         newer->name, base->index, end->index);
    return error_set(err, E_CORRUPT, "%s: does not continue the chain of the segment before it",
                     newer->name);
}

struct probe_answer {
    int rc;
    struct check_result result;
    struct error err;
};

static void probe_child(struct store *s, probe_fn *fn, const void *ctx,
                        const struct check_result *in, int out)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXFSZ};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDERR_FILENO); /* LMDB's last words; the signal is reported instead */
    struct probe_answer a = {.result = *in};
    a.rc = fn(s, ctx, &a.result, &a.err);
    ssize_t n = write(out, &a, sizeof a);
    _exit(n == sizeof a ? 0 : 1);
}

static int probe_read(int fd, pid_t child, struct probe_answer *a, int *status)
{
    size_t have = 0;
    while (have < sizeof *a) {
        ssize_t n = read(fd, (char *)a + have, sizeof *a - have);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        have += (size_t)n;
    }
    while (waitpid(child, status, 0) < 0 && errno == EINTR) continue;
    return have == sizeof *a ? 0 : E_CORRUPT;
}

int probe(struct store *s, const char *name, probe_fn *fn, const void *ctx,
          struct check_result *out, struct error *err)
{
    int pipes[2], status = 0;
    if (s->no_fork) return fn(s, ctx, out, err);
    if (pipe2(pipes, O_CLOEXEC)) return error_set(err, E_IO, "cannot make a pipe");
    pid_t child = fork();
    if (child == 0) probe_child(s, fn, ctx, out, pipes[1]);
    close(pipes[1]);
    if (child < 0) {
        close(pipes[0]);
        return error_set(err, E_IO, "cannot start the process that checks %s", name);
    }
    struct probe_answer a = {0};
    int rc = probe_read(pipes[0], child, &a, &status);
    close(pipes[0]);
    if (rc && WIFSIGNALED(status))
        return error_set(err, E_CORRUPT, "%s: unreadable: LMDB stopped at signal %d", name,
                         WTERMSIG(status));
    if (rc) return error_set(err, E_CORRUPT, "%s: unreadable: LMDB gave up", name);
    *out = a.result;
    if (a.rc && err) *err = a.err;
    return a.rc;
}

int check_named(struct store *s, const void *ctx, struct check_result *out, struct error *err)
{
    const struct check_job *job = ctx;
    const struct segment *seg = job->segment;
    int rc = job->at_rest ? segment_pages_check(seg->path, seg->name, err) : 0;
    if (rc) return rc;
    rc = check_segment(job, true, out, err);
    if (rc == E_DENIED && store_is_stopped(s)) rc = check_segment(job, false, out, err);
    return rc;
}
