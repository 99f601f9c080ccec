/* The JSONPath of printer columns and scale subresources: .a.b, ['a'], [0], [-1], [*], .*, and
 * filters such as [?(@.type=="Ready")]. A compiled path lives in its arena and may be used by any
 * thread. */
#ifndef LOGSHIP_PROTO_JSONPATH_H
#define LOGSHIP_PROTO_JSONPATH_H

#include "base/arena.h"
#include "base/error.h"
#include "proto/mp.h"

struct jsonpath;

/* `text` with or without the dot in front. */
int jsonpath_compile(struct arena *memory, struct str text, const struct jsonpath **out,
                     struct error *err);
/* The first value that it leads to, or MP_END. */
struct mp jsonpath_first(const struct jsonpath *path, struct mp root);

#endif
