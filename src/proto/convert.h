/* Versions of one kind over one stored object.
 *
 * An object is stored in the form of its kind's first version. The lines of conversions.tsv say how
 * the other versions differ: fields that are called differently, and functions (convert_*.c) for
 * objects that are built differently. A version without such lines has the stored form, and its
 * documents are not touched. Everything that admission, controllers and nodes see is the stored
 * form; clients see their version's: on the way in a document is converted after its structure was
 * checked, on the way out when it is put together. Pure. */
#ifndef LOGSHIP_PROTO_CONVERT_H
#define LOGSHIP_PROTO_CONVERT_H

#include "proto/mp.h"
#include "proto/schema.h"

/* Its documents look different from stored ones. */
static inline bool convert_needed(const struct kind_version *v)
{
    return v->type->conversions_below;
}
/* A version may also have defaults of its own: they come before the conversion. */
static inline bool convert_defaults(const struct kind_version *v)
{
    return v != v->kind->versions && v->type->defaults_below && !v->kind->custom;
}

/* Appends the document in the stored form; its apiVersion stays. The document is right in structure
 * for the version. */
void convert_to_stored(const struct kind_version *v, struct mp doc, struct buf *out);
/* Appends a stored document as this version shows it; its apiVersion stays. What the version has no
 * place for is left out. */
void convert_from_stored(const struct kind_version *v, struct mp doc, struct buf *out);
/* Appends what a stored field ("spec.defaultBackend.service") is called in this version, as far as
 * only names differ. */
void convert_field_name(const struct kind_version *v, const char *field, struct buf *out);

/* One value of a type that some version has, for functions that keep it elsewhere. */
void convert_value_to(const struct type *type, const struct type *stored, struct mp v,
                      struct buf *out);
void convert_value_from(const struct type *type, const struct type *stored, struct mp v,
                        struct buf *out);

#endif
