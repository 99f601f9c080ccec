/* Nodes as remote actors: what the core knows of the agents that are connected, and what it tells
 * them.
 *
 * A subscriber with one index, node -> pods, kept warm on every master; only the leader talks to
 * nodes. It turns committed changes into messages for the node they concern, and reports of nodes
 * into commands. Nodes connect to edges (an edge is one thread's listener,
 * src/master/node_gateway); the core and an edge exchange batches: at most one note each way per
 * turn, however many pods it speaks of.
 *
 * Heartbeats end here and in the node lifecycle controller; they are never facts. A closed link
 * means nothing by itself: the node reconnects, or its heartbeat runs out. Core thread only, but
 * for remote_batch_free. */
#ifndef LOGSHIP_ACTORS_REMOTES_H
#define LOGSHIP_ACTORS_REMOTES_H

#include "actors/system.h"
#include "proto/nodewire.h"

struct remotes;

struct remotes_options {
    struct system *system;
    unsigned heartbeat_ms; /* what nodes are told; 0: 10,000 */
    /* Where nodes find the leader ("host:port"), or NULL when that is not known. */
    const char *(*leader)(void *ctx);
    void *ctx;
    void (*beat)(void *beats, istr node, uint64_t now_ms); /* a sign of life of a node's agent */
    void *beats;
};
struct remotes *
remotes_new(const struct remotes_options *options); /* subscribes to the system's world */
void remotes_free(struct remotes *r);

/* Core to edge. */
struct remote_need {
    const struct kind *kind;
    struct str name;       /* points into the pod's body */
    struct object *object; /* a reference, or NULL: there is none */
};
struct remote_message {
    enum nodewire_type type;
    uint64_t link;
    bool closes; /* close the link after this one */
    unsigned heartbeat_ms;
    struct uid uid;
    struct object *pod; /* a reference, or NULL */
    struct remote_need *needs;
    size_t need_count;
    char *address, *text; /* owned, or NULL */
};
struct remote_batch {
    struct note note;
    struct remote_edge *edge;
    struct remote_message *items;
    size_t count, cap;
};
void remote_batch_free(struct remote_batch *b); /* any thread */

/* An edge, embedded in the gateway. */
struct remote_edge {
    struct list link;
    struct inbox *home;
    void (*deliver)(struct remote_edge *e,
                    struct remote_batch *b); /* home thread; takes the batch */
    struct remote_batch *open;               /* the core's: what gathers for the next note */
};
void remotes_attach(struct remotes *r, struct remote_edge *e);
void remotes_detach(struct remotes *r, struct remote_edge *e); /* its nodes count as disconnected */

/* Edge to core. `type` is one of the node-to-master messages, or REPORT_CLOSED. */
enum { REPORT_CLOSED = 0 };
struct remote_report {
    int type;
    uint64_t link;
    istr node, ns;
    char *name; /* owned */
    struct uid uid;
    uint64_t revision;
    struct doc *body, *status; /* references, or NULL */
};
/* Takes what the reports own (not the array). */
void remotes_report(struct remotes *r, struct remote_edge *e, struct remote_report *reports,
                    size_t count);
void remote_report_free(struct remote_report *report); /* any thread: drops what it owns */

/* Who is connected, for /logship/status. */
size_t remotes_connected(const struct remotes *r);

#endif
