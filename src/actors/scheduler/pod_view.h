/* What the scheduler wants to know of a pod, worked out once for each distinct body and kept with
 * it (doc.h: view), so that ten thousand pods of one template are parsed once. Core thread. */
#ifndef LOGSHIP_SCHEDULER_POD_VIEW_H
#define LOGSHIP_SCHEDULER_POD_VIEW_H

#include "actors/scheduler/ports.h"
#include "actors/scheduler/resources.h"
#include "proto/doc.h"

struct pod_view {
    struct resource_row requests;
    struct str unplaced;   /* a resource that is not counted any more, or p == NULL: fits nowhere */
    struct digest shape;   /* of all that decides where a pod may go */
    struct mp selector;    /* spec.nodeSelector; this and the next two point into the body */
    struct mp affinity;    /* spec.affinity.nodeAffinity */
    struct mp tolerations; /* spec.tolerations */
    struct host_ports ports;
    uint64_t group; /* pods of one owner are spread; 0: no owner */
    int32_t priority;
    bool ours; /* schedulerName is ours */
};
const struct pod_view *pod_view(struct resource_names *names, struct doc *body);

#endif
