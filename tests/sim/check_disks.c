/* At the end, when all processes have gone: what lies on each disk is whole, as `logship verify`
 * sees it. Not of disks that the seed damaged itself. */
#include "medium.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void disks_say(void *arg, bool bad, const char *line)
{
    struct sim_master *m = arg;
    if (bad) sim_tell(m->sim, "%s: %s", m->name, line);
}

static void disks_lie(struct sim_master *m)
{
    mem_auto char *path = mem_printf("%s/log/%020d.mdb", m->dir, 1);
    int fd = disk_raw_open(path, O_RDWR);
    if (syscall(SYS_pwrite64, fd, "scratch", 7, 0) != 7) abort();
    close(fd);
}

void disks_check(struct sim *s)
{
    for (unsigned i = 0; i < s->master_count; i++) {
        struct sim_master *m = &s->masters[i];
        const struct store_options options = {
            .dir = m->dir, .read_only = true, .check_only = true, .no_fork = true};
        struct store *store;
        struct error err = {0};
        if (m->tainted || m->flawed) continue;
        if (s->lie == LIE_DISK_DAMAGED) disks_lie(m);
        int rc = store_open(&store, &options, &err);
        if (!rc) {
            rc = store_verify(store, disks_say, m, &err);
            store_close(store);
        }
        if (rc) sim_fail(s, "the disk of %s is not whole at the end: %s", m->name, err.text);
    }
}
