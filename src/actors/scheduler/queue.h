/* The pods that want a node, in the order in which they get one: higher priority first, then first
 * come.
 *
 * Pods of one priority and shape stand in one line: what the first of them does not get, none of
 * them gets. So a line as a whole is tried, blocked and woken, and a hundred thousand pods that do
 * not fit cost one look at the nodes. A pod is in its line, or out of it: held by who took it (its
 * binding is on its way), or put back for later. Pure; core thread. */
#ifndef LOGSHIP_SCHEDULER_QUEUE_H
#define LOGSHIP_SCHEDULER_QUEUE_H

#include "actors/scheduler/pod_view.h"
#include "base/list.h"
#include "base/map.h"
#include "base/tree.h"
#include "proto/object.h"

struct line_id {
    struct digest shape;
    int64_t priority;
};

struct line {
    struct tree_node node; /* among the ready ones */
    struct list link;      /* or among the blocked ones */
    struct list telling;   /* its pods are being told why (tell.h); else empty */
    struct line_id id;
    bool blocked;
    uint64_t order;   /* of its first pod, while it is ready */
    struct tree pods; /* by order; never empty */
    bool tried;       /* in vain, when the nodes' sequence was tried_at */
    uint64_t tried_at;
    struct buf why;     /* what is told; empty: nothing yet */
    uint64_t why_of;    /* sequence of the nodes that it was worked out for */
    uint64_t why_ms;    /* and when */
    uint64_t told_upto; /* pods up to this order were told */
    uint64_t told_ms;   /* when that was begun */
    bool news;          /* `why` is not what they were told */
};

struct pending {
    struct tree_node node; /* in its line */
    struct list link;      /* or among those put back for later */
    struct line *line;     /* NULL: out of it */
    struct uid uid;
    uint64_t order;   /* the revision that created the pod: the same order on every master */
    struct doc *body; /* a reference; what it was counted as */
    istr assumed;     /* its binding to this node is on its way; else NULL */
    uint64_t due_ms;  /* put back until then */
};

struct queue {
    struct map by_uid, lines;
    struct tree ready; /* lines */
    struct list blocked, later, telling;
};

void queue_init(struct queue *q);
void queue_clear(struct queue *q); /* frees all */
struct pending *queue_find(const struct queue *q, const struct uid *uid);
/* A new one, not in a line yet; the body is referenced. */
struct pending *queue_add(struct queue *q, const struct uid *uid, uint64_t order, struct doc *body);
void queue_remove(struct queue *q, struct pending *p);
/* Into its line; and out of it, or out of those put back. */
void queue_enter(struct queue *q, struct pending *p, const struct pod_view *pod);
void queue_leave(struct queue *q, struct pending *p);
void queue_put_back(struct queue *q, struct pending *p, uint64_t due_ms);
/* The next of those put back whose time has come, taken out; or NULL. */
struct pending *queue_due(struct queue *q, uint64_t now_ms);
/* The first pod of the line whose turn it is, left where it stands; or NULL. */
struct pending *queue_first(const struct queue *q);
void queue_block(struct queue *q, struct line *line);
void queue_wake(struct queue *q); /* all lines are to be tried again */
struct pending *line_first(const struct line *line);
struct pending *line_after(const struct line *line, uint64_t order); /* the first beyond, or NULL */

#endif
