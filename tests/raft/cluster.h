/* Masters in one process under virtual time, and the checks that hold after every event:
 * one leader per term, equal entries at equal indexes, nothing acknowledged is lost. */
#ifndef LOGSHIP_TESTS_RAFT_CLUSTER_H
#define LOGSHIP_TESTS_RAFT_CLUSTER_H

#include "life.h"

#include <ftw.h>

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
