/* Flow control: no client can starve the others.
 *
 * A request of one of the four classes takes a seat before work is done for it and gives it back
 * when it is over. Each level of clients has seats of its own, so that a flood of one level is not
 * felt at another. Within a level, requests of one flow (a user; for service accounts, their
 * namespace) may take so many seats and no more, and when all are taken, the flow that holds the
 * fewest gets the next one: what counts is how long seats are held, not how often they are asked
 * for. Whoever finds no seat waits in a short queue of its flow, for a bounded time; else it is
 * told to come back (429). Streams (watches, logs) do not wait and take no seat from others.
 *
 * Nothing here knows of sockets or loops: one thread, and every call takes constant time. */
#ifndef LOGSHIP_API_FLOW_H
#define LOGSHIP_API_FLOW_H

#include "base/list.h"
#include "base/str.h"

#include <stdint.h>

enum flow_class { FLOW_READ, FLOW_LIST, FLOW_WRITE, FLOW_STREAM, FLOW_CLASSES };

enum flow_level {
    FLOW_EXEMPT,   /* never waits, is never refused */
    FLOW_SYSTEM,   /* nodes, schedulers and controllers that run outside */
    FLOW_WORKLOAD, /* service accounts */
    FLOW_USERS,    /* everybody else */
    FLOW_LEVELS
};

struct flow_who {
    enum flow_level level;
    struct str key; /* of the flow: a slice of the user's name */
};
/* `masters`: is in the group system:masters. */
struct flow_who flow_who_of(struct str user, bool masters);

struct flow_bounds {
    unsigned seats;   /* of a level */
    unsigned each;    /* of them, for one flow */
    unsigned waiting; /* requests of one flow that wait for a seat */
    unsigned wait_ms;
};
extern const struct flow_bounds flow_bounds_usual[FLOW_CLASSES];

struct flow;
struct flows;

/* A request's place; zeroed, it holds nothing. Stays where it is while it holds something. */
struct flow_ticket {
    struct list link;   /* seated: in the pool; waiting: in its flow */
    struct list by_age; /* of those that wait */
    struct flow *flow;  /* NULL: neither seated nor waiting */
    bool seated;
    uint64_t since_ms;
};

/* Calls for tickets that had to wait: `go` when it is seated, `refuse` when it waited too long (it
 * holds nothing then). They may enter and leave tickets. */
typedef void flow_call(struct flow_ticket *t);
/* `bounds` (one for each class) must stay good. */
struct flows *flows_new(const struct flow_bounds *bounds, flow_call *go, flow_call *refuse);
void flows_free(struct flows *f); /* tickets that still hold something lose it, without a call */
void flows_tick(struct flows *f, uint64_t now_ms); /* those that waited too long */

enum flow_verdict { FLOW_GO, FLOW_WAIT, FLOW_FULL };
enum flow_verdict flow_enter(struct flows *f, const struct flow_who *who, enum flow_class class,
                             struct flow_ticket *t, uint64_t now_ms);
/* Gives back the seat or the place in the queue, if any; who waits for it is called. */
void flow_leave(struct flow_ticket *t);

#endif
