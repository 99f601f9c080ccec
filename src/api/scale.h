/* autoscaling/v1 Scale: the part of an object that says how many. Where that is, a custom kind says
 * in its definition. */
#ifndef LOGSHIP_API_SCALE_H
#define LOGSHIP_API_SCALE_H

#include "proto/object.h"

struct request;

/* As msgpack. */
void scale_put_doc(const struct kind_version *version, const struct object *o, struct buf *out);
void scale_reply(struct request *r, const struct object *o);
/* Appends `whole` (Kubernetes form) with the replicas of `scale`; E_INVALID: there are none, or
 * they are negative. */
int scale_apply(const struct kind_version *version, struct mp whole, struct mp scale,
                struct buf *out, struct error *err);

#endif
