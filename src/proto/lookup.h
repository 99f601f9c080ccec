/* The members of one map or list, found again by a key without walking: patches meet maps with
 * thousands of keys and lists with thousands of elements. Private to patch_*.c. */
#ifndef LOGSHIP_PROTO_LOOKUP_H
#define LOGSHIP_PROTO_LOOKUP_H

#include "base/map.h"
#include "proto/mp.h"

struct member {
    struct str key; /* of a map: its key; of a list: the bytes it is told apart by */
    struct mp value;
};

struct lookup {
    struct member *items;
    uint32_t count, cap;
    struct map index; /* only when there are many */
};

enum { LOOKUP_NONE = UINT32_MAX };

struct lookup lookup_map(struct mp map); /* of anything else it is empty */
/* Appends; a member with this key that is there already stays and is the one found. */
void lookup_add(struct lookup *l, struct str key, struct mp value);
uint32_t lookup_find(const struct lookup *l, struct str key);  /* index or LOOKUP_NONE */
struct mp lookup_get(const struct lookup *l, const char *key); /* MP_END: not there */
struct mp lookup_value(const struct lookup *l, struct str key);
void lookup_free(struct lookup *l);
#define lookup_auto __attribute__((cleanup(lookup_free)))

#endif
