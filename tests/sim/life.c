/* A master's process while it runs: its clock, its turns, its ticks, the bulk thread, pauses. */
#include "sim.h"

uint64_t life_now_us(struct life *l)
{
    uint64_t age = l->m->sim->now_us - l->born_us;
    uint64_t drift = age / 1000000 * (uint64_t)(l->m->clock_ppm + 1000000) +
                     age % 1000000 * (uint64_t)(l->m->clock_ppm + 1000000) / 1000000;
    return l->clock_base_us + l->clock_jump_us + drift;
}

static uint64_t life_monotonic(struct host *h)
{
    return life_now_us(container_of(h, struct life, host)) / MS;
}

static int64_t life_wall(struct host *h)
{
    struct life *l = container_of(h, struct life, host);
    return SIM_WALL_MS + (int64_t)(l->m->sim->now_us / MS) + l->m->wall_offset_ms;
}

static void life_random(struct host *h, void *bytes, size_t n)
{
    struct life *l = container_of(h, struct life, host);
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)(sim_random(l->m->sim) >> 32);
}

/* The loop: what was posted is run, then the core has its turn. */
static void life_turn(void *arg)
{
    struct life *l = arg;
    l->turning = false;
    inbox_drain(&l->inbox);
    if (core_turn(&l->core)) life_wake(l);
}

void life_wake(struct life *l)
{
    if (l->turning || l->dead) return;
    l->turning = true;
    sim_after(l->m->sim, l, sim_between(l->m->sim, 1, 30), life_turn, l);
}

static void life_posted(void *arg)
{
    life_wake(arg);
}

static void life_edge_turn(void *arg)
{
    struct life *l = arg;
    l->edge_turning = false;
    inbox_drain(&l->home);
    front_turn(l);
}

static void life_edge_posted(void *arg)
{
    struct life *l = arg;
    if (l->edge_turning || l->dead) return;
    l->edge_turning = true;
    sim_after(l->m->sim, l, sim_between(l->m->sim, 1, 60), life_edge_turn, l);
}

static void life_tick(void *arg)
{
    struct life *l = arg;
    struct sim *s = l->m->sim;
    sim_after(s, l,
              (uint64_t)s->heartbeat_ms * MS * 1000000 / (uint64_t)(1000000 + l->m->clock_ppm),
              life_tick, l);
    core_tick(&l->core);
    life_wake(l);
}

struct bulk_run {
    struct life *life;
    struct bulk_job *job;
};

static void bulk_done(void *arg)
{
    struct bulk_run *b = arg;
    b->job->done(b->job, 0);
    life_wake(b->life);
    mem_free(b);
}

static void bulk_work(void *arg)
{
    struct bulk_run *b = arg;
    b->job->work(b->job);
    sim_after(b->life->m->sim, b->life, sim_between(b->life->m->sim, 10, 2 * MS), bulk_done, b);
}

static void life_bulk(struct bulk *bulk, struct bulk_job *job)
{
    struct bulk_run *b = mem_new(struct bulk_run);
    b->life = container_of(bulk, struct life, bulk);
    b->job = job;
    struct sim *s = b->life->m->sim;
    sim_after(s, b->life, s->calm ? 1 * MS : sim_between(s, 100, 500 * MS), bulk_work, b);
}

struct life *life_new(struct sim_master *m)
{
    struct life *l = mem_new(struct life);
    *l = (struct life){.m = m,
                       .number = ++m->lives,
                       .born_us = m->sim->now_us,
                       .clock_base_us = sim_between(m->sim, 1000, 1000000) * MS,
                       .host = {life_monotonic, life_wall, life_random},
                       .bulk = {life_bulk}};
    inbox_init(&l->inbox, life_posted, l);
    inbox_init(&l->home, life_edge_posted, l);
    return l;
}

void life_begins(struct life *l)
{
    struct sim *s = l->m->sim;
    sim_after(s, l, sim_between(s, 1, (uint64_t)s->heartbeat_ms * MS), life_tick, l);
}

void life_pause(struct life *l, uint64_t us)
{
    uint64_t until = l->m->sim->now_us + us;
    if (until <= l->paused_until) return; /* else what waits for the longer one would come late */
    sim_tell(l->m->sim, "%s is stopped for %.3f s", l->m->name, (double)us / US);
    l->paused_until = until;
}

struct sim_master *sim_leader(struct sim *s)
{
    struct sim_master *best = NULL;
    uint64_t term = 0;
    for (unsigned i = 0; i < s->master_count; i++) {
        struct life *l = s->masters[i].life;
        if (!l || l->dead) continue;
        struct quorum_status q = quorum_status(l->core.quorum);
        if (!q.leads || q.term < term) continue;
        best = &s->masters[i];
        term = q.term;
    }
    return best;
}
