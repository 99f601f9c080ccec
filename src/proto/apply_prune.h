/* Of an apply: what the applier's last configuration said, the new one says no more, and nobody
 * owns goes. */
#ifndef LOGSHIP_PROTO_APPLY_PRUNE_H
#define LOGSHIP_PROTO_APPLY_PRUNE_H

#include "proto/apply.h"

struct prune {
    const struct apply *apply;
    struct arena *arena;
    const struct managers *managers; /* the applier with its new configuration */
    const struct fieldset *last;     /* what it owned before, in a version of then */
    struct str last_version;
};
/* Appends the merged object without what goes; both in the applier's version. */
void apply_prune(const struct prune *p, struct mp merged, struct buf *out);

#endif
