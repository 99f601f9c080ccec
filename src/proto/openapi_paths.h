/* Paths and operations of kinds. Private to the proto room. */
#ifndef LOGSHIP_PROTO_OPENAPI_PATHS_H
#define LOGSHIP_PROTO_OPENAPI_PATHS_H

#include "proto/openapi.h"
#include "proto/openapi_spec.h"

/* Every path of this version of a kind, each with its operations. */
void openapi_put_paths(struct spec *s, const struct openapi_kind *k);

/* Sets of query parameters; see openapi_parameters.c. */
enum {
    QUERY_LIST = 1 << 0,
    QUERY_WRITE = 1 << 1,
    QUERY_FORCE = 1 << 2,
    QUERY_DELETE = 1 << 3,
    QUERY_DRY_RUN = 1 << 4,
    QUERY_LOG = 1 << 5,
    PATH_NAMESPACE = 1 << 6,
    PATH_NAME = 1 << 7,
    QUERY_ANY = 1 << 8, /* of every operation */
};
/* Elements of the open list: the parameters of these sets, by reference where that will do. */
void openapi_put_parameters(struct spec *s, unsigned sets);
/* The parameters themselves, pairs of the open map. */
void openapi_put_shared_parameters(struct spec *s);

#endif
