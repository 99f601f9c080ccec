/* Compact JSON, for people: two spaces a level, as Kubernetes prints it for ?pretty. Fed in pieces,
 * cut anywhere. */
#ifndef LOGSHIP_PROTO_JSON_INDENT_H
#define LOGSHIP_PROTO_JSON_INDENT_H

#include "base/buf.h"
#include "base/str.h"

struct json_indent { /* zeroed */
    unsigned depth;
    bool in_string, escaped;
    bool opened; /* nothing stands yet behind the last bracket */
};
void json_indent(struct json_indent *s, struct str json, struct buf *out);

#endif
