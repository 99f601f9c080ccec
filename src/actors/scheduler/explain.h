/* Why a pod fits nowhere, in Kubernetes' words. */
#ifndef LOGSHIP_SCHEDULER_EXPLAIN_H
#define LOGSHIP_SCHEDULER_EXPLAIN_H

#include "actors/scheduler/fit.h"

/* "0/5 nodes are available: 2 node(s) were unschedulable, 3 Insufficient cpu." Asks every node. */
void explain(const struct node_table *t, const struct pod_view *p, struct buf *out);

#endif
