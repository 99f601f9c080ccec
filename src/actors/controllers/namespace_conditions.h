/* What keeps a terminating namespace, as its status tells it: what is left in it, and the
 * finalizers that hold that. */
#ifndef LOGSHIP_ACTORS_NAMESPACE_CONDITIONS_H
#define LOGSHIP_ACTORS_NAMESPACE_CONDITIONS_H

#include "actors/world.h"

/* The status with these conditions, a new reference; NULL: it says just that already. `refused`:
 * why something could not be deleted, or NULL. Walks over all that is in the namespace. */
struct doc *namespace_conditions(struct world *w, const struct object *ns, const char *refused,
                                 int64_t now_s);

#endif
