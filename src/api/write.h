/* What every writing verb needs: its options, its body as a document, and the way of a document
 * through admission. A function that returns false has answered the request. */
#ifndef LOGSHIP_API_WRITE_H
#define LOGSHIP_API_WRITE_H

#include "api/inner.h"

enum strictness { FIELDS_WARN, FIELDS_IGNORE, FIELDS_STRICT };

struct write_options {
    bool dry_run, patched; /* patched: the document is what a patch has left */
    enum strictness unknown_fields;
};
bool write_options_parse(struct request *r, struct write_options *out);

/* The body, JSON or protobuf, as msgpack. `type` (may be NULL: as the body's own kind says) is for
 * protobuf. An empty body leaves `out` empty when that is allowed. */
bool write_body(struct request *r, const struct type *type, bool may_be_empty, struct buf *out);
/* apiVersion and kind, when given, must be what the path serves. */
bool write_check_kind(struct request *r, struct mp doc);
/* metadata.namespace and (when the path has one) metadata.name, when given, must be the path's. */
bool write_check_place(struct request *r, struct mp doc);

/* Structure: appends the pruned document; unknown fields are dropped, warned of or refused. */
bool write_structure(struct request *r, const struct write_options *o, struct mp doc,
                     struct buf *out);
/* Defaults, what the write means given `old` (type MP_END: a new object), then validation; appends
 * the document. */
bool write_admit(struct request *r, struct mp doc, struct mp old, struct buf *out);
bool write_validate(struct request *r, struct mp doc, struct mp old);

/* A command for the route's object in the name of the request's user. */
struct command *write_command(struct request *r, enum command_op op, struct str name,
                              const struct write_options *o);

#endif
