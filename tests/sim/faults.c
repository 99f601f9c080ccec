/* What goes wrong, and when. Each seed draws which kinds of faults it has and how strong (swarm
 * testing): seeds with few kinds reach what seeds with all of them never do. */
#include "sim.h"

enum { HOUR_MS = 3600 * 1000 };

const char *const fault_names[] = {
#define X(name, text) text,
    FAULTS(X)
#undef X
};

/* Every fault has a number in its seed; false: this one is to be left out. */
bool fault_begins(struct sim *s, enum fault kind)
{
    uint64_t number = ++s->counts.faults;
    if (number < s->without_size && s->without[number]) return false;
    s->counts.by_kind[kind]++;
    sim_tell(s, "[fault %llu: %s]", (unsigned long long)number, fault_names[kind]);
    return true;
}

void fault_crash(struct sim_master *m, const char *why, uint64_t away_us)
{
    master_crash(m, why);
    master_boot_later(m, away_us);
}

struct heal {
    struct sim *sim;
    unsigned from, to;
};

static void fault_heal(void *arg)
{
    struct heal *h = arg;
    net_cut(h->sim, h->from, h->to, false);
    mem_free(h);
}

static void fault_cut(struct sim *s, unsigned from, unsigned to, uint64_t us)
{
    net_cut(s, from, to, true);
    struct heal *h = mem_new(struct heal);
    *h = (struct heal){s, from, to};
    sim_after(s, NULL, us, fault_heal, h);
}

static void fault_isolate(struct sim *s, unsigned who, uint64_t us)
{
    sim_tell(s, "m%u is cut off for %.3f s", who + 1, (double)us / US);
    for (unsigned i = 0; i < s->master_count; i++) {
        if (i == who) continue;
        fault_cut(s, who, i, us);
        fault_cut(s, i, who, us);
    }
}

static uint64_t fault_length(struct sim *s)
{
    if (s->harassed) return sim_between(s, 5 * MS, 1500 * MS);
    return sim_chance(s, 500) ? sim_between(s, 10 * MS, 2 * US) : sim_between(s, 1 * US, 20 * US);
}

static void fault_clock(struct sim *s, struct sim_master *m)
{
    if (sim_chance(s, 500) && sim_leader(s)) m = sim_leader(s);
    if (sim_chance(s, 500)) {
        int64_t ms = (int64_t)sim_below(s, 4 * HOUR_MS) - 2 * HOUR_MS;
        m->wall_offset_ms += ms;
        if (m->wall_offset_ms > s->wall_most_ms) s->wall_most_ms = m->wall_offset_ms;
        s->counts.wall_forward += ms > 0;
        s->counts.wall_back += ms < 0;
        sim_tell(s, "%s: its wall clock jumps by %.1f s", m->name, (double)ms / 1000);
    } else if (m->life) {
        m->life->clock_jump_us += sim_below(s, 5 * US);
        sim_tell(s, "%s: its clock jumps ahead", m->name);
    }
}

static enum fault fault_pick(struct sim *s)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < FAULT_COUNT; i++) sum += s->profile.weight[i];
    if (!sum) return FAULT_NONE;
    uint64_t at = sim_below(s, sum);
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (at < s->profile.weight[i]) return i;
        at -= s->profile.weight[i];
    }
    return FAULT_NONE;
}

static void fault_inject(struct sim *s, enum fault fault)
{
    struct sim_master *any = &s->masters[sim_below(s, s->master_count)], *leader = sim_leader(s);
    bool at_leader =
        fault == FAULT_CRASH_LEADER || fault == FAULT_PAUSE_LEADER || fault == FAULT_ISOLATE_LEADER;
    if (at_leader && leader) any = leader;
    unsigned other =
        (any->position + 1 + (unsigned)sim_below(s, s->master_count - 1)) % s->master_count;
    if (fault == FAULT_NONE || !fault_begins(s, fault)) return;
    switch (fault) {
    case FAULT_CRASH:
    case FAULT_CRASH_LEADER:
        fault_crash(any, "killed", fault_length(s));
        break;
    case FAULT_LOOP:
        fault_crash(any, "killed again", sim_between(s, 1 * MS, 300 * MS));
        break;
    case FAULT_STOP:
        if (leader && sim_chance(s, 500)) any = leader;
        master_stop(any, fault_length(s));
        break;
    case FAULT_CRASH_ALL:
        for (unsigned i = 0; i < s->master_count; i++)
            fault_crash(&s->masters[i], "all are killed", sim_between(s, 1 * MS, 5 * US));
        break;
    case FAULT_PAUSE:
    case FAULT_PAUSE_LEADER:
        if (any->life) life_pause(any->life, fault_length(s));
        break;
    case FAULT_ISOLATE:
    case FAULT_ISOLATE_LEADER:
        fault_isolate(s, any->position, fault_length(s));
        break;
    case FAULT_ONE_WAY:
        sim_tell(s, "nothing goes from %s to m%u for a while", any->name, other + 1);
        fault_cut(s, any->position, other, fault_length(s));
        break;
    case FAULT_BRIDGE: {
        uint64_t us = fault_length(s);
        sim_tell(s, "%s and m%u are cut from each other for %.3f s", any->name, other + 1,
                 (double)us / US);
        fault_cut(s, any->position, other, us);
        fault_cut(s, other, any->position, us);
        break;
    }
    case FAULT_BREAK:
        sim_tell(s, "the connection from %s to m%u breaks", any->name, other + 1);
        net_break(s, any->position, other);
        break;
    case FAULT_BLACK_HOLE:
        sim_tell(s, "m%u reads nothing from %s for a while", other + 1, any->name);
        net_hole(s, any->position, other, fault_length(s));
        break;
    case FAULT_JUNK:
        misuse_junk(any, &s->masters[other]);
        break;
    case FAULT_DISK_STUCK:
    case FAULT_DISK_FULL:
    case FAULT_DISK_CRASH:
    case FAULT_DISK_FAILS:
    case FAULT_DISK_SLOT:
    case FAULT_DISK_ROTS:
    case FAULT_DISK_WIPED:
    case FAULT_DISK_OLD:
    case FAULT_FADE:
        disk_fault(s, any, fault, fault_length(s));
        break;
    case FAULT_CLOCK:
        fault_clock(s, any);
        break;
    case FAULT_NODE:
        kubelet_disturb(s);
        break;
    default:
        break;
    }
}

static void fault_next(void *arg)
{
    struct sim *s = arg;
    if (s->calm) return;
    fault_inject(s, fault_pick(s));
    sim_after(s, NULL, sim_below(s, 2 * s->profile.fault_every_us), fault_next, s);
}

void faults_start(struct sim *s)
{
    sim_after(s, NULL, sim_below(s, 2 * s->profile.fault_every_us), fault_next, s);
}

void faults_stop(struct sim *s)
{
    sim_tell(s, "--- the faults are over");
    s->calm = true;
    disk_heal(s);
    uint64_t until = s->now_us;
    for (unsigned i = 0; i < s->master_count; i++)
        for (unsigned k = 0; k < s->master_count; k++) {
            s->links[i][k].cut = false;
            if (s->links[i][k].hole_until > until) until = s->links[i][k].hole_until;
        }
    for (unsigned i = 0; i < s->master_count; i++) {
        struct sim_master *m = &s->masters[i];
        if (!m->life) master_boot(m);
        if (!m->life) continue;
        if (m->life->paused_until > until) until = m->life->paused_until;
        if (m->life->disk.stuck_until > until) until = m->life->disk.stuck_until;
    }
    kubelets_heal(s);
    sim_run(s, until - s->now_us); /* what stands still goes on by itself */
}
