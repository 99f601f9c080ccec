#include "node/exec.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXEC_TIMEOUT_MS = 60 * 1000, EXEC_OUT_MAX = 4 * 1024 * 1024, SYNC_FD = 3 };

extern char **environ;

struct exec_child {
    pid_t pid;
    int in, out, err; /* our ends, -1: closed */
    bool sync;        /* `out` is the sync pipe: done with its first line */
};

static uint64_t exec_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void exec_close(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static char **exec_environ(const struct exec_options *o)
{
    size_t n = 0, at = 0;
    while (environ[n]) n++;
    for (size_t i = 0; o->env && o->env[i]; i++) n++;
    char **all = mem_alloc((n + 2) * sizeof *all);
    for (size_t i = 0; environ[i]; i++) all[at++] = environ[i];
    for (size_t i = 0; o->env && o->env[i]; i++) all[at++] = (char *)o->env[i];
    if (o->sync_pipe) all[at++] = (char *)"_OCI_SYNCPIPE=3";
    all[at] = NULL;
    return all;
}

static int exec_spawn(struct exec_child *c, const char *const *argv, const struct exec_options *o)
{
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC) < 0) return errno;
    if (pipe2(out, O_CLOEXEC) < 0) return close(in[0]), close(in[1]), errno;
    if (pipe2(err, O_CLOEXEC) < 0) {
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        return errno;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    if (o->dir) posix_spawn_file_actions_addchdir_np(&actions, o->dir);
    if (o->sync_pipe) {
        /* What supervises a container lives on; it must not keep our pipes open. */
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], SYNC_FD);
    } else {
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    }
    posix_spawnattr_t attr;
    posix_spawnattr_init(&attr);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    mem_auto char **env = exec_environ(o);
    int rc = posix_spawnp(&c->pid, argv[0], &actions, &attr, (char *const *)argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    close(in[0]), close(out[1]), close(err[1]);
    c->in = in[1], c->out = out[0], c->err = err[0];
    c->sync = o->sync_pipe;
    if (rc) exec_close(&c->in), exec_close(&c->out), exec_close(&c->err);
    return rc;
}

static void exec_take(struct exec_child *c, int *fd, struct buf *to)
{
    char chunk[8192];
    ssize_t n = read(*fd, chunk, sizeof chunk);
    if (n <= 0) {
        if (n == 0 || errno != EINTR) exec_close(fd);
        return;
    }
    if (to->len < EXEC_OUT_MAX) buf_append(to, chunk, (size_t)n);
    if (c->sync && fd == &c->out && memchr(chunk, '\n', (size_t)n))
        exec_close(fd), exec_close(&c->err);
}

static void exec_give(struct exec_child *c, const struct exec_options *o, size_t *given)
{
    ssize_t n = write(c->in, o->input + *given, o->input_len - *given);
    if (n > 0) *given += (size_t)n;
    if ((n < 0 && errno != EINTR && errno != EAGAIN) || *given == o->input_len) exec_close(&c->in);
}

/* Feeds and drains the pipes until both outputs are closed; false when time ran out. */
static bool exec_talk(struct exec_child *c, const struct exec_options *o, struct buf *out,
                      struct buf *noise)
{
    uint64_t end = exec_now_ms() + (o->timeout_ms ? o->timeout_ms : EXEC_TIMEOUT_MS);
    size_t given = 0;
    if (o->input_len == 0) exec_close(&c->in);
    while (c->out >= 0 || c->err >= 0) {
        uint64_t now = exec_now_ms();
        if (now >= end) return false;
        struct pollfd fds[3] = {{c->in, POLLOUT, 0}, {c->out, POLLIN, 0}, {c->err, POLLIN, 0}};
        if (poll(fds, 3, (int)(end - now)) < 0 && errno != EINTR) return false;
        if (c->in >= 0 && fds[0].revents) exec_give(c, o, &given);
        if (c->out >= 0 && fds[1].revents) exec_take(c, &c->out, out);
        if (c->err >= 0 && fds[2].revents) exec_take(c, &c->err, noise);
    }
    return true;
}

static int exec_fail(const char *program, const char *what, int number, const struct buf *noise,
                     const struct buf *out, struct error *err)
{
    const struct buf *said = noise->len || !out ? noise : out;
    size_t n = said->len;
    while (n && said->data[n - 1] == '\n') n--;
    size_t from = n > 240 ? n - 240 : 0;
    return error_set(err, E_IO, "%s: %s %d%s%.*s", program, what, number, n ? ": " : "",
                     (int)(n - from), n ? said->data + from : "");
}

int exec_run(const char *const *argv, const struct exec_options *options, struct buf *out,
             struct error *err)
{
    static const struct exec_options none;
    const struct exec_options *o = options ? options : &none;
    struct buf buf_auto noise = BUF_INIT, own = BUF_INIT;
    struct exec_child c = {0};
    int rc = exec_spawn(&c, argv, o);
    if (rc) return error_set(err, E_IO, "%s: %s", argv[0], strerror(rc));
    bool in_time = exec_talk(&c, o, out ? out : &own, &noise);
    exec_close(&c.in), exec_close(&c.out), exec_close(&c.err);
    if (!in_time) kill(c.pid, SIGKILL);
    int status = 0;
    while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) return error_set(err, E_TIMEOUT, "%s did not end in time", argv[0]);
    if (WIFSIGNALED(status)) {
        return exec_fail(argv[0], "ended by signal", WTERMSIG(status), &noise, out, err);
    }
    if (WEXITSTATUS(status)) {
        return exec_fail(argv[0], "exit code", WEXITSTATUS(status), &noise, out ? out : &own, err);
    }
    return 0;
}
