/* Watches: streams of changes to clients.
 *
 * The hub keeps the newest batches of the feed in a ring. A watch goes through phases: the objects
 * there are (when it asked for no revision), then what the log says about the time before the ring,
 * then the ring, then it is live: filed under its topic (kind, namespace, name), so that a change
 * costs only those who watch such objects. In every phase but the last it is the watch that pulls,
 * and waits when its client reads slowly; a live watch whose client lags behind pulls again. A
 * client that reads nothing at all is cut off by the server (stall_ms). */
#ifndef LOGSHIP_API_WATCH_H
#define LOGSHIP_API_WATCH_H

#include "api/encode.h"
#include "api/filter.h"
#include "api/inner.h"

enum {
    RING_BATCHES = 4096,
    RING_CHANGES = 65536,
    WATCH_AHEAD = 1024 * 1024,      /* a pulling watch pauses when so much waits for its client */
    WATCH_LAG_MAX = 2 * 1024 * 1024 /* a live one pulls again */
};

enum watch_phase { WATCH_OBJECTS, WATCH_HISTORY, WATCH_RING, WATCH_LIVE, WATCH_OVER };

struct watch {
    struct list link;     /* all watches */
    struct list by_topic; /* linked when live */
    struct topic *topic;
    struct request *request; /* a reference, until the watch is over */
    struct watch_hub *hub;
    struct encoder encoder;
    struct filter filter;
    char *ns, *name; /* NULL: any */
    enum watch_phase phase;
    uint64_t at; /* every change up to this revision was offered */
    struct object **objects;
    size_t count, next;
    struct history_ask history;
    bool history_runs, history_cut, columns_told, bookmarks, tells_all, lags;
    uint64_t bookmark_ms, end_ms;
};

struct watch_hub {
    struct api *api;
    struct feed_listener listener;
    bool started, closing, some_lag;
    uint64_t first_after, last; /* the ring has every change with first_after < revision <= last */
    struct feed_batch *ring[RING_BATCHES];
    size_t head, batches, changes;
    struct map topics;
    struct list watches;
};

struct watch_hub *watch_hub_new(struct api *a); /* begins to listen */
void watch_hub_close(struct watch_hub *h);      /* ends every watch */
void watch_hub_free(struct watch_hub *h);
void watch_hub_tick(struct watch_hub *h, uint64_t now_ms);             /* deadlines, bookmarks */
void watch_hub_end_kind(struct watch_hub *h, const struct kind *kind); /* ends its watches */

/* watch_phases.c: goes on until it is live, over, or has to wait for something. */
void watch_pump(struct watch *w);
void watch_pump_later(struct watch *w); /* when it is its turn */
void watch_end(struct watch *w);        /* a clean end of the stream; w may be gone afterwards */
void watch_fail(struct watch *w, const struct status *s); /* an ERROR event, then the end */
void watch_too_old(struct watch *w);

/* watch_events.c. The lines that tell one change, made when first wanted. */
enum { RENDERINGS_MAX = 8 };
struct renderings {
    struct {
        unsigned form;
        const char *type; /* of the event */
        const struct kind_version *version;
        struct buf line;
    } items[RENDERINGS_MAX];
    unsigned count;
};
void renderings_free(struct renderings *r);
bool watch_concerns(const struct watch *w, const struct object *o); /* kind, namespace, name */
/* Sends the event that the change is to this watch, if any; returns what waits for its client. */
size_t watch_offer(struct watch *w, const struct feed_change *c, struct renderings *r);
void watch_send_added(struct watch *w, struct object *o);
void watch_send_bookmark(struct watch *w, uint64_t revision, bool all_told);
void watch_send_error(struct watch *w, const struct status *s);

/* watch_topics.c */
void topic_join(struct watch *w);
void topic_leave(struct watch *w);
/* Calls for every live watch whose topic the change is about; `visit` must not end watches. */
void topic_each(struct watch_hub *h, const struct feed_change *c,
                void (*visit)(struct watch *w, const struct feed_change *c, void *ctx), void *ctx);

#endif
