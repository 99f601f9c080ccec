/* The identities of custom kinds, behind schema.h. Private to schema*.c. */
#ifndef LOGSHIP_PROTO_SCHEMA_CUSTOM_H
#define LOGSHIP_PROTO_SCHEMA_CUSTOM_H

#include "proto/schema.h"

unsigned schema_custom_count(void);
const struct kind *schema_custom_at(unsigned i);
bool schema_custom_known(struct str key);
const struct kind *schema_custom(struct str key); /* found, or made; NULL: see kind_by_key */

#endif
