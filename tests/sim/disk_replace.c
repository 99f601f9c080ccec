/* A master's disk is lost, or an older copy of it comes back. Whoever it happens to must be refused
 * by the others (src/raft/past.h), so it only happens while they run and remember. */
#include "medium.h"

#include "raft/internal.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { IMAGE_AGE_US = 2 * US, IMAGE_ENTRIES = 30 };

static bool disk_others_run(struct sim *s, const struct sim_master *m)
{
    for (unsigned i = 0; i < s->master_count; i++) {
        const struct sim_master *o = &s->masters[i];
        if (o == m || o->lost) continue;
        if (!o->life || o->life->paused_until > s->now_us) return false;
        for (unsigned k = 0; k < s->master_count; k++)
            if (k != i && (s->links[i][k].cut || s->links[k][i].cut)) return false;
    }
    return true;
}

static int disk_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void disk_remove(const char *dir)
{
    nftw(dir, disk_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void disk_copy_file(const char *from, const char *to)
{
    char bytes[16 * 1024];
    int in = disk_raw_open(from, O_RDONLY), out = disk_raw_open(to, O_WRONLY | O_CREAT | O_TRUNC);
    for (long n; (n = syscall(SYS_read, in, bytes, sizeof bytes)) > 0;)
        if (syscall(SYS_write, out, bytes, n) != n) abort();
    close(in);
    close(out);
}

static const char *copy_from, *copy_to;

static int disk_copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)ftw, (void)st;
    mem_auto char *to = mem_printf("%s%s", copy_to, path + strlen(copy_from));
    size_t n = strlen(path);
    if (type == FTW_D) mkdir(to, 0700);
    if (type == FTW_F && !(n > 5 && strcmp(path + n - 5, "-lock") == 0)) disk_copy_file(path, to);
    return 0;
}

static void disk_copy(const char *from, const char *to)
{
    disk_remove(to);
    copy_from = from;
    copy_to = to;
    nftw(from, disk_copy_one, 16, FTW_PHYS);
}

/* Everything on the disk is replaced while the process is down. */
static void disk_replace(struct sim *s, struct sim_master *m, const char *image)
{
    master_crash(m, image ? "its disk is replaced by an older copy" : "its disk is lost");
    medium_crash(m->medium, true);
    m->tainted = m->replaced = true;
    disk_remove(m->dir);
    if (image) disk_copy(image, m->dir);
    sim_tell(s, "%s: %s", m->name, image ? "an older copy is in its place" : "its disk is empty");
    master_boot_later(m, sim_between(s, 10 * MS, 300 * MS));
}

/* Has another master noted more of this one than the copy has? Who has not met it since, or was
 * told less, cannot know. */
static bool disk_is_found_out(struct sim *s, const struct sim_master *m)
{
    for (unsigned i = 0; i < s->master_count; i++) {
        const struct life *l = s->masters[i].life;
        if (!l || &s->masters[i] == m || !l->core.quorum) continue;
        const struct store_past *p = &l->core.quorum->past.noted;
        for (unsigned k = 0; k < p->count && !l->core.quorum->past.noting; k++)
            if (p->peers[k].id == m->position + 1 && p->peers[k].index > m->image_index)
                return true;
    }
    return false;
}

/* The first time a copy is taken; later, when much has been written since, it comes back. */
void disk_old_image(struct sim *s, struct sim_master *m)
{
    mem_auto char *image = mem_printf("%s/image-%s", s->root, m->name);
    if (!m->life || !m->life->store) return;
    uint64_t last = store_bounds(m->life->store).last_index;
    if (!m->image_us) {
        disk_copy(m->dir, image);
        m->image_us = s->now_us;
        m->image_index = last;
        sim_tell(s, "%s: a copy of its disk is kept (entry %llu)", m->name,
                 (unsigned long long)last);
    } else if (s->now_us - m->image_us > IMAGE_AGE_US && last > m->image_index + IMAGE_ENTRIES &&
               disk_others_run(s, m) && disk_is_found_out(s, m)) {
        disk_replace(s, m, image);
    }
}

void disk_wipe(struct sim *s, struct sim_master *m)
{
    if (disk_others_run(s, m)) disk_replace(s, m, NULL);
}
