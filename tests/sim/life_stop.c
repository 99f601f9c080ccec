/* A master is told to stop. What it has submitted to its disk is written, then the process ends, as
 * in src/master/loop.c; or its quorum is closed first, as by whoever holds one (tests, tools), and
 * then every request of libraft must come back, but when there is no room. The disk is whole at
 * once, and holds all that the master had taken into its log. */
#include "medium.h"

#include "raft/internal.h"

enum { LEADER_WITHIN_US = 10 * US };

struct stop {
    struct sim_master *master;
    uint64_t away_us;
};

static void stop_closed(void *arg)
{
    *(bool *)arg = true;
}

/* True: everything was written. */
static bool stop_quorum(struct life *l)
{
    bool closed = false;
    life_last_words(l);
    quorum_close(l->core.quorum, stop_closed, &closed);
    bool all = disk_drain(&l->disk, true);
    if (all && !closed) sim_fail(l->m->sim, "%s: its quorum does not close", l->m->name);
    l->core.quorum = NULL;
    return all;
}

/* At least so many entries are there; none of them was cut by what came before. */
static void stop_check(struct sim_master *m, uint64_t last)
{
    const struct store_options options = {.dir = m->dir, .read_only = true, .no_fork = true};
    struct store *store;
    struct error err = {0};
    disk_check(m);
    if (m->tainted || m->flawed) return;
    int rc = store_open(&store, &options, &err);
    if (rc) sim_fail(m->sim, "%s has stopped, and its disk cannot be read: %s", m->name, err.text);
    uint64_t has = store_bounds(store).last_index;
    store_close(store);
    if (lie_now(m->sim, LIE_STOP_LOSES)) has = 0;
    if (has < last)
        sim_fail(m->sim, "%s had %llu entries when it was to stop, its disk has %llu", m->name,
                 (unsigned long long)last, (unsigned long long)has);
}

/* In an event of the master's own: it stops when it runs. */
static void stop_now(void *arg)
{
    struct stop *p = arg;
    struct sim_master *m = p->master;
    struct life *l = m->life;
    struct sim *s = m->sim;
    uint64_t away_us = p->away_us, last = view_last_index(l->core.quorum);
    mem_free(p);
    bool patient = l->disk.stuck_until <= s->now_us;
    sim_tell(s, "%s is told to stop", m->name);
    l->core.stopping = true;
    bool all = patient && (sim_chance(s, 500) ? stop_quorum(l) : disk_drain(&l->disk, false));
    bool torn = s->doomed == m; /* the process did not come to its end */
    s->counts.stops++;
    life_end(m, false);
    m->medium->fail_calls = 0; /* that was for the master to meet, not for who looks */
    if (all && !torn) stop_check(m, last);
    master_boot_later(m, away_us);
}

void master_stop(struct sim_master *m, uint64_t away_us)
{
    if (!m->life) return;
    struct stop *p = mem_new(struct stop);
    *p = (struct stop){m, away_us};
    sim_after(m->sim, m->life, 0, stop_now, p);
}

static unsigned stops_others(const struct sim *s, unsigned but)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->master_count; i++)
        n += i != but && s->masters[i].life && quorum_votes(s->masters[i].life->core.quorum);
    return n;
}

/* One after the other, as for an upgrade: the others go on, without a pause that matters. */
void stops_play(struct sim *s)
{
    sim_tell(s, "--- the masters are stopped and started, one after the other");
    for (unsigned i = 0; i < s->master_count; i++) {
        struct sim_master *m = &s->masters[i];
        if (!m->life || stops_others(s, i) <= s->master_count / 2) continue;
        master_stop(m, 2 * LEADER_WITHIN_US);
        sim_run(s, LEADER_WITHIN_US);
        if (m->life) sim_fail(s, "%s does not stop", m->name);
        if (!sim_leader(s) || lie_now(s, LIE_STOP_HALTS))
            sim_fail(s, "%s was stopped, and nobody leads", m->name);
        sim_run(s, 2 * LEADER_WITHIN_US);
    }
}
