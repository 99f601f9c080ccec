/* From a compiled schema to the type tree that patches and server-side apply walk. Private to
 * definition*.c. */
#ifndef LOGSHIP_PROTO_DEFINITION_TYPE_H
#define LOGSHIP_PROTO_DEFINITION_TYPE_H

#include "proto/schema.h"
#include "proto/structural.h"

/* Of a whole object: apiVersion, kind and metadata are added. */
const struct type *definition_type(struct arena *memory, const struct structural *s,
                                   const char *name);

#endif
