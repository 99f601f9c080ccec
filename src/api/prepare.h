/* What the front door itself puts into objects before they become commands. Pure. */
#ifndef LOGSHIP_API_PREPARE_H
#define LOGSHIP_API_PREPARE_H

#include "proto/mp.h"
#include "proto/schema.h"

/* Appends `doc` with its place (name, namespace; name.p == NULL: left as it is), without
 * managedFields and selfLink; a Secret's stringData is merged into its data. */
void prepare_place(const struct kind *kind, struct mp doc, struct str name, struct str ns,
                   struct buf *out);
/* Appends `doc` with the status that a new object of its kind may bring; what else it begins with
 * is for its actor to say. A request to be signed bears the name of `user`, who asks. */
void prepare_new(const struct kind *kind, struct mp doc, struct str user, struct buf *out);
/* Appends `doc` with `generateName` as in `old`, whatever was given. */
void prepare_again(struct mp doc, struct mp old, struct buf *out);

#endif
