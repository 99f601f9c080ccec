/* A master's process: boot, turns, pauses, crash. */
#include "sim.h"

#include "base/trace.h"

#include <fcntl.h>
#include <unistd.h>

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
    return 1700000000000 + (int64_t)(l->m->sim->now_us / MS) + l->m->wall_offset_ms;
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

static int life_open(struct life *l, struct error *err)
{
    struct sim_master *m = l->m;
    struct sim *s = m->sim;
    struct store_options store = {.dir = m->dir,
                                  .create = true,
                                  .no_sync = true,
                                  .segment_bytes = 256 * 1024,
                                  .second_votes = s->guards_off & 1u << 4};
    int rc = store_open(&l->store, &store, err);
    if (rc) return rc;
    disk_init(&l->disk, l);
    net_init(l);
    struct core_options core = {.name = m->name,
                                .cluster = "11111111-2222-4333-8444-555555555555",
                                .id = m->position + 1,
                                .servers = s->servers,
                                .server_count = s->master_count,
                                .node_addresses = s->node_addresses,
                                .host = &l->host,
                                .inbox = &l->inbox,
                                .disk = &l->disk.disk,
                                .net = &l->net,
                                .bulk = &l->bulk,
                                .heartbeat_ms = s->heartbeat_ms,
                                .election_ms = s->election_ms,
                                .keyframe_entries = s->keyframe_entries,
                                .trailing_entries = s->trailing_entries,
                                .piece_bytes = s->piece_bytes,
                                .window_bytes = s->window_bytes,
                                .guards_off = s->guards_off};
    rc = core_open(&l->core, &core, err);
    if (rc) return rc;
    truth_observe(l);
    return core_start(&l->core, err);
}

void master_boot(struct sim_master *m)
{
    struct sim *s = m->sim;
    if (m->life || m->lost) return;
    struct life *l = mem_new(struct life);
    *l = (struct life){.m = m,
                       .number = ++m->lives,
                       .born_us = s->now_us,
                       .clock_base_us = sim_between(s, 1000, 1000000) * MS,
                       .host = {life_monotonic, life_wall, life_random},
                       .bulk = {life_bulk}};
    inbox_init(&l->inbox, life_posted, l);
    inbox_init(&l->home, life_edge_posted, l);
    sim_tell(s, "%s starts (life %llu)", m->name, (unsigned long long)m->lives);
    m->life = l;
    struct error err = {0};
    if (life_open(l, &err)) sim_fail(s, "%s cannot start: %s", m->name, err.text);
    sim_after(s, l, sim_between(s, 1, (uint64_t)s->heartbeat_ms * MS), life_tick, l);
    kubelet_edge_init(l);
    watch_init(l);
    front_open(l);
    net_life_begins(m);
    life_wake(l);
}

static void life_count_marks(struct sim *s, struct life *l)
{
    const char *const *names;
    const uint64_t *counts;
    unsigned n = quorum_marks(l->core.quorum, &names, &counts);
    for (unsigned i = 0; i < n && i < SIM_MARKS_MAX; i++) s->marks[i] += counts[i];
}

/* One copy of term and vote is torn, as by a crash while it was being written. */
static void disk_tear_slot(struct sim_master *m)
{
    struct sim *s = m->sim;
    mem_auto char *path = mem_printf("%s/slots", m->dir);
    int fd = open(path, O_WRONLY);
    if (fd < 0) return;
    char junk[200];
    for (size_t i = 0; i < sizeof junk; i++) junk[i] = (char)sim_random(s);
    off_t at = sim_chance(s, 500) ? 0 : 512;
    if (pwrite(fd, junk, sizeof junk, at) > 0)
        sim_tell(s, "%s: its slot %d is torn", m->name, at ? 2 : 1);
    close(fd);
}

/* kill -9, or the power: what is not written is not there, what was in flight is for nobody. */
void master_crash(struct sim_master *m, const char *why)
{
    struct sim *s = m->sim;
    struct life *l = m->life;
    if (!l) return;
    sim_tell(s, "%s crashes: %s", m->name, why);
    s->counts.crashes++;
    life_count_marks(s, l);
    rules_life_ends(l);
    l->dead = true;
    m->life = NULL;
    clients_lost(s, l);
    front_lost(l);
    kubelets_lost(s, l);
    net_life_ends(m);
    store_close(l->store);
    if (sim_chance(s, 100)) disk_tear_slot(m);
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
