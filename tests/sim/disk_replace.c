/* A master's disk is lost, or a part of it, or an older copy of it comes back. Whoever it happens
 * to must be refused by the others (src/raft/past.h), so it only happens while they run and
 * remember. */
#include "medium.h"

#include "raft/internal.h"
#include "store/files.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { IMAGE_AGE_US = 2 * US, IMAGE_ENTRIES = 30, NEWEST = 8 /* segments that a start looks at */ };

/* The newest segment is gone with its directory entry: only where what is known to be committed
 * was in it, else nobody could tell. */
bool disk_lose_segment(struct sim *s, struct sim_master *m)
{
    mem_auto char *log = mem_printf("%s/log", m->dir),
                  *committed = mem_printf("%s/committed", m->dir);
    uint64_t *firsts = NULL, hint = 0;
    size_t n = 0;
    if (m->life || files_numbers(log, ".mdb", &firsts, &n, NULL)) return false;
    uint64_t first = n > 1 ? firsts[n - 1] : UINT64_MAX;
    mem_free(firsts);
    int fd = disk_raw_open(committed, O_RDONLY);
    bool known = fd >= 0 && syscall(SYS_pread64, fd, &hint, sizeof hint, 0) == sizeof hint;
    if (fd >= 0) close(fd);
    if (!known || hint < first) return false;
    mem_auto char *path = mem_printf("%s/%020llu.mdb", log, (unsigned long long)first);
    sim_tell(s, "%s: %s is lost", m->name, path + strlen(m->dir) + 1);
    return syscall(SYS_unlinkat, AT_FDCWD, path, 0) == 0;
}

/* The pages of all but the newest segments are scratched: their numbers, which LMDB does not look
 * at, and whoever walks them does. The master starts, and has no history. */
void disk_scratch(struct sim *s, struct sim_master *m)
{
    mem_auto char *log = mem_printf("%s/log", m->dir);
    uint64_t *firsts = NULL;
    size_t n = 0;
    files_numbers(log, ".mdb", &firsts, &n, NULL);
    if (n <= NEWEST || !disk_may_taint(s, m)) {
        mem_free(firsts);
        return;
    }
    master_crash(m, "killed");
    disk_taint(m);
    for (size_t i = 0; i + NEWEST < n; i++) {
        mem_auto char *path = mem_printf("%s/%020llu.mdb", log, (unsigned long long)firsts[i]);
        int fd = disk_raw_open(path, O_RDWR);
        long size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
        for (long at = 2 * MEDIUM_PAGE; at < size; at += MEDIUM_PAGE)
            if (syscall(SYS_pwrite64, fd, "scratch", 7, at) != 7) abort();
        if (fd >= 0) close(fd);
    }
    mem_free(firsts);
    sim_tell(s, "%s: %zu segments of its log are scratched", m->name, n - NEWEST);
    master_boot(m);
}

void disk_fade_keyframes(struct sim *s, struct sim_master *m)
{
    mem_auto char *dir = mem_printf("%s/keyframes", m->dir);
    uint64_t *numbers = NULL;
    size_t n = 0;
    if (m->life || !disk_may_taint(s, m) || files_numbers(dir, ".mdb", &numbers, &n, NULL)) return;
    for (size_t i = 0; i + 1 < n; i++) {
        mem_auto char *path = mem_printf("%s/%020llu.mdb", dir, (unsigned long long)numbers[i]);
        int fd = disk_raw_open(path, O_RDWR);
        if (fd >= 0 && syscall(SYS_pwrite64, fd, "scratch", 7, 0) != 7) abort();
        if (fd >= 0) close(fd);
        disk_taint(m);
    }
    mem_free(numbers);
    sim_tell(s, "%s: all its keyframes but the newest are scratched", m->name);
}

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
            if (p->peers[k].id == m->id && p->peers[k].index > m->image_index) return true;
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

void disk_renew(struct sim_master *m)
{
    medium_crash(m->medium, true);
    disk_remove(m->dir);
}

/* Whoever has not met a new master cannot know that it had anything. */
static bool disk_others_know(struct sim *s, const struct sim_master *m)
{
    for (unsigned i = 0; i < s->master_count; i++) {
        const struct life *l = s->masters[i].life;
        bool knows = !l || &s->masters[i] == m;
        const struct store_past *p = knows ? NULL : &l->core.quorum->past.noted;
        for (unsigned k = 0; p && k < p->count; k++)
            knows |= p->peers[k].id == m->id && p->peers[k].boot > 0;
        if (!knows) return false;
    }
    return true;
}

void disk_wipe(struct sim *s, struct sim_master *m)
{
    if (disk_others_run(s, m) && disk_others_know(s, m)) disk_replace(s, m, NULL);
}
