/* A document that can be changed: the tree that JSON patch works on. A node is opened into members
 * only when a path goes through it; all else stays the bytes it was. Private to patch_*.c. */
#ifndef LOGSHIP_PROTO_PATCH_TREE_H
#define LOGSHIP_PROTO_PATCH_TREE_H

#include "proto/mp.h"

struct node {
    enum mp_type type;
    bool open;      /* members hold the content, `raw` is out of date */
    struct str raw; /* borrowed from the patch or its target, which outlive the tree, or `owned` */
    char *owned, *name; /* memory of raw, and of the key it is found by; NULL: borrowed */
    struct link *links;
    uint32_t count, cap;
};
struct link {
    struct str key; /* of maps */
    struct node *node;
};

struct node *node_new(struct mp value);
void node_free(struct node *n);
void node_open(struct node *n); /* arrays and maps */
/* Index of the member with this key, or -1. */
int64_t node_find(struct node *map, struct str key);
/* Puts `child` before the member at `at` (== count: at the end); owns it from then on. The key is
 * copied. */
void node_insert(struct node *n, uint32_t at, struct str key, struct node *child);
void node_replace(struct node *n, uint32_t at, struct node *child); /* under the same key */
void node_remove(struct node *n, uint32_t at);
/* False: deeper than documents may be. */
bool node_write(const struct node *n, int depth, struct buf *out);

#endif
