/* Kubernetes' protobuf request bodies (magic "k8s\0", Unknown envelope) decoded to the same
 * documents that JSON gives, driven by the schema's field numbers. We never encode protobuf.
 * Hostile input: bounded depth and size, every length checked. */
#ifndef LOGSHIP_PROTO_PROTOBUF_H
#define LOGSHIP_PROTO_PROTOBUF_H

#include "base/buf.h"
#include "base/error.h"
#include "proto/schema.h"

/* Appends the msgpack form of the enveloped object, apiVersion and kind included. `type` NULL:
 * found by the envelope's own apiVersion and kind. */
int protobuf_decode(struct str bytes, const struct type *type, struct buf *out, struct error *err);

#endif
