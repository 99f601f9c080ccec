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
/* Calls for each value found, in order; `found` returns false when it has enough. */
typedef bool jsonpath_fn(void *ctx, struct mp value);
void jsonpath_each(const struct jsonpath *path, struct mp root, jsonpath_fn *found, void *ctx);
struct mp jsonpath_first(const struct jsonpath *path, struct mp root); /* or MP_END */

#endif
