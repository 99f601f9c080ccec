/* The JSON of a whole object, mostly from text that was made before.
 *
 * Bodies and statuses are documents that many objects share (doc.h), so their JSON is kept, for a
 * while and for each thread, under the document's address: an event about one pod of ten thousand
 * costs its names and numbers. The kept text holds a reference to its document; what is used least
 * lately makes room. */
#ifndef LOGSHIP_API_RENDER_H
#define LOGSHIP_API_RENDER_H

#include "proto/object.h"

/* Appends {"apiVersion":..,"kind":..,"metadata":..,...}; `bare` leaves apiVersion and kind out, as
 * the items of a list do. The object is open (its secrets in clear) and the same values stand in it
 * as object_put_doc would give. */
void render_object(const struct object *o, const struct kind_version *version, bool bare,
                   struct buf *json);
/* Only the metadata object. */
void render_metadata(const struct object *o, struct buf *json);

#endif
