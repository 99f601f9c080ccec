/* Taints keep pods away from a node unless they tolerate them. Pure. */
#ifndef LOGSHIP_SCHEDULER_TAINTS_H
#define LOGSHIP_SCHEDULER_TAINTS_H

#include "proto/mp.h"

/* Does a list of tolerations bear this taint? */
bool taints_tolerated(struct mp tolerations, struct mp taint);
/* The first taint that keeps the pod away (NoSchedule, NoExecute), or MP_END. */
struct mp taints_repelling(struct mp taints, struct mp tolerations);
/* How many taints would rather not have it (PreferNoSchedule). */
unsigned taints_disliking(struct mp taints, struct mp tolerations);
/* Does the pod not mind that a node is cordoned? */
bool taints_bear_cordon(struct mp tolerations);

#endif
