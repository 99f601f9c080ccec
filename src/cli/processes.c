#include "cli/processes.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Dead, but nobody has asked for its end yet; in a container whose first process never does that,
 * it stays so. */
static bool process_is_zombie(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    buf_auto struct buf line = BUF_INIT;
    if (file_read(path, &line, NULL)) return false;
    const char *name_end = line.len ? memrchr(line.data, ')', line.len) : NULL;
    return name_end && line.data + line.len - name_end > 2 && name_end[2] == 'Z';
}

bool process_alive(pid_t pid)
{
    waitpid(pid, NULL, WNOHANG); /* ours: a dead one must not linger as a zombie */
    return pid > 0 && kill(pid, 0) == 0 && !process_is_zombie(pid);
}

/* What it was started with. While a program is put in its place (exec), which takes some
 * milliseconds, a process has no command line. */
static void process_command(pid_t pid, struct buf *line)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    for (int waited_ms = 0; waited_ms < 1000 && process_alive(pid); waited_ms++) {
        if (file_read(path, line, NULL) || line->len) return;
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

/* A pid may have been given to another program since: ours name their directory on the command
 * line. */
static bool process_is_ours(const struct cluster_dir *d, pid_t pid)
{
    buf_auto struct buf line = BUF_INIT;
    process_command(pid, &line);
    return line.len && memmem(line.data, line.len, d->path, strlen(d->path)) && process_alive(pid);
}

void processes_add(struct processes *p, const char *name, pid_t pid)
{
    p->items = mem_resize(p->items, (p->count + 1) * sizeof *p->items);
    struct process *item = &p->items[p->count++];
    snprintf(item->name, sizeof item->name, "%s", name);
    item->pid = pid;
}

void processes_read(const struct cluster_dir *d, struct processes *out)
{
    *out = (struct processes){0};
    buf_auto struct buf text = BUF_INIT;
    mem_auto char *path = cluster_file(d, "pids");
    if (file_read(path, &text, NULL)) return;
    struct str rest = {text.data, text.len}, line;
    while (str_split(&rest, '\n', &line)) {
        struct str name;
        uint64_t pid;
        if (!str_split(&line, ' ', &name) || !str_to_u64(line, &pid)) continue;
        mem_auto char *z = mem_strndup(name.p, name.n);
        if (process_is_ours(d, (pid_t)pid)) processes_add(out, z, (pid_t)pid);
    }
}

int processes_write(const struct cluster_dir *d, const struct processes *p, struct error *err)
{
    buf_auto struct buf text = BUF_INIT;
    for (size_t i = 0; i < p->count; i++)
        buf_printf(&text, "%s %d\n", p->items[i].name, (int)p->items[i].pid);
    mem_auto char *path = cluster_file(d, "pids");
    return file_write(path, text.data ? text.data : "", text.len, 0644, err);
}

pid_t processes_find(const struct processes *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].name, name) == 0) return p->items[i].pid;
    return 0;
}

void processes_free(struct processes *p)
{
    mem_free(p->items);
    *p = (struct processes){0};
}

pid_t process_start(const struct cluster_dir *d, const char *name, const char *const *argv,
                    struct error *err)
{
    mem_auto char *log = cluster_file(d, "logs/%s.log", name);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (out < 0) return error_set(err, E_IO, "%s: %s", log, strerror(errno));
    size_t n = 0;
    while (argv[n]) n++;
    const char **full = mem_alloc((n + 2) * sizeof *full);
    full[0] = "logship";
    memcpy(full + 1, argv, (n + 1) * sizeof *full);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (chdir(d->path) != 0) _exit(126);
        int null = open("/dev/null", O_RDONLY);
        dup2(null, 0);
        dup2(out, 1);
        dup2(out, 2);
        execv("/proc/self/exe", (char *const *)full);
        _exit(127);
    }
    close(out);
    mem_free(full);
    return pid < 0 ? error_set(err, E_IO, "cannot start %s: %s", name, strerror(errno)) : pid;
}
