/* How masters live: they hear, tick, start, and die as by kill -9. One leader a term is checked
 * after each event. */
#ifndef LOGSHIP_TESTS_RAFT_LIFE_H
#define LOGSHIP_TESTS_RAFT_LIFE_H

#include "machine.h"

static inline void cluster_check_leader(struct cluster *c, struct master *m)
{
    if (!m->q || m->q->raft.state != RAFT_LEADER) return;
    uint64_t term = m->q->raft.current_term;
    assert_true(term < TERMS_MAX);
    if (c->leader_of[term] && c->leader_of[term] != m->position + 1)
        fail_msg("term %llu has two leaders", (unsigned long long)term);
    c->leader_of[term] = m->position + 1;
}

static inline void cluster_deliver(void *arg, unsigned from, unsigned to, const void *bytes,
                                   size_t n)
{
    struct cluster *c = arg;
    struct master *m = &c->masters[to];
    if (!m->q || m->paused) return;
    quorum_deliver(m->q, from + 1, bytes, n);
    cluster_check_leader(c, m);
}

struct ticker {
    struct fake_event event;
    struct master *m;
    uint64_t life;
};

static inline void master_tick(struct fake_event *e)
{
    struct ticker *t = container_of(e, struct ticker, event);
    struct master *m = t->m;
    if (!m->q || m->ticks_life != t->life) {
        mem_free(t);
        return;
    }
    fake_schedule(&m->cluster->world, e, m->cluster->options.heartbeat_ms);
    if (m->paused) return;
    quorum_tick(m->q);
    cluster_check_leader(m->cluster, m);
}

/* Connection states: up when both are up. */
static inline void cluster_connect(struct cluster *c, unsigned i, bool up)
{
    for (unsigned k = 0; k < c->count; k++) {
        struct master *other = &c->masters[k];
        if (k == i || !other->q || !c->masters[i].q) continue;
        quorum_peer_up(other->q, i + 1, up);
        if (up) quorum_peer_up(c->masters[i].q, k + 1, true);
    }
}

static inline int master_try_start(struct master *m, struct error *err)
{
    struct cluster *c = m->cluster;
    struct store_options so = {.dir = m->dir,
                               .create = true,
                               .no_sync = true,
                               .ballast_bytes = 4096,
                               .segment_bytes = 4 * 1024 * 1024};
    int rc = store_open(&m->store, &so, err);
    if (rc) return rc;
    m->disk = mem_new(struct fake_disk);
    fake_disk_init(m->disk, &c->world, m->store);
    m->host = (struct host){master_now, master_wall, master_random};
    m->random = fake_random(&c->world.seed);
    m->state.count = 0;
    m->applied = m->leads_term = 0;
    m->paused = false;
    struct quorum_options o = c->options;
    o.id = m->id ? m->id : m->position + 1;
    o.host = &m->host;
    o.disk = &m->disk->disk;
    o.net = &c->net.ports[m->position].net;
    o.fsm = (struct quorum_fsm){m,           master_apply, master_restore, master_keyframe,
                                master_lead, master_told};
    rc = quorum_open(&m->q, &o, err);
    if (rc == 0) {
        c->net.ports[m->position].off = false;
        c->net.ports[m->position].life++;
        m->ticks_life++;
        rc = quorum_start(m->q, err);
    }
    return rc;
}

static inline void master_start(struct master *m)
{
    struct cluster *c = m->cluster;
    struct error err = {0};
    if (master_try_start(m, &err)) fail_msg("master %u: %s", m->position + 1, err.text);
    struct ticker *t = mem_new(struct ticker);
    *t = (struct ticker){.event.run = master_tick, .m = m, .life = m->ticks_life};
    fake_schedule(&c->world, &t->event, 1 + fake_random(&c->world.seed) % c->options.heartbeat_ms);
    cluster_connect(c, m->position, true);
}

static inline bool cluster_step(struct cluster *c, uint64_t until)
{
    if (c->world.count == 0 || c->world.heap[0]->at > until) {
        c->world.now = until;
        return false;
    }
    struct fake_event *e = fake_next(&c->world);
    if (e->at > c->world.now) c->world.now = e->at;
    e->run(e);
    return true;
}

static inline void cluster_run(struct cluster *c, uint64_t ms)
{
    for (uint64_t until = c->world.now + ms; cluster_step(c, until);) {
    }
}

static inline void master_closed(void *arg)
{
    ((struct master *)arg)->ran_done = true;
}

/* kill -9: what the disk has not done is not there, what was in flight is for nobody. */
static inline void master_crash(struct master *m)
{
    struct cluster *c = m->cluster;
    if (!m->q) return;
    const char *const *names;
    const uint64_t *counts;
    unsigned n = quorum_marks(m->q, &names, &counts);
    for (unsigned i = 0; i < n; i++) c->marks[i] += counts[i];
    c->net.ports[m->position].off = true;
    c->net.ports[m->position].life++;
    m->ticks_life++;
    m->disk->dead = true;
    m->ran_done = false;
    for (unsigned k = 0; k < c->count; k++)
        if (k != m->position && c->masters[k].q)
            quorum_peer_up(c->masters[k].q, m->position + 1, false);
    quorum_close(m->q, master_closed, m);
    m->q = NULL;
    while (!m->ran_done) { /* only this master's disk: time stands still for the others */
        fake_cancel(&c->world, &m->disk->event);
        fake_disk_run(&m->disk->event);
    }
    store_close(m->store);
    m->store = NULL;
    mem_free(m->disk);
    m->disk = NULL;
}

#endif
