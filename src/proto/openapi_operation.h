/* What one may do at a path. Private to the proto room. */
#ifndef LOGSHIP_PROTO_OPENAPI_OPERATION_H
#define LOGSHIP_PROTO_OPENAPI_OPERATION_H

#include "proto/openapi.h"
#include "proto/openapi_spec.h"

enum operation_place {
    PLACE_COLLECTION,
    PLACE_OBJECT,
    PLACE_EVERYWHERE,
    PLACE_SUBRESOURCE,
    PLACE_WATCH,
    PLACE_WATCH_OBJECT,
    PLACE_WATCH_EVERYWHERE,
};

bool openapi_has_operations(enum operation_place place, uint32_t verbs);
/* Pairs of the open map, by method. `sub` or NULL. */
void openapi_put_operations(struct spec *s, const struct openapi_kind *k,
                            enum operation_place place, const struct subresource *sub);

#endif
