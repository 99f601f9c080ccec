/* What a plain scalar of YAML means. Private to yaml*.c. */
#ifndef LOGSHIP_PROTO_YAML_SCALAR_H
#define LOGSHIP_PROTO_YAML_SCALAR_H

#include "base/buf.h"
#include "base/str.h"

/* Appends the value: null, a boolean, a number, else the text. False: a number that documents
 * cannot hold (.inf, .nan). */
bool yaml_put_plain(struct str text, struct buf *out);

#endif
