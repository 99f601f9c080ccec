/* A map of YAML as it is read: its values lie one after the other in a buffer, its keys are told
 * once, and some came from another map (<<). Private to yaml*.c. */
#ifndef LOGSHIP_PROTO_YAML_PAIRS_H
#define LOGSHIP_PROTO_YAML_PAIRS_H

#include "base/map.h"
#include "proto/mp.h"

struct pair {
    char *key;
    size_t key_len, at, len; /* the value's place in `values` */
    bool merged;             /* came by <<, gives way to one that is told */
};
struct pairs {
    struct pair *items;
    uint32_t count, cap;
    struct map index; /* key -> number + 1 */
    struct buf values;
};

struct pair *pairs_find(const struct pairs *p, struct str key); /* or NULL */
/* The pair is good until the next is added. */
struct pair *pairs_add(struct pairs *p, struct str key);
/* <<: a map, or a list of maps of which the first to have a key wins; false for anything else. */
bool pairs_merge(struct pairs *p, struct mp from);
void pairs_write(const struct pairs *p, struct buf *out);
void pairs_free(struct pairs *p);

#endif
