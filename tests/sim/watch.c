/* A listener of each master's feed: every revision once, in order, as it was committed. */
#include "sim.h"

static void watch_started(struct feed_listener *fl, uint64_t revision)
{
    struct feed_watch *w = container_of(fl, struct feed_watch, listener);
    w->started = true;
    w->at = revision;
}

static void watch_one(struct feed_watch *w, const struct feed_change *c)
{
    struct sim *s = w->life->m->sim;
    if (c->revision != w->at + 1)
        sim_fail(s, "the feed of %s skips from revision %llu to %llu", w->life->m->name,
                 (unsigned long long)w->at, (unsigned long long)c->revision);
    struct fact *f = truth_fact(s, c->revision);
    if (f->revision != c->revision || f->type != c->type || lie_now(s, LIE_FEED_OTHER))
        sim_fail(s, "the feed of %s tells another event at revision %llu", w->life->m->name,
                 (unsigned long long)c->revision);
    w->at = c->revision;
    s->counts.watched++;
}

static void watch_batch(struct feed_listener *fl, struct feed_batch *b)
{
    struct feed_watch *w = container_of(fl, struct feed_watch, listener);
    struct sim *s = w->life->m->sim;
    if (!w->started) sim_fail(s, "the feed of %s begins before it started", w->life->m->name);
    if (b->reset && b->last < w->at)
        sim_fail(s, "the feed of %s goes back from revision %llu to %llu", w->life->m->name,
                 (unsigned long long)w->at, (unsigned long long)b->last);
    if (b->reset) w->at = b->last;
    for (size_t i = 0; i < b->count; i++)
        if (!lie_now(s, LIE_FEED_SKIPS)) watch_one(w, &b->changes[i]);
    if (b->last < w->at) sim_fail(s, "the feed of %s: a batch ends too low", w->life->m->name);
    w->at = b->last;
    feed_batch_unref(b);
}

void watch_init(struct life *l)
{
    l->watch =
        (struct feed_watch){.listener = {.home = &l->home, watch_batch, watch_started}, .life = l};
    gate_listen(&l->core.gate.gate, &l->watch.listener);
}
