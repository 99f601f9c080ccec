/* One master of a cluster in this process: what it holds, its clock, and a state machine that is a
 * list of the numbers it was told. Values and terms are compared at every index as they are
 * applied. */
#ifndef LOGSHIP_TESTS_RAFT_MACHINE_H
#define LOGSHIP_TESTS_RAFT_MACHINE_H

#include "fake_disk.h"

#include "raft/internal.h"

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

#endif
