/* Types of the schema tables as definitions of OpenAPI. Private to the proto room. */
#ifndef LOGSHIP_PROTO_OPENAPI_SCHEMA_H
#define LOGSHIP_PROTO_OPENAPI_SCHEMA_H

#include "proto/openapi.h"
#include "proto/openapi_spec.h"

/* Which types a document needs: those put in, and whatever their fields lead to. */
struct openapi_types {
    bool *types;      /* by their place in the table */
    uint32_t scalars; /* those that have a name of their own, a bit each */
};
void openapi_types_add(struct openapi_types *set, const struct type *type);
/* What every document needs: metadata, options, Status. */
void openapi_types_add_common(struct openapi_types *set);
void openapi_types_free(struct openapi_types *set);

/* A definition for each type of the set. */
void openapi_put_types(struct spec *s, const struct openapi_types *set);
/* That of the kind's list; of a custom kind also its own. */
void openapi_put_list(struct spec *s, const struct openapi_kind *k);
void openapi_put_custom(struct spec *s, const struct openapi_kind *k);

/* The definition's name of a kind, or of its list. */
void openapi_kind_name(const struct openapi_kind *k, bool list, struct buf *out);
/* "x-kubernetes-group-version-kind": of a definition a list, of an operation one map. */
void openapi_put_gvk(struct spec *s, bool list, const char *group, const char *version,
                     const char *kind);
/* A property that is a reference, and what is said about it. */
void openapi_put_ref_property(struct spec *s, const char *name, const char *type,
                              const char *about);

#endif
