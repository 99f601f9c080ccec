/* May this pod go to this node, and if not, why: Kubernetes' filters and their wording. Pure. */
#ifndef LOGSHIP_SCHEDULER_FIT_H
#define LOGSHIP_SCHEDULER_FIT_H

#include "actors/scheduler/pod_view.h"

/* The cheap part: does the pod fit into what is left. */
bool fit_resources(const struct node_table *t, const struct node_row *row,
                   const struct pod_view *p);
/* Everything else: exists, schedulable, selector, taints. Alters only when the node object does. */
bool fit_allowed(const struct node_row *row, const struct pod_view *p);
/* "0/5 nodes are available: 2 node(s) were unschedulable, 3 Insufficient cpu." */
void fit_explain(const struct node_table *t, const struct pod_view *p, struct buf *out);
/* Does a list of tolerations bear this taint? */
bool fit_tolerates(struct mp tolerations, struct mp taint);

#endif
