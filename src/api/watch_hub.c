/* The hub: the feed's batches into the ring and out to the live watches. */
#include "api/watch.h"

#include "base/mem.h"

static struct feed_batch **hub_slot(struct watch_hub *h, size_t i)
{
    return &h->ring[(h->head + i) % RING_BATCHES];
}

static void hub_forget_oldest(struct watch_hub *h)
{
    struct feed_batch *oldest = *hub_slot(h, 0);
    h->first_after = oldest->last;
    h->changes -= oldest->count;
    h->head = (h->head + 1) % RING_BATCHES;
    h->batches--;
    feed_batch_unref(oldest);
}

static void hub_keep(struct watch_hub *h, struct feed_batch *b)
{
    while (h->batches && (h->batches == RING_BATCHES || h->changes + b->count > RING_CHANGES))
        hub_forget_oldest(h);
    *hub_slot(h, h->batches++) = b;
    h->changes += b->count;
}

static void hub_visit(struct watch *w, const struct feed_change *c, void *ctx)
{
    struct renderings *renderings = ctx;
    if (c->revision <= w->at || !w->request->x || w->lags) return;
    if (watch_offer(w, c, renderings) <= WATCH_LAG_MAX) return;
    w->lags = w->hub->some_lag = true;
    w->at = c->revision;
}

/* A client that reads more slowly than changes come is not cut off: its watch pulls from the ring,
 * and from the log when that has moved on, at the client's own pace. */
static void hub_pull_lagging(struct watch_hub *h)
{
    if (!h->some_lag) return;
    h->some_lag = false;
    list_each_safe(it, &h->watches)
    {
        struct watch *w = container_of(it, struct watch, link);
        if (!w->lags) continue;
        w->lags = false;
        topic_leave(w);
        w->phase = WATCH_RING;
        watch_pump_later(w);
    }
}

static void hub_dispatch(struct watch_hub *h, const struct feed_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct renderings renderings = {.count = 0};
        topic_each(h, &b->changes[i], hub_visit, &renderings);
        renderings_free(&renderings);
    }
}

static void hub_reset(struct watch_hub *h, const struct feed_batch *b)
{
    while (h->batches) hub_forget_oldest(h);
    h->first_after = h->last = b->last;
    list_each_safe(it, &h->watches) watch_end(container_of(it, struct watch, link));
    definitions_started(h->api->definitions);
}

static void hub_batch(struct feed_listener *l, struct feed_batch *b)
{
    struct watch_hub *h = container_of(l, struct watch_hub, listener);
    if (b->reset) hub_reset(h, b);
    if (b->reset || h->closing) {
        feed_batch_unref(b);
        return;
    }
    h->last = b->last;
    hub_dispatch(h, b);
    definitions_batch(h->api->definitions, b);
    if (b->count)
        hub_keep(h, b);
    else
        feed_batch_unref(b);
    hub_pull_lagging(h);
}

static void hub_started(struct feed_listener *l, uint64_t revision)
{
    struct watch_hub *h = container_of(l, struct watch_hub, listener);
    h->started = true;
    h->first_after = h->last = revision;
    definitions_started(h->api->definitions);
    list_each_safe(it, &h->watches) watch_pump(container_of(it, struct watch, link));
}

struct watch_hub *watch_hub_new(struct api *a)
{
    struct watch_hub *h = mem_new(struct watch_hub);
    h->api = a;
    list_init(&h->watches);
    h->listener =
        (struct feed_listener){.home = a->options.home, .batch = hub_batch, .started = hub_started};
    gate_listen(a->options.gate, &h->listener);
    return h;
}

static void hub_send_bookmark(struct watch *w)
{
    if (!w->bookmarks || w->phase != WATCH_LIVE || !w->request->x) return;
    watch_send_bookmark(w, w->hub->last > w->at ? w->hub->last : w->at, false);
}

/* Who takes bookmarks is told where to go on at another master. */
void watch_hub_close(struct watch_hub *h)
{
    h->closing = true;
    list_each_safe(it, &h->watches)
    {
        struct watch *w = container_of(it, struct watch, link);
        hub_send_bookmark(w);
        watch_end(w);
    }
    while (h->batches) hub_forget_oldest(h);
}

void watch_hub_free(struct watch_hub *h)
{
    if (!h) return;
    while (h->batches) hub_forget_oldest(h);
    map_free(&h->topics);
    mem_free(h);
}

void watch_hub_end_kind(struct watch_hub *h, const struct kind *kind)
{
    list_each_safe(it, &h->watches)
    {
        struct watch *w = container_of(it, struct watch, link);
        if (w->encoder.version->kind->index == kind->index) watch_end(w);
    }
}

enum { BOOKMARK_MS = 30 * 1000 };

void watch_hub_tick(struct watch_hub *h, uint64_t now_ms)
{
    list_each_safe(it, &h->watches)
    {
        struct watch *w = container_of(it, struct watch, link);
        bool ends = now_ms >= w->end_ms;
        if (ends || now_ms >= w->bookmark_ms) {
            hub_send_bookmark(w);
            w->bookmark_ms = now_ms + BOOKMARK_MS;
        }
        if (ends) watch_end(w);
    }
}
