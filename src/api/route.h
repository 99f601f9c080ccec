/* From a path to what it names. Pure: slices of the result point into the path. */
#ifndef LOGSHIP_API_ROUTE_H
#define LOGSHIP_API_ROUTE_H

#include "api/definitions.h"

enum route_type {
    ROUTE_OTHER,    /* not under /api or /apis: looked up in the table of plain paths */
    ROUTE_CORE,     /* /api */
    ROUTE_GROUPS,   /* /apis */
    ROUTE_GROUP,    /* /apis/apps */
    ROUTE_VERSION,  /* /api/v1, /apis/apps/v1 */
    ROUTE_RESOURCE, /* everything below */
    ROUTE_UNKNOWN,  /* under /api or /apis, but there is no such thing */
};

struct route {
    enum route_type type;
    struct str group, version; /* group is empty for the core */
    const struct kind *kind;
    const struct kind_version *served;
    const struct subresource *sub; /* or NULL */
    struct str ns;                 /* p == NULL: all namespaces, or cluster-scoped */
    struct str name;               /* p == NULL: a collection */
    bool watch;                    /* the old /watch/ paths */
    struct str connect;            /* exec, proxy: what this API does not carry; n == 0: none */
    bool bindings;                 /* POST .../bindings: the pod's name is in the body */
};

/* `path` is decoded. Trailing slashes do not matter. */
/* `d` (may be NULL) has the custom kinds; what the route then points to lives as long as their
 * definition. */
struct route route_parse(struct str path, const struct definitions *d);
const struct subresource *route_subresource(const struct kind *kind, struct str name);

#endif
