/* Virtual time and a network inside the process: frames may be delayed, lost, repeated, overtake
 * each other, and links may be cut one way or both. Everything follows from one seed. */
#ifndef LOGSHIP_TESTS_RAFT_FAKE_NET_H
#define LOGSHIP_TESTS_RAFT_FAKE_NET_H

#include "base/mem.h"
#include "raft/quorum.h"

#include <assert.h>

enum { FAKE_MAX = 5 };

struct fake_event {
    uint64_t at, order;
    void (*run)(struct fake_event *e);
};

struct fake_world {
    uint64_t now, order, seed;
    struct fake_event **heap;
    size_t count, room;
};

static inline uint64_t fake_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static inline bool fake_before(const struct fake_event *a, const struct fake_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static inline void fake_schedule(struct fake_world *w, struct fake_event *e, uint64_t delay)
{
    e->at = w->now + delay;
    e->order = w->order++;
    if (w->count == w->room) {
        w->room = w->room ? w->room * 2 : 64;
        w->heap = mem_resize(w->heap, w->room * sizeof *w->heap);
    }
    size_t i = w->count++;
    for (; i > 0 && fake_before(e, w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = e;
}

/* Puts e where the hole at i belongs. */
static inline void fake_sift(struct fake_world *w, size_t i, struct fake_event *e)
{
    for (size_t child; (child = 2 * i + 1) < w->count; i = child) {
        if (child + 1 < w->count && fake_before(w->heap[child + 1], w->heap[child])) child++;
        if (!fake_before(w->heap[child], e)) break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = e;
}

static inline struct fake_event *fake_next(struct fake_world *w)
{
    struct fake_event *first = w->heap[0], *last = w->heap[--w->count];
    if (w->count) fake_sift(w, 0, last);
    return first;
}

/* Takes a scheduled event out; nothing when it is not scheduled. */
static inline void fake_cancel(struct fake_world *w, const struct fake_event *e)
{
    size_t i = 0;
    while (i < w->count && w->heap[i] != e) i++;
    if (i == w->count) return;
    w->heap[i] = w->heap[--w->count];
    for (size_t k = w->count / 2; k-- > 0;) fake_sift(w, k, w->heap[k]);
}

struct fake_link {
    bool cut;         /* frames on this way vanish */
    uint64_t last_at; /* without reordering: nothing arrives before this */
    size_t queued;
};

struct fake_net {
    struct fake_world *world;
    unsigned count;
    unsigned loss, repeat; /* per mille */
    unsigned delay_min, delay_max;
    bool reorder;
    struct fake_link links[FAKE_MAX][FAKE_MAX]; /* from, to: positions */
    void (*deliver)(void *arg, unsigned from, unsigned to, const void *bytes, size_t n);
    void (*sniff)(void *arg, unsigned from, unsigned to, const void *bytes, size_t n);
    bool (*drop)(void *arg, unsigned from, unsigned to, const void *bytes, size_t n);
    void *arg;
    struct fake_port {
        struct quorum_net net;
        struct fake_net *fake;
        unsigned self;
        uint64_t life; /* frames and answers of an earlier life are for nobody */
        bool off;
    } ports[FAKE_MAX];
};

struct fake_frame {
    struct fake_event event;
    struct fake_net *net;
    unsigned from, to;
    uint64_t to_life;
    size_t n;
    char bytes[];
};

struct fake_sent {
    struct fake_event event;
    void (*done)(void *arg, int status);
    void *arg;
    int status;
};

static inline void fake_frame_arrive(struct fake_event *e)
{
    struct fake_frame *f = container_of(e, struct fake_frame, event);
    struct fake_net *net = f->net;
    struct fake_link *link = &net->links[f->from][f->to];
    link->queued -= f->n;
    if (!link->cut && !net->ports[f->to].off && net->ports[f->to].life == f->to_life)
        net->deliver(net->arg, f->from, f->to, f->bytes, f->n);
    mem_free(f);
}

static inline void fake_sent_run(struct fake_event *e)
{
    struct fake_sent *s = container_of(e, struct fake_sent, event);
    s->done(s->arg, s->status);
    mem_free(s);
}

static inline void fake_frame_send(struct fake_net *net, unsigned from, unsigned to,
                                   const void *bytes, size_t n)
{
    struct fake_link *link = &net->links[from][to];
    uint64_t *seed = &net->world->seed;
    uint64_t delay = net->delay_min + fake_random(seed) % (net->delay_max - net->delay_min + 1);
    uint64_t at = net->world->now + delay;
    if (!net->reorder && at < link->last_at) at = link->last_at;
    link->last_at = at;
    link->queued += n;
    struct fake_frame *f = mem_alloc(sizeof *f + n);
    *f = (struct fake_frame){
        .event.run = fake_frame_arrive, .net = net, .from = from, .to = to, .n = n};
    f->to_life = net->ports[to].life;
    memcpy(f->bytes, bytes, n);
    fake_schedule(net->world, &f->event, at - net->world->now);
}

static inline void fake_net_send(struct quorum_net *qn, uint64_t to_id, const void *bytes, size_t n,
                                 void (*done)(void *arg, int status), void *arg)
{
    struct fake_port *port = container_of(qn, struct fake_port, net);
    struct fake_net *net = port->fake;
    unsigned from = port->self, to = (unsigned)to_id - 1;
    assert(to < net->count);
    struct fake_link *link = &net->links[from][to];
    uint64_t *seed = &net->world->seed;
    bool dead = port->off || net->ports[to].off;
    bool lost = dead || link->cut || fake_random(seed) % 1000 < net->loss ||
                (net->drop && net->drop(net->arg, from, to, bytes, n));
    if (net->sniff) net->sniff(net->arg, from, to, bytes, n);
    if (!lost) {
        fake_frame_send(net, from, to, bytes, n);
        if (fake_random(seed) % 1000 < net->repeat) fake_frame_send(net, from, to, bytes, n);
    }
    if (!done) return;
    struct fake_sent *s = mem_new(struct fake_sent);
    *s = (struct fake_sent){.event.run = fake_sent_run, .done = done, .arg = arg};
    s->status = dead ? E_CLOSED : 0;
    fake_schedule(net->world, &s->event, 1);
}

static inline size_t fake_net_queued(struct quorum_net *qn, uint64_t to_id)
{
    struct fake_port *port = container_of(qn, struct fake_port, net);
    return port->fake->links[port->self][to_id - 1].queued;
}

static inline void fake_net_init(struct fake_net *net, struct fake_world *w, unsigned count)
{
    *net = (struct fake_net){.world = w, .count = count, .delay_min = 1, .delay_max = 2};
    for (unsigned i = 0; i < count; i++)
        net->ports[i] =
            (struct fake_port){.net = {.send = fake_net_send, .queued = fake_net_queued},
                               .fake = net,
                               .self = i,
                               .off = true};
}

#endif
