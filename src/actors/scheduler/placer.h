/* The placement loop: which node should the next pod of this shape get.
 *
 * Pods of one shape (requests, selector, tolerations, owner) are a class. A class keeps all nodes
 * in a heap ordered by how well they suit it: fewest pods of the same owner first, then the least
 * used. Taking the best is the top of the heap; placing a pod alters one node, and each class
 * catches up with the altered nodes when it is used next. So a placement costs O(log nodes), not
 * O(nodes). Integers only: equal inputs give equal placements on every master. At most CLASSES_MAX
 * classes are kept, the one unused longest goes first. Pure; core thread. */
#ifndef LOGSHIP_SCHEDULER_PLACER_H
#define LOGSHIP_SCHEDULER_PLACER_H

#include "actors/scheduler/fit.h"
#include "actors/scheduler/spread.h"
#include "base/list.h"

enum { CLASSES_MAX = 64 };

struct placer {
    struct node_table nodes;
    struct spread spread;
    struct map classes; /* shape -> class */
    struct list recent; /* classes, the most recently used first */
    uint32_t class_count;
};
void placer_init(struct placer *p);
void placer_free(struct placer *p);
void placer_clear(struct placer *p);
/* The best node for one more pod like this, or -1. Does not place it. */
int64_t placer_best(struct placer *p, const struct pod_view *view);
/* A pod came to or went from a node. */
void placer_use(struct placer *p, istr node, const struct pod_view *view, int sign);

#endif
