/* OpenAPI documents that were made once and are kept to be served: the built-in part for the whole
 * process, what custom kinds add for one instance of the API.
 *
 * A text is immutable and counted: it may be sent while a newer one already stands in its place.
 * The built-in texts are made under a lock, each once, in some ten milliseconds. */
#ifndef LOGSHIP_API_OPENAPI_LIBRARY_H
#define LOGSHIP_API_OPENAPI_LIBRARY_H

#include "base/digest.h"
#include "proto/openapi.h"

#include <stdatomic.h>

struct openapi_text {
    atomic_uint refs;
    char hash[DIGEST_HEX]; /* of the bytes */
    size_t len;
    char bytes[];
};
struct openapi_text *openapi_text_new(const struct buf *bytes); /* copies */
void openapi_text_unref(struct openapi_text *t);                /* NULL is fine */

enum openapi_document { OPENAPI_V2_JSON, OPENAPI_V2_PROTOBUF, OPENAPI_V3 };

/* The custom kinds that are served now; `stamps` differ whenever a definition does. */
struct openapi_customs {
    const struct openapi_kind *kinds;
    const uint64_t *stamps;
    size_t count;
};

struct openapi_library;
struct openapi_library *openapi_library_new(void);
void openapi_library_free(struct openapi_library *l); /* NULL is fine */
/* A reference to the document, made now if need be; of OPENAPI_V3 that of this group and version,
 * which must be served. One thread at a time for each library. */
struct openapi_text *openapi_library_get(struct openapi_library *l, enum openapi_document which,
                                         struct str group, struct str version,
                                         const struct openapi_customs *customs);

#endif
