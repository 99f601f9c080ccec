/* What goes wrong with disks. What every disk may do without losing anything (slow, stuck, full,
 * failing calls, unsynced writes gone, one copy of a pair rotten) happens to any master at any
 * time. What takes durable bytes away (rot, a wiped disk, an older copy of it) happens to a
 * minority of the masters at most (the atlas: `tainted`), so the others have everything, and the
 * right answer of the one it happened to is an error for a request or its refusal to serve. */
#include "medium.h"

#include "store/store.h"

#include <fcntl.h>
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

void disk_fault(struct sim *s, struct sim_master *m, enum fault fault, uint64_t us)
{
    bool takes = fault == FAULT_DISK_ROTS || fault == FAULT_DISK_WIPED || fault == FAULT_DISK_OLD ||
                 fault == FAULT_FADE;
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
    case FAULT_FADE:
        disk_fade(s, m);
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

bool disk_failed_since(const struct sim_master *m, uint64_t us)
{
    return m->medium->failed_us && m->medium->failed_us >= us;
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
