/* Rot of what is at rest: bits and pages of segments and keyframes, copies of what is written
 * twice. Old data may also fade as a whole, so that whoever looks at it must see it. */
#include "medium.h"

#include "store/files.h"
#include "store/inside.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void disk_flip(struct sim *s, struct sim_master *m, const char *path, uint64_t at)
{
    unsigned char byte = 0;
    int fd = disk_raw_open(path, O_RDWR);
    if (fd < 0) return;
    if (syscall(SYS_pread64, fd, &byte, 1, at) == 1) {
        byte ^= (unsigned char)(1u << sim_below(s, 8));
        scrub_rotted(m, path, false);
        if (syscall(SYS_pwrite64, fd, &byte, 1, at) == 1)
            sim_tell(s, "%s: a bit flips in %s at %llu", m->name, path + strlen(m->dir) + 1,
                     (unsigned long long)at);
    }
    close(fd);
}

/* Of what is written in two copies, one: only while the other is whole. */
void disk_rot_copy(struct sim *s, struct sim_master *m)
{
    bool slots = sim_chance(s, 500);
    mem_auto char *path = mem_printf("%s/%s", m->dir, slots ? "slots" : "past");
    unsigned char bytes[2 * SLOT_SIZE];
    unsigned copy = (unsigned)sim_below(s, 2);
    static_assert((int)SLOT_SIZE == (int)PAST_SIZE, "both are pairs of sectors");
    int fd = disk_raw_open(path, O_RDONLY);
    bool read = fd >= 0 && syscall(SYS_pread64, fd, bytes, sizeof bytes, 0) == sizeof bytes;
    if (fd >= 0) close(fd);
    struct slot_value value;
    const unsigned char *other = bytes + (size_t)(1 - copy) * SLOT_SIZE;
    if (read && (slots ? slot_decode(other, &value) == 0 : past_is_whole(other))) {
        m->flawed = true;
        disk_flip(s, m, path, copy * SLOT_SIZE + sim_below(s, SLOT_SIZE));
    }
}

/* A file of a directory, by chance; NULL: none. */
static char *disk_pick_file(struct sim *s, const char *dir, bool old_only)
{
    uint64_t *numbers = NULL;
    size_t n = 0;
    if (files_numbers(dir, ".mdb", &numbers, &n, NULL)) return NULL;
    if (old_only && n) n--;
    char *path =
        n ? mem_printf("%s/%020llu.mdb", dir, (unsigned long long)numbers[sim_below(s, n)]) : NULL;
    mem_free(numbers);
    return path;
}

/* What a running master has open was checked when it was opened: rot is met by the next opening. */
static bool disk_has_open(const struct sim_master *m, const char *path)
{
    const struct store *store = m->life ? m->life->store : NULL;
    for (size_t i = 0; store && i < store->count; i++)
        if (strcmp(store->segments[i]->path, path) == 0 && store->segments[i]->env) return true;
    return false;
}

static void disk_rot_page(struct sim *s, struct sim_master *m, const char *path, uint64_t size)
{
    char page[MEDIUM_PAGE];
    uint64_t at = sim_below(s, size / MEDIUM_PAGE) * MEDIUM_PAGE;
    for (size_t i = 0; i < sizeof page; i++) page[i] = (char)sim_random(s);
    scrub_rotted(m, path, false);
    int fd = disk_raw_open(path, O_RDWR);
    if (syscall(SYS_pwrite64, fd, page, sizeof page, at) == sizeof page)
        sim_tell(s, "%s: a page of %s at %llu is garbage", m->name, path + strlen(m->dir) + 1,
                 (unsigned long long)at);
    close(fd);
}

/* Both copies of what must not be lost: whoever finds them so stays away. */
static void disk_rot_pair(struct sim *s, struct sim_master *m)
{
    mem_auto char *path = mem_printf("%s/%s", m->dir, sim_chance(s, 500) ? "slots" : "past");
    disk_taint(m);
    if (sim_chance(s, 200)) {
        sim_tell(s, "%s: %s is lost", m->name, path + strlen(m->dir) + 1);
        syscall(SYS_unlinkat, AT_FDCWD, path, 0);
        return;
    }
    disk_flip(s, m, path, sim_below(s, 40));
    disk_flip(s, m, path, SLOT_SIZE + sim_below(s, 40));
}

void disk_rot(struct sim *s, struct sim_master *m)
{
    if (!m->life && sim_chance(s, 150)) {
        disk_rot_pair(s, m);
        return;
    }
    mem_auto char *log = mem_printf("%s/log", m->dir),
                  *keyframes = mem_printf("%s/keyframes", m->dir);
    bool in_log = sim_chance(s, 700);
    mem_auto char *path = disk_pick_file(s, in_log ? log : keyframes, in_log && m->life);
    struct stat st;
    if (!path || disk_has_open(m, path) || stat(path, &st) || st.st_size < 2 * MEDIUM_PAGE) return;
    disk_taint(m);
    uint64_t size = (uint64_t)st.st_size, pages = size / MEDIUM_PAGE;
    switch (sim_below(s, 5)) {
    case 0:
        disk_flip(s, m, path, sim_below(s, size));
        break;
    case 1: /* a page's head and table */
        disk_flip(s, m, path, sim_below(s, pages) * MEDIUM_PAGE + sim_below(s, 48));
        break;
    case 2: /* the two first pages */
        disk_flip(s, m, path, sim_below(s, 2) * MEDIUM_PAGE + sim_below(s, 168));
        break;
    case 3:
        if (disk_lose_segment(s, m)) break;
        __attribute__((fallthrough));
    default:
        disk_rot_page(s, m, path, size);
    }
}

/* Every page of an old segment or keyframe is scratched: their numbers, which say where they
 * belong, and the heads of the first two. */
void disk_fade(struct sim *s, struct sim_master *m)
{
    mem_auto char *log = mem_printf("%s/log", m->dir),
                  *keyframes = mem_printf("%s/keyframes", m->dir);
    bool in_log = sim_chance(s, 700);
    mem_auto char *path = disk_pick_file(s, in_log ? log : keyframes, true);
    if (!path || disk_has_open(m, path)) return;
    int fd = disk_raw_open(path, O_RDWR);
    long size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    disk_taint(m);
    scrub_rotted(m, path, true);
    for (long at = 0; at < size; at += MEDIUM_PAGE)
        if (syscall(SYS_pwrite64, fd, "scratch", 7, at) != 7) abort();
    if (fd >= 0) close(fd);
    sim_tell(s, "%s: %s fades", m->name, path + strlen(m->dir) + 1);
}
