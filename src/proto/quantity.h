/* Resource quantities ("100m", "1.5Gi", "2e3"), exact in thousandths. */
#ifndef LOGSHIP_PROTO_QUANTITY_H
#define LOGSHIP_PROTO_QUANTITY_H

#include "base/buf.h"
#include "base/str.h"

/* Value in thousandths of the unit, rounded up; saturates at INT64_MAX. false: not a quantity. */
bool quantity_milli(struct str text, int64_t *out);
bool quantity_value(struct str text, int64_t *out); /* whole units, rounded up */
/* Canonical text (Kubernetes' CanonicalizeBytes): no fraction, the largest suffix that fits, suffix
 * family of the input kept. "0.5" -> "500m", "1024Mi" -> "1Gi". Returns false if not a quantity. */
bool quantity_canonical(struct str text, struct buf *out);
void quantity_format_milli(int64_t milli, struct buf *out); /* decimal family */
/* Canonical, in the suffix family of another quantity. */
void quantity_format_like(int64_t milli, struct str like, struct buf *out);

#endif
