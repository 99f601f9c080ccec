/* The status of a pod as its node tells it, in Kubernetes' words. Pure. */
#ifndef LOGSHIP_NODE_POD_STATUS_H
#define LOGSHIP_NODE_POD_STATUS_H

#include "node/pod_worker.h"

struct pod_condition_state {
    bool set, value;
    int64_t since_s;
};

struct pod_facts {
    const struct pod_worker *worker;
    const char *host_ip;
    int64_t started_s;                             /* when the node took notice of the pod */
    struct pod_condition_state initialized, ready; /* kept up by pod_status_put */
};

/* told: the status that the masters hold; its PodScheduled condition and qosClass are kept. */
void pod_status_put(struct pod_facts *f, struct mp body, struct mp told, int64_t now_s,
                    struct buf *out);

#endif
