/* What the scheduler wants to know of a pod, worked out once for each distinct body and kept with
 * it (doc.h: view), so that ten thousand pods of one template are parsed once. Core thread. */
#ifndef LOGSHIP_SCHEDULER_POD_VIEW_H
#define LOGSHIP_SCHEDULER_POD_VIEW_H

#include "actors/scheduler/node_table.h"

struct pod_view {
    struct resource_row requests;
    struct digest shape;    /* of all that decides where a pod may and should go */
    struct str selector;    /* raw: spec.nodeSelector, or p == NULL; points into the body */
    struct str tolerations; /* raw, likewise */
    uint64_t group;         /* pods of one owner are spread; 0: no owner */
    bool ours;              /* schedulerName is ours */
};
const struct pod_view *pod_view(struct node_table *t, struct doc *body);

#endif
