/* Which nodes a pod asks for by their labels or name, and which it would like. Pure. */
#ifndef LOGSHIP_SCHEDULER_AFFINITY_H
#define LOGSHIP_SCHEDULER_AFFINITY_H

#include "proto/object.h"

/* spec.nodeSelector: every label has just this value. */
bool affinity_selects(struct mp node_selector, const struct object *node);
/* spec.affinity.nodeAffinity, the required part; absent allows every node. */
bool affinity_allows(struct mp node_affinity, const struct object *node);
/* The preferred part: the sum of the weights of the terms that match. */
int64_t affinity_weight(struct mp node_affinity, const struct object *node);

#endif
