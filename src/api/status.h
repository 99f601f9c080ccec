/* Status objects: how every refusal (and a few successes) looks on the wire, in Kubernetes' words.
 */
#ifndef LOGSHIP_API_STATUS_H
#define LOGSHIP_API_STATUS_H

#include "base/buf.h"
#include "proto/admit.h"

struct status {
    int code;
    const char *reason; /* NULL: the usual one for the code */
    const char *message;
    /* details; an empty group and absent texts are left out */
    struct str name;
    const char *group, *kind;
    const char *uid;
    const struct causes *causes;
    unsigned retry_after_s;
    const char *next; /* a continue token, where there may be a rest */
};

/* Appends the JSON. Codes below 400 say Success. */
void status_put(const struct status *s, struct buf *json);
const char *status_reason(int code);
/* "pods" or "replicasets.apps": how messages name a resource. */
void status_resource(const struct kind_version *v, struct buf *out);
/* 'Deployment.apps "x" is invalid: spec.replicas: Invalid value: -1: ...'; the core's is "". */
void status_invalid_message(const char *group, const char *kind, struct str name,
                            const struct causes *causes, struct buf *out);

#endif
