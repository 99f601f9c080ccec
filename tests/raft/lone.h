/* A single master that is fed the messages of masters which do not exist. */
#ifndef LOGSHIP_TESTS_RAFT_LONE_H
#define LOGSHIP_TESTS_RAFT_LONE_H

#include "cluster.h"

#include "raft/seats.h"

#include <sys/wait.h>

struct lone {
    struct cluster c;
    struct master *m;
    struct wire last[WIRE_RECORDS + 1]; /* what it last sent to a peer, by type */
    unsigned sent[WIRE_RECORDS + 1];
    char *bytes; /* of a keyframe file that we serve */
    uint64_t size;
};

static inline void lone_sniff(void *arg, unsigned from, unsigned to, const void *bytes, size_t n)
{
    struct lone *l = container_of((struct cluster *)arg, struct lone, c);
    struct wire w;
    (void)from, (void)to;
    assert_int_equal(wire_read((struct str){bytes, n}, &w, NULL), 0);
    l->last[w.type] = w;
    l->sent[w.type]++;
}

static inline void lone_open(struct lone *l, unsigned guard_off)
{
    memset(l, 0, sizeof *l);
    cluster_open(&l->c, 3, 41);
    l->c.net.sniff = lone_sniff;
    if (guard_off) l->c.options.guards_off = 1u << (guard_off - 1);
    l->m = &l->c.masters[0];
    master_start(l->m);
}

static inline void lone_close(struct lone *l)
{
    cluster_close(&l->c);
    mem_free(l->bytes);
}

static inline void lone_get(struct lone *l, uint64_t from, const struct wire *w)
{
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, w);
    quorum_deliver(l->m->q, from, frame.data, frame.len);
}

/* AppendEntries with n commands of one term after prev. */
static inline void lone_append(struct lone *l, uint64_t from, uint64_t term, uint64_t prev,
                               uint64_t prev_term, uint64_t commit, unsigned n, uint64_t entry_term)
{
    char payload[ENTRY_HEADER + 8] = {0};
    struct raft_entry entries[32];
    assert_true(n <= 32);
    payload[ENTRY_HEADER] = (char)entry_term;
    for (unsigned i = 0; i < n; i++)
        entries[i] = (struct raft_entry){
            .term = entry_term, .type = RAFT_COMMAND, .buf = {payload, sizeof payload}};
    struct wire w = {.type = WIRE_APPEND, .term = term};
    w.append.prev_index = prev;
    w.append.prev_term = prev_term;
    w.append.commit = commit;
    struct buf buf_auto frame = BUF_INIT;
    wire_write_append(&frame, &w, entries, n);
    quorum_deliver(l->m->q, from, frame.data, frame.len);
}

#endif
