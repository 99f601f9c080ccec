#include "node/agent.h"

#include "node/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The value of NAME=value or NAME: value in a text file. */
static void line_value(const char *file, const char *name, char *out, size_t n)
{
    struct buf buf_auto text = BUF_INIT;
    if (path_read(file, &text, NULL) < 0 || !text.len) return;
    struct str rest = {text.data, text.len}, line;
    while (rest.p && str_split(&rest, '\n', &line)) {
        if (!str_starts(line, name)) continue;
        size_t skip = strlen(name);
        line.p += skip, line.n -= skip;
        while (line.n && strchr("=: \"", line.p[0])) line.p++, line.n--;
        while (line.n && line.p[line.n - 1] == '"') line.n--;
        snprintf(out, n, "%.*s", (int)line.n, line.p);
        return;
    }
}

void agent_facts(struct agent *a)
{
    const struct node_options *o = &a->options;
    struct utsname u;
    if (uname(&u) == 0) {
        snprintf(a->kernel, sizeof a->kernel, "%s", u.release);
        const char *arch = !strcmp(u.machine, "x86_64")    ? "amd64"
                           : !strcmp(u.machine, "aarch64") ? "arm64"
                                                           : u.machine;
        snprintf(a->arch, sizeof a->arch, "%s", arch);
    }
    char memory[64] = "0";
    line_value("/proc/meminfo", "MemTotal", memory, sizeof memory);
    snprintf(a->memory, sizeof a->memory, "%lldKi", strtoll(memory, NULL, 10));
    struct statvfs disk = {0};
    if (statvfs(o->dir, &disk) != 0) memset(&disk, 0, sizeof disk);
    snprintf(a->storage, sizeof a->storage, "%lluKi",
             (unsigned long long)disk.f_blocks * disk.f_frsize / 1024);
    snprintf(a->cpu, sizeof a->cpu, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    line_value("/etc/os-release", "PRETTY_NAME", a->os_image, sizeof a->os_image);
    line_value("/etc/machine-id", "", a->machine_id, sizeof a->machine_id);
    a->facts = (struct node_facts){
        .name = o->name,
        .address = o->address ? o->address : "127.0.0.1",
        .cpu = o->cpu ? o->cpu : a->cpu,
        .memory = o->memory ? o->memory : a->memory,
        .storage = a->storage,
        .pods = o->pods ? o->pods : 110,
        .labels = o->labels,
        .boot_id = a->masters.boot,
        .machine_id = a->machine_id,
        .kernel = a->kernel,
        .os_image = a->os_image,
        .runtime = a->driver->runtime,
        .architecture = a->arch,
        .not_ready = a->driver->trouble,
        .ready_since_s = (int64_t)time(NULL),
    };
}
