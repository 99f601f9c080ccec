/* The Event that a node tells about a pod, as the kubelet words them. Pure. */
#ifndef LOGSHIP_NODE_POD_EVENT_H
#define LOGSHIP_NODE_POD_EVENT_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct pod_event {
    struct str ns, pod, uid;  /* of the pod */
    struct str container;     /* empty: of the pod as a whole */
    struct str host, message; /* host: the node's name */
    const char *reason;
    bool warning;
    int64_t at_s;
};
void pod_event_put(const struct pod_event *e, struct buf *out);

/* A name for it that no other Event of this pod has while `number` counts. To be freed. */
char *pod_event_name(const struct pod_event *e, uint64_t number);

#endif
