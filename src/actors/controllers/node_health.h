/* Inside the node lifecycle controller (node_lifecycle.c, node_*.c). */
#ifndef LOGSHIP_ACTORS_NODE_HEALTH_H
#define LOGSHIP_ACTORS_NODE_HEALTH_H

#include "actors/controllers/agenda.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/recorder.h"

struct watched_node {
    struct lifecycle *lifecycle;
    istr name;
    struct object *object; /* the world's; NULL: pods name a node that does not exist */
    struct map pods;       /* uid -> struct object, the world's current version */
    struct list by_beat;   /* in lifecycle.fresh; not linked: unheard for too long */
    struct agenda_item agenda;
    uint64_t beat_ms;
    uint64_t since_ms; /* when we began to see it tainted NoExecute, or gone; 0: neither */
    bool ready;        /* counted in lifecycle.ready */
    bool marks;        /* its pods are to be marked not ready */
    uint32_t flying;   /* commands on their way */
    uint64_t cause;
};

struct lifecycle {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    struct controller_times times;
    istr who;
    struct recorder *recorder;
    struct map nodes;  /* name -> struct watched_node */
    struct list fresh; /* those that were heard, longest ago first */
    struct agenda agenda;
    uint32_t ready;
    uint64_t now_ms;
    uint64_t filled_ms, tokens; /* for evictions, in thousandths */
};

/* node_index.c */
struct watched_node *watched_of(struct lifecycle *l, istr name); /* made when there is none */
void watched_release(struct watched_node *n);                    /* freed if nothing needs it */
void watched_look(struct watched_node *n, uint64_t revision);
void watched_heard(struct watched_node *n, uint64_t now_ms);
void watched_pod(struct lifecycle *l, const struct object *before, struct object *after,
                 uint64_t revision);
/* The node's object changed; release afterwards. */
void watched_object(struct lifecycle *l, struct watched_node *n, bool was_there,
                    struct object *after, uint64_t revision);
void watched_forget(struct lifecycle *l);
static inline bool watched_stale(const struct watched_node *n)
{
    return list_empty(&n->by_beat);
}
void watched_send(struct watched_node *n, struct command *command); /* counts it in flying */
/* The pods on the node, oldest first; mem_free'd by the caller. */
struct object **watched_pods(const struct watched_node *n, size_t *count);

/* node_taints.c. Both NULL when there is nothing to change; else a new reference. */
struct doc *node_silent_status(const struct object *node, int64_t now_s);
struct doc *node_tainted_body(const struct object *node, int64_t now_s);
struct str node_condition(const struct object *node,
                          const char *type); /* its status, or p == NULL */
bool node_has_no_execute(const struct object *node);
bool node_taint_is_ours(struct mp taint);
/* How long a pod may stay on the node: seconds since the taints came, -1: forever. */
int64_t node_pod_patience(const struct object *node, const struct object *pod);

/* node_evict.c; each returns whether it sent something. */
void node_mark_pods(struct watched_node *n);
void node_evict(struct watched_node *n);
void node_collect_pods(struct watched_node *n);

#endif
