/* OpenAPI: what kinds there are, which fields they have and what one may do with them, for clients
 * that check, explain and generate. Made from the schema tables and from definitions of custom
 * kinds, never written by hand.
 *
 * One generator walks the tables and puts a document together as msgpack, in the words of version 2
 * or 3. From there it goes out as JSON, or (version 2 only: what kubectl insists on) as gnostic's
 * protobuf messages. Pure functions, for any thread; a whole version 2 takes some tens of
 * milliseconds: who serves it keeps it. */
#ifndef LOGSHIP_PROTO_OPENAPI_H
#define LOGSHIP_PROTO_OPENAPI_H

#include "base/buf.h"
#include "proto/mp.h"
#include "proto/schema.h"

/* One version of a kind. Of a custom one: with its schema. */
struct openapi_kind {
    const struct kind_version *version;
    const char *list_kind; /* NULL: the kind's name and "List" */
    struct mp schema;      /* openAPIV3Schema of a custom kind; MP_END: it has none */
};

enum openapi_form { OPENAPI_JSON, OPENAPI_PROTOBUF };

/* The document of version 2: all built-in kinds, and these. */
void openapi_v2_put(enum openapi_form form, const struct openapi_kind *more, size_t count,
                    struct buf *out);
/* The document of version 3 (JSON) of one group and version: the built-in kinds of it, and those of
 * `more` that belong there. */
void openapi_v3_put(struct str group, struct str version, const struct openapi_kind *more,
                    size_t count, struct buf *out);

#endif
