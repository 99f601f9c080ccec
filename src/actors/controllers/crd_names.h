/* Which of the names that a CustomResourceDefinition wants it may have. */
#ifndef LOGSHIP_ACTORS_CRD_NAMES_H
#define LOGSHIP_ACTORS_CRD_NAMES_H

#include "actors/world.h"

/* The status with the names it gets and the conditions NamesAccepted and Established, given the
 * other definitions of its group; a new reference, the same bytes when nothing changes. */
struct doc *crd_names_status(struct world *w, const struct object *crd, int64_t now_s);

#endif
