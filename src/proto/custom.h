/* Custom objects between the client and the core, as admit.h is for built-in ones: what admit.h,
 * object.h and table.h do when the kind is a custom one. Pure. */
#ifndef LOGSHIP_PROTO_CUSTOM_H
#define LOGSHIP_PROTO_CUSTOM_H

#include "proto/admit.h"
#include "proto/definition.h"

/* As admit_structure: metadata like anybody's, the rest as the schema says. What is of a wrong type
 * below metadata is left for validation to tell. */
int custom_structure(const struct definition_version *v, struct mp doc, struct buf *out,
                     struct causes *unknown, struct error *err);
/* The stored object as this version shows it: pruned and defaulted as its schema says today. */
void custom_put_doc(const struct definition_version *v, const struct object *o, struct buf *out);
/* One row's JSON array of cells. */
void custom_put_cells(const struct definition_version *v, const struct object *o, int64_t now_s,
                      struct buf *json);

#endif
