#include "base/tree.h"

#include <assert.h>

struct tree_node *tree_find(const struct tree *t, const void *key)
{
    struct tree_node *node = t->root;
    while (node) {
        int order = t->compare(key, node);
        if (order == 0) return node;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

struct tree_node *tree_ceiling(const struct tree *t, const void *key)
{
    struct tree_node *node = t->root, *best = NULL;
    while (node) {
        int order = t->compare(key, node);
        if (order == 0) return node;
        if (order < 0) {
            best = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}

struct tree_node *tree_first(const struct tree *t)
{
    struct tree_node *node = t->root;
    while (node && node->left) node = node->left;
    return node;
}

struct tree_node *tree_next(const struct tree_node *node)
{
    if (node->right) {
        struct tree_node *next = node->right;
        while (next->left) next = next->left;
        return next;
    }
    while (node->up && node->up->right == node) node = node->up;
    return node->up;
}

static void tree_replace(struct tree *t, struct tree_node *old, struct tree_node *new)
{
    if (!old->up)
        t->root = new;
    else if (old->up->left == old)
        old->up->left = new;
    else
        old->up->right = new;
    if (new) new->up = old->up;
}

/* Lifts `node` above its parent, keeping the order. */
static void tree_rotate_up(struct tree *t, struct tree_node *node)
{
    struct tree_node *parent = node->up;
    tree_replace(t, parent, node);
    if (parent->left == node) {
        parent->left = node->right;
        if (node->right) node->right->up = parent;
        node->right = parent;
    } else {
        parent->right = node->left;
        if (node->left) node->left->up = parent;
        node->left = parent;
    }
    parent->up = node;
}

void tree_insert(struct tree *t, const void *key, struct tree_node *node, uint32_t priority)
{
    struct tree_node **link = &t->root, *up = NULL;
    while (*link) {
        up = *link;
        int order = t->compare(key, up);
        assert(order != 0);
        link = order < 0 ? &up->left : &up->right;
    }
    *node = (struct tree_node){.up = up, .priority = priority};
    *link = node;
    while (node->up && node->up->priority < node->priority) tree_rotate_up(t, node);
    t->count++;
}

void tree_remove(struct tree *t, struct tree_node *node)
{
    while (node->left && node->right)
        tree_rotate_up(t, node->left->priority > node->right->priority ? node->left : node->right);
    tree_replace(t, node, node->left ? node->left : node->right);
    *node = (struct tree_node){0};
    t->count--;
}
