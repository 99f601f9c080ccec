/* Server-side apply: a configuration laid over the live object, with owners.
 *
 * Whoever applies owns what the configuration says. What others own and the configuration changes
 * is a conflict, unless it is forced: then they lose it. What the applier said the last time, says
 * no more, and nobody else owns goes away. Pure; the caller admits and stores the outcome. */
#ifndef LOGSHIP_PROTO_APPLY_H
#define LOGSHIP_PROTO_APPLY_H

#include "proto/admit.h"
#include "proto/managed.h"

struct apply {
    struct writer writer;
    bool force;
    struct mp live;   /* Kubernetes form with its managedFields; MP_END: there is none yet */
    struct mp config; /* admitted in structure, without managedFields */
};

/* Appends the next object (its metadata still has the old managedFields) and its new managedFields.
 * E_INVALID: the configuration names an element twice. E_CONFLICT: `conflicts` gets a cause for
 * each field, and nothing is appended. */
int apply_config(const struct apply *a, struct buf *out, struct buf *managed,
                 struct causes *conflicts, struct error *err);

/* "Apply failed with 1 conflict: conflict with "a" using apps/v1: .spec.replicas" */
void apply_conflict_message(const struct causes *conflicts, struct buf *out);

#endif
