/* An ordered set as an intrusive treap: what lists and ranges are read from.
 *
 * The priority of a node is a hash of its address-independent key given by the caller at insert, so
 * the shape depends on the content only. Not thread-safe. */
#ifndef LOGSHIP_BASE_TREE_H
#define LOGSHIP_BASE_TREE_H

#include <stddef.h>
#include <stdint.h>

struct tree_node {
    struct tree_node *left, *right, *up;
    uint32_t priority;
};

struct tree {
    struct tree_node *root;
    size_t count;
    int (*compare)(const void *key, const struct tree_node *node); /* key against node's own key */
};

struct tree_node *tree_find(const struct tree *t, const void *key);
struct tree_node *tree_ceiling(const struct tree *t, const void *key); /* first node >= key */
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *node);
/* The key must not be in the tree. */
void tree_insert(struct tree *t, const void *key, struct tree_node *node, uint32_t priority);
void tree_remove(struct tree *t, struct tree_node *node);

#endif
