/* Msgpack to YAML, for clients that ask for it. What yaml_parse makes of it is the same document.
 */
#ifndef LOGSHIP_PROTO_YAML_WRITE_H
#define LOGSHIP_PROTO_YAML_WRITE_H

#include "base/buf.h"
#include "proto/mp.h"

/* Appends the document and a newline. E_INVALID: a text in it cannot be said in YAML (it is not
 * UTF-8); nothing is appended then. */
int yaml_write(struct mp v, struct buf *out);

#endif
