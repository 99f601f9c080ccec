/* Changing one place of a document: what actors and controllers do when they rewrite a finalizer, a
 * taint or an owner. Pure; the rest of the document keeps its bytes and its order. */
#ifndef LOGSHIP_ACTORS_EDIT_H
#define LOGSHIP_ACTORS_EDIT_H

#include "proto/doc.h"

/* Appends `map` with the value at the dotted path (keys without dots) replaced by the encoded
 * value, added when it was not there, or taken out when value.p is NULL. What is no map on the way
 * counts as an empty one. */
void edit_put(struct buf *out, struct mp map, const char *path, struct str value);
/* The same from document to document; returns a new reference. */
struct doc *edit_doc(const struct doc *d, const char *path, struct str value);
static inline struct str edit_value(const struct buf *b)
{
    return (struct str){b->data, b->len};
}

#endif
