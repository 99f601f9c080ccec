/* The objects that every cluster has from the start, as a table. */
#ifndef LOGSHIP_ACTORS_BOOTSTRAP_H
#define LOGSHIP_ACTORS_BOOTSTRAP_H

#include "actors/system.h"

struct first_object {
    const struct kind *const *kind;
    const char *ns, *name; /* ns NULL: cluster-scoped */
    /* A new reference, or NULL when what it would tell is not known here. */
    struct doc *(*body)(const struct system_options *given);
    const char *kept; /* the part of the body that is put right again; NULL: only its being there */
};
extern const struct first_object bootstrap_objects[];
extern const unsigned bootstrap_count;

const struct first_object *bootstrap_find(const struct kind *kind, istr ns, struct str name);

/* The first address of the range for services: that of the masters. */
#define BOOTSTRAP_SERVICE_IP "10.96.0.1"

#endif
