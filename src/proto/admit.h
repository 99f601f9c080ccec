/* What happens to a document between the client and the core: defaults, pruning of unknown fields,
 * validation. Pure; tables from the schema, kind-specific rules in rules_*.c. */
#ifndef LOGSHIP_PROTO_ADMIT_H
#define LOGSHIP_PROTO_ADMIT_H

#include "base/error.h"
#include "proto/mp.h"
#include "proto/schema.h"

/* One failed check; becomes a cause in a Status of reason Invalid. */
struct cause {
    const char *reason; /* FieldValueRequired, FieldValueInvalid, FieldValueNotSupported,
                           FieldValueForbidden, FieldValueDuplicate, FieldValueTooLong */
    char *field;        /* spec.containers[0].name */
    char *message;      /* "Required value", as Kubernetes words it */
};
struct causes {
    struct cause *items;
    size_t count, cap;
};
void causes_add(struct causes *c, const char *reason, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void causes_free(struct causes *c);

/* Structure: a wrong type is an error (E_INVALID, "spec.replicas: expected an integer, got a
 * string"). Unknown fields are dropped; each is reported to `unknown` (may be NULL: not reported)
 * as a path. Explicit nulls are dropped; quantities, times and base64 get their usual form. Appends
 * the pruned document to out. */
int admit_structure(const struct type *type, struct mp doc, struct buf *out, struct causes *unknown,
                    struct error *err);
/* Appends the document with defaults filled in (defaults.tsv and defaults_*.c). */
void admit_defaults(const struct kind *kind, struct mp doc, struct buf *out);
/* As one version of it has them, which is not the stored one. */
void admit_version_defaults(const struct kind_version *version, struct mp doc, struct buf *out);
/* Checks a new object (old.type == MP_END) or an update of old; adds to causes. Both in Kubernetes
 * form. `subresource` NULL or "status". */
void admit_validate(const struct kind *kind, struct mp doc, struct mp old, const char *subresource,
                    struct causes *causes);

#endif
