/* autoscaling/v1 Scale: the part of a replica set or replication controller that says how many. */
#ifndef LOGSHIP_API_SCALE_H
#define LOGSHIP_API_SCALE_H

#include "proto/object.h"

struct request;

void scale_put_doc(const struct object *o, struct buf *out); /* as msgpack */
void scale_reply(struct request *r, const struct object *o);
/* Appends `whole` (Kubernetes form) with spec.replicas as in `scale`; E_INVALID: there is none, or
 * it is negative. */
int scale_apply(struct mp whole, struct mp scale, struct buf *out, struct error *err);

#endif
