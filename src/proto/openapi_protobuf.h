/* An OpenAPI 2 document in the protobuf messages of gnostic, which kubectl reads instead of JSON.
 * Private to the proto room. */
#ifndef LOGSHIP_PROTO_OPENAPI_PROTOBUF_H
#define LOGSHIP_PROTO_OPENAPI_PROTOBUF_H

#include "base/buf.h"
#include "proto/mp.h"

/* Appends the message Document. What the messages have no field for is left out. */
void openapi_put_protobuf(struct mp document, struct buf *out);

#endif
