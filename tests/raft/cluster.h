/* Masters in one process under virtual time, and the checks that hold after every event:
 * one leader per term, equal entries at equal indexes, nothing acknowledged is lost. */
#ifndef LOGSHIP_TESTS_RAFT_CLUSTER_H
#define LOGSHIP_TESTS_RAFT_CLUSTER_H

#include "fake_disk.h"

#include "raft/internal.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum { TERMS_MAX = 4096 };

struct entry_list {
    uint64_t *values; /* by position */
    size_t count, room;
};

static inline void entries_push(struct entry_list *l, uint64_t value)
{
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 64;
        l->values = mem_resize(l->values, l->room * sizeof *l->values);
    }
    l->values[l->count++] = value;
}

struct cluster;

struct master {
    struct cluster *cluster;
    unsigned position;
    uint64_t id; /* 0: its seat's first */
    char *dir;
    struct store *store;
    struct fake_disk *disk;
    struct host host;
    uint64_t random;
    struct quorum *q; /* NULL: down */
    bool paused;
    uint64_t ticks_life;
    struct entry_list state; /* values of commands, in order: the state machine */
    uint64_t applied, leads_term;
    unsigned restores;
    uint64_t told;
    bool ran_done;
};

struct acked {
    uint64_t index, value;
};

struct cluster {
    struct fake_world world;
    struct fake_net net;
    unsigned count;
    struct master masters[FAKE_MAX];
    struct quorum_server servers[FAKE_MAX];
    struct quorum_options options; /* what is common */
    char root[64];
    struct entry_list truth; /* value of index i at i, 0: not a command or unknown */
    struct entry_list truth_terms;
    uint64_t leader_of[TERMS_MAX];
    struct acked *acked;
    size_t acked_count, acked_room;
    uint64_t next_value;
    size_t value_bytes; /* payload size of proposals */
    unsigned in_flight;
    uint64_t marks[MARK_COUNT]; /* of lives that are over */
};

static inline uint64_t master_now(struct host *h)
{
    return container_of(h, struct master, host)->cluster->world.now + 1000000;
}
static inline int64_t master_wall(struct host *h)
{
    return (int64_t)master_now(h);
}
static inline void master_random(struct host *h, void *bytes, size_t n)
{
    struct master *m = container_of(h, struct master, host);
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)fake_random(&m->random);
}

static inline void truth_at(struct entry_list *l, uint64_t index, uint64_t value, const char *what)
{
    while (l->count <= index) entries_push(l, 0);
    if (l->values[index] != 0 && l->values[index] != value)
        fail_msg("%s at index %llu differ: %llu and %llu", what, (unsigned long long)index,
                 (unsigned long long)l->values[index], (unsigned long long)value);
    l->values[index] = value;
}

static inline void master_apply(void *ctx, uint64_t index, uint64_t term, struct str payload)
{
    struct master *m = ctx;
    uint64_t value;
    assert_true(payload.n >= sizeof value);
    memcpy(&value, payload.p, sizeof value);
    assert_true(index > m->applied);
    m->applied = index;
    truth_at(&m->cluster->truth, index, value, "applied values");
    truth_at(&m->cluster->truth_terms, index, term, "applied terms");
    entries_push(&m->state, value);
}

static inline int master_restore(void *ctx, struct keyframe *k, struct error *err)
{
    struct master *m = ctx;
    struct str record;
    m->state.count = 0;
    int rc;
    while ((rc = keyframe_next(k, &record, err)) == 0)
        for (size_t i = 0; i + 8 <= record.n; i += 64) { /* padded, so that keyframes are large */
            uint64_t value;
            memcpy(&value, record.p + i, 8);
            entries_push(&m->state, value);
        }
    m->applied = keyframe_meta(k)->index;
    m->restores++;
    return rc == E_NOTFOUND ? 0 : rc;
}

struct frozen {
    struct fake_event event;
    struct master *m;
    uint64_t life;
    struct keyframe_meta meta;
    int status;
};

static inline void master_frozen(struct fake_event *e)
{
    struct frozen *f = container_of(e, struct frozen, event);
    if (f->m->q && f->m->ticks_life == f->life) quorum_keyframe_done(f->m->q, &f->meta, f->status);
    mem_free(f);
}

static inline void master_keyframe(void *ctx, const struct keyframe_meta *meta)
{
    struct master *m = ctx;
    struct frozen *f = mem_new(struct frozen);
    *f = (struct frozen){.event.run = master_frozen, .m = m, .life = m->ticks_life, .meta = *meta};
    f->meta.revision = meta->index;
    struct keyframe_writer *w;
    struct error err = {0};
    assert_int_equal(meta->index, m->q->raft.last_applied);
    f->status = keyframe_create(m->store, &f->meta, &w, &err);
    if (f->status == 0) {
        char record[64 * 1024];
        size_t n = 0;
        for (size_t i = 0; i < m->state.count; i++) {
            memset(record + n, 0, 64);
            memcpy(record + n, &m->state.values[i], 8);
            n += 64;
            if (n == sizeof record || i + 1 == m->state.count) {
                assert_int_equal(keyframe_add(w, (struct str){record, n}, &err), 0);
                n = 0;
            }
        }
        f->status = keyframe_finish(w, &err);
    }
    if (f->status) fprintf(stderr, "keyframe: %s\n", err.text);
    f->meta.configuration = (struct str){0};
    fake_schedule(&m->cluster->world, &f->event, 5);
}

static inline void master_lead(void *ctx, bool leads, uint64_t term)
{
    struct master *m = ctx;
    m->leads_term = leads ? term : 0;
}

static inline void master_told(void *ctx, uint64_t from, struct str bytes)
{
    (void)from;
    ((struct master *)ctx)->told += bytes.n;
}

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

static inline void cluster_open(struct cluster *c, unsigned count, uint64_t seed)
{
    memset(c, 0, sizeof *c);
    c->world.seed = seed;
    c->count = count;
    c->next_value = 1;
    c->value_bytes = 8;
    fake_net_init(&c->net, &c->world, count);
    c->net.deliver = cluster_deliver;
    c->net.arg = c;
    snprintf(c->root, sizeof c->root, "%s/logship-raft-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    assert_non_null(mkdtemp(c->root));
    static const char *const addresses[] = {"a:1", "b:1", "c:1", "d:1", "e:1"};
    for (unsigned i = 0; i < count; i++) {
        c->servers[i] = (struct quorum_server){i + 1, addresses[i]};
        c->masters[i] = (struct master){.cluster = c, .position = i};
        c->masters[i].dir = mem_printf("%s/m%u", c->root, i + 1);
    }
    c->options = (struct quorum_options){.cluster = "11111111-2222-3333-4444-555555555555",
                                         .servers = c->servers,
                                         .server_count = count,
                                         .heartbeat_ms = 100,
                                         .election_ms = 1000};
}

static inline void cluster_start(struct cluster *c)
{
    for (unsigned i = 0; i < c->count; i++) master_start(&c->masters[i]);
}

static inline int cluster_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void cluster_close(struct cluster *c)
{
    for (unsigned i = 0; i < c->count; i++) master_crash(&c->masters[i]);
    cluster_run(c, 120000); /* what is still on its way frees itself */
    for (unsigned i = 0; i < c->count; i++) {
        mem_free(c->masters[i].dir);
        mem_free(c->masters[i].state.values);
    }
    assert_int_equal(c->world.count, 0);
    mem_free(c->world.heap);
    mem_free(c->truth.values);
    mem_free(c->truth_terms.values);
    mem_free(c->acked);
    nftw(c->root, cluster_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct master *cluster_leader(struct cluster *c)
{
    struct master *best = NULL;
    for (unsigned i = 0; i < c->count; i++) {
        struct master *m = &c->masters[i];
        if (m->q && !m->paused && m->leads_term && (!best || m->leads_term > best->leads_term))
            best = m;
    }
    return best;
}

static inline struct master *cluster_elect(struct cluster *c, uint64_t within_ms)
{
    uint64_t end = c->world.now + within_ms;
    struct master *m;
    while (!(m = cluster_leader(c)) && c->world.now < end) cluster_run(c, 1);
    if (!m) fail_msg("no leader within %llu ms", (unsigned long long)within_ms);
    return m;
}

struct wish {
    struct cluster *c;
    uint64_t value;
    int *status; /* may be NULL */
};

static inline void cluster_proposed(void *arg, int status, uint64_t index)
{
    struct wish *w = arg;
    struct cluster *c = w->c;
    c->in_flight--;
    if (w->status) *w->status = status;
    if (status == 0) {
        if (c->acked_count == c->acked_room) {
            c->acked_room = c->acked_room ? c->acked_room * 2 : 64;
            c->acked = mem_resize(c->acked, c->acked_room * sizeof *c->acked);
        }
        c->acked[c->acked_count++] = (struct acked){index, w->value};
    }
    mem_free(w);
}

/* Proposes the next number; false: not accepted. */
static inline bool master_propose(struct master *m, int *status)
{
    struct cluster *c = m->cluster;
    if (!m->q || m->paused) return false;
    char *payload = mem_zalloc(c->value_bytes);
    uint64_t value = c->next_value;
    memcpy(payload, &value, sizeof value);
    struct wish *w = mem_new(struct wish);
    *w = (struct wish){c, value, status};
    int rc =
        quorum_propose(m->q, (struct str){payload, c->value_bytes}, value, 0, cluster_proposed, w);
    mem_free(payload);
    if (rc) {
        mem_free(w);
        return false;
    }
    c->next_value++;
    c->in_flight++;
    return true;
}

/* Proposes at whoever leads until n more are acknowledged. */
static inline void cluster_commit(struct cluster *c, size_t n, uint64_t within_ms)
{
    uint64_t end = c->world.now + within_ms;
    size_t target = c->acked_count + n;
    while (c->acked_count < target) {
        struct master *m = cluster_leader(c);
        if (m && c->acked_count + c->in_flight < target) master_propose(m, NULL);
        cluster_run(c, 1);
        if (c->world.now > end)
            fail_msg("only %zu of %zu acknowledged", n - (target - c->acked_count), n);
    }
}

static inline bool state_has(const struct master *m, uint64_t value)
{
    for (size_t i = 0; i < m->state.count; i++)
        if (m->state.values[i] == value) return true;
    return false;
}

static inline bool cluster_equal(struct cluster *c)
{
    const struct master *first = NULL;
    for (unsigned i = 0; i < c->count; i++) {
        const struct master *m = &c->masters[i];
        if (!m->q) continue;
        if (!first) first = m;
        if (m->state.count != first->state.count) return false;
        if (m->state.count &&
            memcmp(m->state.values, first->state.values, m->state.count * sizeof(uint64_t)) != 0)
            return false;
    }
    return true;
}

/* All live masters come to the same state, which holds everything that was acknowledged. */
static inline void cluster_converge(struct cluster *c, uint64_t within_ms)
{
    uint64_t end = c->world.now + within_ms;
    while (c->world.now < end) {
        bool complete = true;
        struct master *any = NULL;
        for (unsigned i = 0; i < c->count; i++)
            if (c->masters[i].q) any = &c->masters[i];
        complete = any && cluster_equal(c) && any->state.count >= c->acked_count;
        if (complete) break;
        cluster_run(c, 10);
    }
    assert_true(cluster_equal(c));
    for (unsigned i = 0; i < c->count; i++) {
        struct master *m = &c->masters[i];
        if (!m->q) continue;
        size_t at = 0; /* acknowledged values are in the order of their proposal */
        for (size_t k = 0; k < c->acked_count; k++) {
            while (at < m->state.count && m->state.values[at] != c->acked[k].value) at++;
            if (at == m->state.count && !state_has(m, c->acked[k].value))
                fail_msg("acknowledged value %llu is lost at master %u",
                         (unsigned long long)c->acked[k].value, i + 1);
            if (at == m->state.count) at = 0;
        }
    }
}

static inline uint64_t cluster_mark(struct cluster *c, enum mark which)
{
    uint64_t sum = c->marks[which];
    for (unsigned i = 0; i < c->count; i++)
        if (c->masters[i].q) sum += c->masters[i].q->marks[which];
    return sum;
}

static inline void cluster_cut(struct cluster *c, unsigned a, unsigned b, bool cut)
{
    c->net.links[a][b].cut = c->net.links[b][a].cut = cut;
}

static inline void cluster_isolate(struct cluster *c, unsigned who, bool cut)
{
    for (unsigned i = 0; i < c->count; i++)
        if (i != who) cluster_cut(c, who, i, cut);
}

#endif
