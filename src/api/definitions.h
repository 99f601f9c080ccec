/* The custom kinds that this instance of the API serves: definitions compiled from the
 * CustomResourceDefinitions that the feed tells of.
 *
 * Belongs to the instance's thread, without locks. It follows the feed, so another master may serve
 * a new kind a moment earlier; a path that nobody knows here is therefore looked at again after a
 * linearizable read (dispatch.c) before it is answered with 404. */
#ifndef LOGSHIP_API_DEFINITIONS_H
#define LOGSHIP_API_DEFINITIONS_H

#include "proto/definition.h"

struct api;
struct definitions;
struct feed_batch;

struct definitions *definitions_new(struct api *a);
void definitions_free(struct definitions *d);

/* From the feed (watch_hub.c), after the watches saw it. */
void definitions_started(struct definitions *d); /* also when continuity was broken */
void definitions_batch(struct definitions *d, const struct feed_batch *b);
void definitions_put(struct definitions *d, const struct object *crd);
void definitions_remove(struct definitions *d, struct str key);

/* The served ones, in order of group and resource. Borrowed: take a reference to keep one. */
size_t definitions_count(const struct definitions *d);
struct definition *definitions_at(const struct definitions *d, size_t i);
/* d may be NULL: there are none. NULL: there is no such kind, or not in this version. */
const struct definition_version *definitions_find(const struct definitions *d, struct str group,
                                                  struct str version, struct str resource);
/* version.p NULL: any. */
bool definitions_have(const struct definitions *d, struct str group, struct str version);

#endif
