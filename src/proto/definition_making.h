/* Making a definition: definition.c goes through the CRD, definition_version.c makes each version.
 * Private to the two. */
#ifndef LOGSHIP_PROTO_DEFINITION_MAKING_H
#define LOGSHIP_PROTO_DEFINITION_MAKING_H

#include "proto/definition.h"

struct making { /* a definition under way */
    struct definition *d;
    struct mp spec, names; /* the names that were accepted, if any were */
    struct error *err;
};

/* Copies that live as long as the definition. */
const char *making_text(struct making *m, struct mp v, const char *otherwise);
/* Fills in the version that `given` describes. */
int making_version(struct making *m, struct definition_version *v, const char *name,
                   struct mp given);

#endif
