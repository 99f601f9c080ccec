/* Is this schema structural? What is asked of one before it is let in with its
 * CustomResourceDefinition; the words are Kubernetes'. Pure. */
#ifndef LOGSHIP_PROTO_STRUCTURAL_CHECK_H
#define LOGSHIP_PROTO_STRUCTURAL_CHECK_H

#include "proto/admit.h"

/* Adds what is wrong; `path` is that of the schema itself. */
void structural_check(struct mp schema, const char *path, struct causes *causes);

/* Between structural_check*.c only. */
struct schema_walk {
    struct buf path;
    struct causes *causes;
};
enum schema_level { LEVEL_ROOT, LEVEL_FIELD, LEVEL_ITEM };
void schema_forbid(struct schema_walk *w, const char *field, const char *why);
void schema_require(struct schema_walk *w, const char *field, const char *why);
void schema_invalid(struct schema_walk *w, const char *field, struct mp value, const char *why);
void schema_unsupported(struct schema_walk *w, const char *field, struct mp value,
                        const char *choices);
/* What lists and maps say of their identity, for server-side apply. */
void schema_check_lists(struct schema_walk *w, struct mp schema);
/* allOf, anyOf, oneOf and not, which may only restrict what the skeleton names. */
void schema_check_nested(struct schema_walk *w, struct mp schema);
/* A default must be what the schema would leave of it. */
void schema_check_default(struct schema_walk *w, struct mp schema);

#endif
