/* What goes wrong with disks. What every disk may do without losing anything (slow, stuck, full,
 * failing calls, unsynced writes gone, one copy of a pair rotten) happens to any master at any
 * time. What takes durable bytes away (rot, a wiped disk, an older copy of it) happens to a
 * minority of the masters at most (the atlas: `tainted`), so the others have everything, and the
 * right answer of the one it happened to is an error for a request or its refusal to serve. */
#include "medium.h"

#include "store/files.h"
#include "store/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EXCUSE_US = 10 * US, READ_RECORDS = 300 };

/* Past the medium: what lies on the platter changes, nobody writes. */
int disk_raw_open(const char *path, int flags)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

bool disk_may_taint(struct sim *s, const struct sim_master *m)
{
    unsigned tainted = 0;
    for (unsigned i = 0; i < s->master_count; i++) tainted += s->masters[i].tainted;
    return m->tainted || tainted < (s->master_count - 1) / 2;
}

void disk_taint(struct sim_master *m)
{
    m->tainted = m->scarred = true;
}

static void disk_has_room(void *arg)
{
    struct sim_master *m = arg;
    if (m->medium->room > MEDIUM_ROOM / 2) return;
    m->medium->room = MEDIUM_ROOM;
    sim_tell(m->sim, "%s has room on its disk again", m->name);
}

static void disk_fill(struct sim *s, struct sim_master *m, uint64_t us)
{
    bool low = sim_chance(s, 300); /* only so little that creates are refused */
    m->medium->room = low ? sim_between(s, 8 << 20, 60 << 20) : sim_below(s, 200 << 10);
    sim_tell(s, "%s: its disk is full but for %llu bytes, for %.3f s", m->name,
             (unsigned long long)m->medium->room, (double)us / US);
    sim_after(s, NULL, us, disk_has_room, m);
}

static void disk_flip(struct sim *s, struct sim_master *m, const char *path, uint64_t at)
{
    unsigned char byte = 0;
    int fd = disk_raw_open(path, O_RDWR);
    if (fd < 0) return;
    if (syscall(SYS_pread64, fd, &byte, 1, at) == 1) {
        byte ^= (unsigned char)(1u << sim_below(s, 8));
        if (syscall(SYS_pwrite64, fd, &byte, 1, at) == 1)
            sim_tell(s, "%s: a bit flips in %s at %llu", m->name, path + strlen(m->dir) + 1,
                     (unsigned long long)at);
    }
    close(fd);
}

/* Of what is written in two copies, one: only while the other is whole. */
static void disk_rot_copy(struct sim *s, struct sim_master *m)
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

static void disk_rot(struct sim *s, struct sim_master *m)
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

void disk_fault(struct sim *s, struct sim_master *m, enum fault fault, uint64_t us)
{
    bool takes = fault == FAULT_DISK_ROTS || fault == FAULT_DISK_WIPED || fault == FAULT_DISK_OLD;
    if (m->lost || (takes && (!disk_may_taint(s, m) || m->replaced))) return;
    switch (fault) {
    case FAULT_DISK_STUCK:
        if (!m->life) break;
        sim_tell(s, "%s: its disk is stuck for %.3f s", m->name, (double)us / US);
        m->life->disk.stuck_until = s->now_us + us;
        break;
    case FAULT_DISK_FULL:
        disk_fill(s, m, us);
        break;
    case FAULT_DISK_CRASH:
        if (m->life) medium_freeze(m->medium, sim_below(s, 25));
        break;
    case FAULT_DISK_FAILS:
        medium_fail(m->medium, (unsigned)sim_between(s, 1, 7), sim_below(s, 40),
                    (unsigned)sim_between(s, 1, 3));
        break;
    case FAULT_DISK_SLOT:
        disk_rot_copy(s, m);
        break;
    case FAULT_DISK_ROTS:
        disk_rot(s, m);
        break;
    case FAULT_DISK_WIPED:
        disk_wipe(s, m);
        break;
    case FAULT_DISK_OLD:
        disk_old_image(s, m);
        break;
    default:
        break;
    }
}

bool disk_excuses(const struct sim_master *m)
{
    const struct medium *md = m->medium;
    return m->tainted || (md->failed_us && m->sim->now_us - md->failed_us < EXCUSE_US);
}

bool disk_ends(struct sim *s, const char *why)
{
    const struct life *l = s->running;
    if (!l || !disk_excuses(l->m)) return false;
    sim_tell(s, "%s ends itself: %s", l->m->name, why);
    return true;
}

/* History is read on every master: an error may meet a reader, and nothing worse. */
static void disk_read(struct sim *s, struct sim_master *m)
{
    struct store *store = m->life->store;
    struct log_bounds b = store_bounds(store);
    struct store_cursor *c;
    struct record r;
    struct error err = {0};
    if (b.last_index < b.first_index) return;
    uint64_t from = sim_between(s, b.first_index, b.last_index);
    s->running = m->life;
    int rc = store_cursor_open(store, from, &c, &err);
    if (!rc) {
        for (unsigned n = 0; !rc && n < READ_RECORDS; n++) rc = store_cursor_next(c, &r, &err);
        store_cursor_close(c);
    }
    if (rc && rc != E_NOTFOUND && rc != E_GONE) {
        sim_tell(s, "%s: history cannot be read: %s", m->name, err.text);
        if (!disk_excuses(m)) sim_fail(s, "%s: history cannot be read: %s", m->name, err.text);
    }
}

static void disk_reader(void *arg)
{
    struct sim *s = arg;
    struct sim_master *m = &s->masters[sim_below(s, s->master_count)];
    sim_after(s, NULL, sim_between(s, 100 * MS, 3 * US), disk_reader, s);
    if (m->life && m->life->paused_until <= s->now_us) disk_read(s, m);
}

void disk_readers_start(struct sim *s)
{
    sim_after(s, NULL, sim_below(s, 3 * US), disk_reader, s);
}

void disk_heal(struct sim *s)
{
    for (unsigned i = 0; i < s->master_count; i++) {
        medium_heal(s->masters[i].medium);
        s->masters[i].medium->freeze_in = 0;
    }
}
