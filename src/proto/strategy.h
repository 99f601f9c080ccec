/* What a write means, given what was there before: numbers that the cluster has filled in and the
 * client left out are kept, and fields that mean nothing any more go. After the defaults and before
 * validation, as in Kubernetes, and by kind. Pure. */
#ifndef LOGSHIP_PROTO_STRATEGY_H
#define LOGSHIP_PROTO_STRATEGY_H

#include "proto/mp.h"
#include "proto/schema.h"

/* Both in Kubernetes' stored form; old.type == MP_END: a new object. False: `doc` stays as it is,
 * and nothing was appended. */
bool strategy_apply(const struct kind *kind, struct mp doc, struct mp old, struct buf *out);

/* strategy_service.c: appends the merge patch that leads from `spec` to what is meant; its pairs.
 */
uint32_t strategy_service(struct mp spec, struct mp old, struct buf *patch);

#endif
