/* Secrets: what they hold leaves the edge only sealed, and is opened only where it is read.
 *
 * A sealed body has, in place of "data" and of the annotation in which kubectl apply keeps a copy
 * of it, one bin "sealed": a nonce and a libsodium secretbox over {"data": ..., "applied": ...}.
 * Equal content keeps its sealed form from version to version, so that an update that changes
 * nothing stays one. */
#ifndef LOGSHIP_API_SEAL_H
#define LOGSHIP_API_SEAL_H

#include "proto/object.h"

/* Takes the caller's reference to the body, returns one to the sealed one. `before`: the version it
 * replaces, or NULL. */
struct doc *seal_close(const unsigned char *key, struct doc *body, const struct object *before);

/* A new reference: to `o` itself when nothing in it is sealed or it cannot be opened (another key;
 * it then still has its "sealed"), else to an opened copy that goes no further than the edge. */
struct object *seal_open(const unsigned char *key, struct object *o);

#endif
