/* Base64 as Go's standard encoding (RFC 4648 with padding; line breaks are skipped when read). */
#ifndef LOGSHIP_PROTO_BASE64_H
#define LOGSHIP_PROTO_BASE64_H

#include "base/buf.h"
#include "base/str.h"

void base64_encode(struct str bytes, struct buf *out);
bool base64_decode(struct str text, struct buf *out); /* false: out is as it was */

#endif
