/* A class: pods that suit the same nodes equally well, and all nodes in the order in which they
 * suit.
 *
 * Pods of one shape (requests, selector, affinity, tolerations, ports) are a class; so are, apart
 * from them, the pods of one large owner, because they are also spread. For each zone a class keeps
 * its nodes in a heap: what the pods like less comes later, then nodes with more pods of the same
 * owner, then the busier. Taking the best looks at the tops; a pod placed alters one node, and the
 * class catches up with what altered when it is used next. Pure; core thread. */
#ifndef LOGSHIP_SCHEDULER_CLASS_H
#define LOGSHIP_SCHEDULER_CLASS_H

#include "actors/scheduler/fit.h"
#include "actors/scheduler/spread.h"
#include "base/list.h"

struct class_id {
    struct digest shape;
    uint64_t group; /* 0: not one owner's own class */
};

/* How a node stands in a class. */
struct seat {
    uint64_t version; /* of the row, when `dislike` was worked out */
    uint32_t at;      /* position in its heap */
    uint16_t dislike; /* UINT16_MAX: not allowed */
    uint16_t zone;    /* whose heap */
};

/* All that is compared lies in the heap itself, next to each other. */
struct heap_item {
    uint64_t key; /* smaller suits better */
    uint32_t lot; /* decides between equal keys */
    uint32_t place;
};
struct zone_heap {
    struct heap_item *items;
    uint32_t count, cap;
};

struct class
{
    struct list link; /* for the owner's use */
    struct class_id id;
    uint64_t sequence; /* of the first alteration not yet taken in */
    struct seat *seats;
    uint32_t count, cap;
    struct zone_heap zones[ZONES_MAX];
};

struct nodes_and_pods {
    const struct node_table *nodes;
    const struct spread *spread;
};

struct class *class_new(const struct class_id *id);
void class_free(struct class *c);
/* Takes in what altered since the last time. Answers how many nodes it looked at. */
uint32_t class_catch_up(struct class *c, const struct nodes_and_pods *w,
                        const struct pod_view *pod);
/* The best node for one more pod of this group, or -1. The group is the class's own, or one of at
 * most CLASS_SMALL_GROUP pods: then the search passes over the few nodes that have some. */
enum { CLASS_SMALL_GROUP = 32 };
int64_t class_best(const struct class *c, const struct nodes_and_pods *w, uint64_t group);

#endif
