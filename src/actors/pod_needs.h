/* Which config maps and secrets a pod's containers and volumes name. Pure. */
#ifndef LOGSHIP_ACTORS_POD_NEEDS_H
#define LOGSHIP_ACTORS_POD_NEEDS_H

#include "proto/object.h"

/* Calls once per mention, so the same name may come twice. The name points into body. */
typedef void pod_need_fn(void *ctx, const struct kind *kind, struct str name);
void pod_needs_each(struct mp body, pod_need_fn *fn, void *ctx);

#endif
