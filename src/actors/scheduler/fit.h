/* May this pod go to this node: Kubernetes' filters, cheap to ask again and again.
 *
 * What the node object decides and what the pods on it decide are asked apart, because the second
 * alters with every placement and the first hardly ever. Pure. */
#ifndef LOGSHIP_SCHEDULER_FIT_H
#define LOGSHIP_SCHEDULER_FIT_H

#include "actors/scheduler/node_table.h"

/* Is there a node, does it take pods, does it suit. Alters only with the row's version. */
bool fit_allowed(const struct node_row *row, const struct pod_view *p);
/* How little the node likes the pod, or the pod the node: preferred affinity and PreferNoSchedule.
 * 0 is best; at most FIT_DISLIKE_MAX. Alters only with the row's version. */
enum { FIT_DISLIKE_MAX = 0xfffe };
uint32_t fit_dislike(const struct node_row *row, const struct pod_view *p);
/* Is there room: pods, resources, host ports. */
bool fit_room(const struct node_table *t, const struct node_row *row, const struct pod_view *p);
/* This one resource is short. */
static inline bool fit_short_of(const struct node_row *row, const struct pod_view *p, unsigned i)
{
    return p->requests.amount[i] > 0 &&
           p->requests.amount[i] + row->used.amount[i] > row->allocatable.amount[i];
}

#endif
