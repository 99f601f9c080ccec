/* The placement loop: which node should the next pod of this shape get.
 *
 * Keeps the nodes, the counts of pods per owner, and a class (class.h) for each kind of pod that
 * was placed lately. A placement costs O(log nodes), a class that is new O(nodes). Integers only,
 * and equals are told apart by the nodes' names: equal worlds give equal placements on every
 * master, however they got there. A bounded number of classes is kept, the one unused longest goes
 * first. Pure; core thread. */
#ifndef LOGSHIP_SCHEDULER_PLACER_H
#define LOGSHIP_SCHEDULER_PLACER_H

#include "actors/scheduler/class.h"

/* At most as many classes as have this many seats together (32 bytes each), within these limits. */
enum { CLASSES_SEATS = 512 * 1024, CLASSES_LEAST = 8, CLASSES_MOST = 256 };

struct placer {
    struct node_table nodes;
    struct spread spread;
    struct map classes; /* id -> class */
    struct list recent; /* classes, the most recently used first */
    uint32_t class_count;
    uint64_t work; /* nodes looked at, ever: what a turn is charged by */
};
void placer_init(struct placer *p);
void placer_free(struct placer *p);
void placer_clear(struct placer *p);
const struct pod_view *placer_view(struct placer *p, struct doc *body);
/* The best node for one more pod like this, or -1. Does not place it. */
int64_t placer_best(struct placer *p, const struct pod_view *pod);
/* A pod like this fitted nowhere when the nodes' sequence was `since`: did any node alter so that
 * it would fit now? Costs no more than what altered; asked too late, it says yes. */
bool placer_helped(struct placer *p, const struct pod_view *pod, uint64_t since);
/* A pod came to (sign 1) or went from (-1) a node. */
void placer_use(struct placer *p, istr node, const struct pod_view *pod, int sign);
/* A node is there, or says something new. false: nothing that matters here. */
bool placer_put_node(struct placer *p, struct object *node);
void placer_drop_node(struct placer *p, istr name);

#endif
