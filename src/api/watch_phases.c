/* What a watch does until it is live. */
#include "api/watch.h"

#include "base/mem.h"

#include <inttypes.h>

static void watch_go_on(struct turn *t)
{
    watch_pump(container_of(t, struct request, turn)->state);
}

void watch_pump_later(struct watch *w)
{
    request_in_pieces(w->request, watch_go_on);
}

static void watch_drained(struct http_exchange *x)
{
    struct request *r = http_data(x);
    http_stream_on_drain(x, NULL);
    watch_pump_later(r->state);
}

enum { OBJECTS_AT_ONCE = 1024 };

/* True: enough waits for this client; the pump goes on when it was read. */
static bool watch_waits(struct watch *w)
{
    if (http_stream_queued(w->request->x) <= WATCH_AHEAD) return false;
    http_stream_on_drain(w->request->x, watch_drained);
    return true;
}

static bool pump_objects(struct watch *w)
{
    for (size_t end = w->next + OBJECTS_AT_ONCE; w->next < w->count;) {
        if (w->next == end) {
            watch_pump_later(w);
            return false;
        }
        struct object *o = w->objects[w->next++];
        if (watch_concerns(w, o)) watch_send_added(w, o);
        if (watch_waits(w)) return false;
    }
    objects_free(w->objects, w->count);
    w->objects = NULL;
    w->count = w->next = 0;
    if (w->tells_all && w->bookmarks) watch_send_bookmark(w, w->at, true);
    w->phase = WATCH_RING;
    return true;
}

static int history_batch(struct history_ask *h, struct feed_batch *b)
{
    struct watch *w = container_of(h, struct watch, history);
    bool enough = w->phase == WATCH_OVER;
    for (size_t i = 0; i < b->count && !enough; i++) {
        struct renderings renderings = {.count = 0};
        watch_offer(w, &b->changes[i], &renderings);
        renderings_free(&renderings);
        w->at = b->changes[i].revision;
        enough = http_stream_queued(w->request->x) > WATCH_AHEAD;
    }
    w->history_cut |= enough;
    feed_batch_unref(b);
    return enough;
}

static void history_done(struct history_ask *h, int status)
{
    struct watch *w = container_of(h, struct watch, history);
    struct request *r = w->request;
    bool over = w->phase == WATCH_OVER;
    w->history_runs = false;
    if (!over && (status == 0 || w->history_cut)) {
        /* Cut short, it goes on from where it got to; else nothing else happened until `to`. */
        if (!w->history_cut) w->at = h->to;
        w->phase = WATCH_RING;
        if (!watch_waits(w)) watch_pump(w);
    } else if (!over && status == E_GONE) {
        watch_too_old(w);
    } else if (!over) {
        watch_fail(w, &(struct status){.code = 500, .message = "the log cannot be read"});
    }
    request_unref(r); /* the history's */
}

static bool pump_history(struct watch *w)
{
    if (w->history_runs) return false;
    w->history_runs = true;
    w->history_cut = false;
    request_ref(w->request);
    w->history = (struct history_ask){.home = w->hub->api->options.home,
                                      .kind = kind_identity(w->encoder.version->kind),
                                      .from = w->at,
                                      .to = w->hub->last,
                                      .batch = history_batch,
                                      .done = history_done};
    gate_history(w->hub->api->options.gate, &w->history);
    return false;
}

/* The first batch that has something after this revision. */
static size_t ring_find(const struct watch_hub *h, uint64_t revision)
{
    size_t low = 0, high = h->batches;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->ring[(h->head + middle) % RING_BATCHES]->last <= revision)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void pump_batch(struct watch *w, const struct feed_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->changes[i].revision <= w->at) continue;
        struct renderings renderings = {.count = 0};
        watch_offer(w, &b->changes[i], &renderings);
        renderings_free(&renderings);
    }
    w->at = b->last;
}

static bool pump_ring(struct watch *w)
{
    struct watch_hub *h = w->hub;
    if (w->at < h->first_after) {
        w->phase = WATCH_HISTORY;
        return true;
    }
    for (size_t i = ring_find(h, w->at); i < h->batches; i++) {
        pump_batch(w, h->ring[(h->head + i) % RING_BATCHES]);
        if (watch_waits(w)) return false;
    }
    w->phase = WATCH_LIVE;
    topic_join(w);
    return false;
}

void watch_pump(struct watch *w)
{
    static bool (*const pump[])(struct watch *) = {
        [WATCH_OBJECTS] = pump_objects, [WATCH_HISTORY] = pump_history, [WATCH_RING] = pump_ring};
    if (!w->request->x || (w->phase == WATCH_RING && watch_waits(w))) return;
    while (w->hub->started && w->request->x && w->phase < WATCH_LIVE && pump[w->phase](w))
        ;
    if (w->phase != WATCH_OBJECTS) flow_leave(&w->request->seat); /* what follows costs little */
}

void watch_end(struct watch *w)
{
    struct request *r = w->request;
    if (w->phase == WATCH_OVER) return;
    w->phase = WATCH_OVER;
    topic_leave(w);
    list_remove(&w->link);
    turns_remove(&r->turn);
    if (r->x) {
        http_stream_on_drain(r->x, NULL);
        http_stream_end(r->x);
    }
}

void watch_fail(struct watch *w, const struct status *s)
{
    if (w->request->x) watch_send_error(w, s);
    watch_end(w);
}

void watch_too_old(struct watch *w)
{
    buf_auto struct buf message = BUF_INIT;
    buf_printf(&message, "too old resource version: %" PRIu64 " (%" PRIu64 ")", w->at,
               w->hub->first_after);
    watch_fail(w, &(struct status){.code = 410, .message = message.data});
}
