/* At the end, when all processes have gone: what lies on each disk is whole, as `logship verify`
 * sees it. Not of disks that the seed damaged itself. */
#include "medium.h"

#include "store/files.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct look {
    struct sim_master *m;
    char newest[48]; /* segment: it is left to those who write it */
    bool scrubbed;
};

static void disk_says(void *arg, bool bad, const char *line)
{
    const struct look *l = arg;
    struct sim_master *m = l->m;
    if (!bad) return;
    sim_tell(m->sim, "%s: %s", m->name, line);
    if (l->scrubbed && !strstr(line, l->newest) && !scrub_told(m, line))
        sim_fail(m->sim, "%s did not tell of damage to old data: %s", m->name, line);
}

static void disk_find_newest(struct look *l)
{
    uint64_t *firsts = NULL;
    size_t n = 0;
    mem_auto char *log = mem_printf("%s/log", l->m->dir);
    if (files_numbers(log, ".mdb", &firsts, &n, NULL)) return;
    snprintf(l->newest, sizeof l->newest, "log/%020llu.mdb",
             (unsigned long long)(n ? firsts[n - 1] : 0));
    mem_free(firsts);
}

static void disks_lie(struct sim_master *m)
{
    mem_auto char *path = mem_printf("%s/log/%020d.mdb", m->dir, 1);
    int fd = disk_raw_open(path, O_RDWR);
    if (syscall(SYS_pwrite64, fd, "scratch", 7, 0) != 7) abort();
    close(fd);
}

static void disk_look(struct sim_master *m, bool scrubbed)
{
    const struct store_options options = {
        .dir = m->dir, .read_only = true, .check_only = true, .no_fork = true};
    struct look look = {.m = m, .scrubbed = scrubbed};
    struct store *store;
    struct error err = {0};
    disk_find_newest(&look);
    int rc = store_open(&store, &options, &err);
    if (!rc) {
        rc = store_verify(store, disk_says, &look, &err);
        store_close(store);
    }
    if (rc && !m->tainted && !m->flawed)
        sim_fail(m->sim, "the disk of %s is not whole at the end: %s", m->name, err.text);
}

void disk_check(struct sim_master *m)
{
    if (lie_now(m->sim, LIE_STOP_TEARS)) disks_lie(m);
    if (!m->tainted && !m->flawed) disk_look(m, false);
}

void disks_check(struct sim *s)
{
    for (unsigned i = 0; i < s->master_count; i++) {
        struct sim_master *m = &s->masters[i];
        bool scrubbed = s->scrub_bytes_s && m->scrub_calm && !m->lost && !m->replaced;
        if (s->lie == LIE_DISK_DAMAGED && !m->tainted) disks_lie(m);
        if (scrubbed || (!m->tainted && !m->flawed)) disk_look(m, scrubbed);
    }
}
