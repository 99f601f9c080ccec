/* The two halves of strategic merge: maps (patch_strategic.c) and merging lists (patch_list.c).
 * Private to them. */
#ifndef LOGSHIP_PROTO_PATCH_STRATEGIC_H
#define LOGSHIP_PROTO_PATCH_STRATEGIC_H

#include "proto/lookup.h"
#include "proto/patch.h"

/* What the schema knows about a map: its fields, or that all its values are of one type. */
struct shape {
    const struct type *fields, *values; /* both NULL: nothing is known; maps merge, lists replace */
};

int strategic_map(struct shape shape, struct mp target, struct mp patch, struct buf *out,
                  struct error *err);

/* A list that is merged. What is not given has type MP_END. */
struct list_patch {
    const struct field *field;
    struct mp target, patch;
    struct mp order;   /* $setElementOrder/field */
    struct mp deleted; /* $deleteFromPrimitiveList/field */
};
int strategic_list(const struct list_patch *list, struct buf *out, struct error *err);

/* What "$patch" says; E_INVALID for what is no directive. */
enum directive { DIRECTIVE_NONE, DIRECTIVE_REPLACE, DIRECTIVE_DELETE, DIRECTIVE_MERGE };
int strategic_directive(struct mp map, enum directive *out, struct error *err);

#endif
