/* What goes wrong, and when. Each seed draws which kinds of faults it has and how strong (swarm
 * testing): seeds with few kinds reach what seeds with all of them never do. */
#include "sim.h"

enum fault {
    FAULT_CRASH,
    FAULT_CRASH_LEADER,
    FAULT_CRASH_ALL,
    FAULT_PAUSE,
    FAULT_PAUSE_LEADER,
    FAULT_ISOLATE,
    FAULT_ISOLATE_LEADER,
    FAULT_ONE_WAY,
    FAULT_BRIDGE,
    FAULT_BREAK,
    FAULT_DISK_STUCK,
    FAULT_DISK_FULL,
    FAULT_DISK_CRASH_INSIDE,
    FAULT_DISK_FAILS,
    FAULT_DISK_SLOT,
    FAULT_DISK_ROTS,
    FAULT_DISK_WIPED,
    FAULT_DISK_OLD_IMAGE,
    FAULT_CLOCK,
    FAULT_NODE,
    FAULT_LOOP,
    FAULT_COUNT
};

void profile_draw(struct sim *s)
{
    struct profile *p = &s->profile;
    bool lossy = sim_chance(s, 300);
    *p = (struct profile){
        .loss = lossy ? (unsigned)sim_below(s, 300) : 0,
        .repeat = sim_chance(s, 250) ? (unsigned)sim_below(s, 500) : 0,
        .delay_min = sim_between(s, 20, 500),
        .reorder = sim_chance(s, 250),
        .disk_min = sim_between(s, 50, 1 * MS),
        .fault_every_us = sim_between(s, 300 * MS, 8 * US),
        .duration_us = sim_between(s, 20 * US, 120 * US),
        .drift_ppm = sim_chance(s, 300) ? 50000 : 100,
        .think_us = sim_between(s, 2 * MS, 100 * MS),
    };
    p->delay_max = p->delay_min + sim_between(s, 100, sim_chance(s, 200) ? 3 * US : 5 * MS);
    p->disk_max = p->disk_min + sim_between(s, 100, sim_chance(s, 200) ? 500 * MS : 10 * MS);
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        p->weight[i] = sim_chance(s, 400) ? (unsigned)sim_between(s, 1, 10) : 0;
    s->keyframe_entries = sim_chance(s, 250) ? sim_between(s, 5, 100) : sim_between(s, 100, 3000);
    s->trailing_entries = sim_between(s, 2, 200);
    s->heartbeat_ms = 100;
    s->election_ms = 1000;
    s->master_count = sim_chance(s, 150) ? 5 : 3;
    s->node_count = (unsigned)sim_between(s, 2, 20);
    s->client_count = (unsigned)sim_between(s, 2, 8);
    s->key_count = (unsigned)sim_between(s, 1, 8);
    s->set_count = (unsigned)sim_between(s, 1, 3);
}

/* A profile for the guards around libraft: short, few pods, and leaders that hardly live long
 * enough to finish an entry, on disks that are slow against the network. */
void profile_harass(struct sim *s)
{
    struct profile *p = &s->profile;
    p->fault_every_us = sim_between(s, 50 * MS, 900 * MS);
    p->duration_us = sim_between(s, 10 * US, 25 * US);
    p->disk_min = sim_between(s, 1 * MS, 20 * MS);
    p->disk_max = p->disk_min + sim_between(s, 1 * MS, 400 * MS);
    p->delay_max = p->delay_min + sim_between(s, 1 * MS, 300 * MS);
    p->drift_ppm = 100;
    static const enum fault kinds[] = {
        FAULT_CRASH,   FAULT_CRASH_LEADER, FAULT_LOOP,  FAULT_ISOLATE_LEADER, FAULT_ISOLATE,
        FAULT_ONE_WAY, FAULT_BRIDGE,       FAULT_BREAK, FAULT_PAUSE_LEADER,   FAULT_DISK_STUCK};
    memset(p->weight, 0, sizeof p->weight);
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        p->weight[kinds[i]] = sim_chance(s, 500) ? (unsigned)sim_between(s, 1, 10) : 0;
    s->election_ms = (unsigned)sim_between(s, 200, 600);
    s->heartbeat_ms = s->election_ms / 5;
    s->master_count = 3 + 2 * sim_chance(s, 300);
    s->node_count = 2;
    s->client_count = (unsigned)sim_between(s, 2, 5);
    s->set_count = 1;
    s->harassed = true;
}

static void fault_crash(struct sim_master *m, const char *why, uint64_t away_us)
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
    if (sim_chance(s, 500)) {
        m->wall_offset_ms += (int64_t)sim_below(s, 7200000) - 3600000;
        sim_tell(s, "%s: its wall clock jumps", m->name);
    } else if (m->life) {
        m->life->clock_jump_us += sim_below(s, 5 * US);
        sim_tell(s, "%s: its clock jumps ahead", m->name);
    }
}

static unsigned fault_pick(struct sim *s)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < FAULT_COUNT; i++) sum += s->profile.weight[i];
    if (!sum) return FAULT_COUNT;
    uint64_t at = sim_below(s, sum);
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (at < s->profile.weight[i]) return i;
        at -= s->profile.weight[i];
    }
    return FAULT_COUNT;
}

static void fault_inject(struct sim *s, unsigned fault)
{
    struct sim_master *any = &s->masters[sim_below(s, s->master_count)], *leader = sim_leader(s);
    bool at_leader =
        fault == FAULT_CRASH_LEADER || fault == FAULT_PAUSE_LEADER || fault == FAULT_ISOLATE_LEADER;
    if (at_leader && leader) any = leader;
    unsigned other =
        (any->position + 1 + (unsigned)sim_below(s, s->master_count - 1)) % s->master_count;
    s->counts.faults++;
    switch (fault) {
    case FAULT_CRASH:
    case FAULT_CRASH_LEADER:
        fault_crash(any, "killed", fault_length(s));
        break;
    case FAULT_LOOP:
        fault_crash(any, "killed again", sim_between(s, 1 * MS, 300 * MS));
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
    case FAULT_DISK_STUCK:
    case FAULT_DISK_FULL:
    case FAULT_DISK_CRASH_INSIDE:
    case FAULT_DISK_FAILS:
    case FAULT_DISK_SLOT:
    case FAULT_DISK_ROTS:
    case FAULT_DISK_WIPED:
    case FAULT_DISK_OLD_IMAGE:
        disk_fault(s, any, (enum disk_fault)(fault - FAULT_DISK_STUCK), fault_length(s));
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
        for (unsigned k = 0; k < s->master_count; k++) s->links[i][k].cut = false;
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
