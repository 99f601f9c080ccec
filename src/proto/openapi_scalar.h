/* Scalars in OpenAPI: the plain ones, and those that have a definition of their own (Time,
 * Quantity). Private to the proto room. */
#ifndef LOGSHIP_PROTO_OPENAPI_SCALAR_H
#define LOGSHIP_PROTO_OPENAPI_SCALAR_H

#include "proto/openapi_spec.h"
#include "proto/schema.h"

/* "type" and "format" of a plain scalar, into the open map. */
void openapi_put_scalar(struct spec *s, unsigned scalar);
/* The bit of a named scalar ("apis.meta.v1.Time"); 0: it has no definition, or `name` is NULL. */
uint32_t openapi_scalar_bit(const char *name);
/* Their definitions. */
void openapi_put_scalars(struct spec *s, uint32_t bits);

#endif
