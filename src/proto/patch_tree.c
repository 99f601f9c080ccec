#include "proto/patch_tree.h"

#include "base/mem.h"

struct node *node_new(struct mp value)
{
    struct node *n = mem_new(struct node);
    n->type = value.type;
    n->raw = value.raw;
    return n;
}

/* Recursion is bounded: what is put into a tree is closed, and no path opens more than MP_DEPTH_MAX
 * levels (patch_json.c). */
void node_free(struct node *n)
{
    if (!n) return;
    for (uint32_t i = 0; i < n->count; i++) node_free(n->links[i].node);
    mem_free(n->links);
    mem_free(n->owned);
    mem_free(n->name);
    mem_free(n);
}

static void node_link(struct node *n, uint32_t at, struct str key, struct node *child)
{
    if (n->count == n->cap) {
        n->cap = n->cap ? 2 * n->cap : 8;
        n->links = mem_resize(n->links, n->cap * sizeof *n->links);
    }
    memmove(n->links + at + 1, n->links + at, (n->count - at) * sizeof *n->links);
    n->links[at] = (struct link){key, child};
    n->count++;
}

void node_open(struct node *n)
{
    if (n->open || (n->type != MP_ARRAY && n->type != MP_MAP)) return;
    n->open = true;
    for (struct mp_iter it = mp_items(mp_read(n->raw.p, n->raw.n)); mp_iter_next(&it);)
        node_link(n, n->count, it.key, node_new(it.value));
}

int64_t node_find(struct node *map, struct str key)
{
    node_open(map);
    for (uint32_t i = 0; i < map->count; i++)
        if (str_eq(map->links[i].key, key)) return i;
    return -1;
}

void node_insert(struct node *n, uint32_t at, struct str key, struct node *child)
{
    if (n->type == MP_MAP) {
        child->name = mem_strndup(key.p, key.n);
        key.p = child->name;
    }
    node_link(n, at, key, child);
}

void node_replace(struct node *n, uint32_t at, struct node *child)
{
    struct node *old = n->links[at].node;
    child->name = old->name;
    old->name = NULL;
    n->links[at].node = child;
    node_free(old);
}

void node_remove(struct node *n, uint32_t at)
{
    node_free(n->links[at].node);
    n->count--;
    memmove(n->links + at, n->links + at + 1, (n->count - at) * sizeof *n->links);
}

static int node_raw_depth(struct mp v, int depth)
{
    int deepest = depth;
    if (depth > MP_DEPTH_MAX) return depth;
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        int d = node_raw_depth(it.value, depth + 1);
        if (d > deepest) deepest = d;
    }
    return deepest;
}

bool node_write(const struct node *n, int depth, struct buf *out)
{
    if (depth > MP_DEPTH_MAX) return false;
    if (!n->open) {
        mp_put_raw(out, n->raw);
        return node_raw_depth(mp_read(n->raw.p, n->raw.n), depth) <= MP_DEPTH_MAX;
    }
    if (n->type == MP_MAP)
        mp_put_map(out, n->count);
    else
        mp_put_array(out, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        if (n->type == MP_MAP) mp_put_str(out, n->links[i].key);
        if (!node_write(n->links[i].node, depth + 1, out)) return false;
    }
    return true;
}
