/* The body of protobuf_decode: one message, field by field. Private to the proto room. */
#ifndef LOGSHIP_PROTO_PROTOBUF_FIELDS_H
#define LOGSHIP_PROTO_PROTOBUF_FIELDS_H

#include "base/buf.h"
#include "base/error.h"
#include "proto/schema.h"

/* Appends key and value of every field that the message has; *count grows by their number. On
 * failure out holds part of them. Texts are not checked to be UTF-8. */
int protobuf_put_fields(const struct type *type, struct str message, struct buf *out,
                        uint32_t *count, struct error *err);

/* What is decoded where, and how deep we are in it. */
struct protobuf {
    struct buf *out;
    struct error *err;
    unsigned depth;
};
int protobuf_put_message(struct protobuf *d, const struct type *type, struct str message);
/* One value of a SCALAR_ANY, whose message has a form of its own. */
int protobuf_put_any(struct protobuf *d, const struct field *f, struct str message);

#endif
