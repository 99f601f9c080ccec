#include "proto/lookup.h"

#include "base/mem.h"

/* Below, comparing is cheaper than hashing. */
enum { LOOKUP_FEW = 16 };

/* Values in the index are one more than the number: a map cannot hold NULL. */
static void lookup_index(struct lookup *l, uint32_t at)
{
    struct str key = l->items[at].key;
    if (!map_get(&l->index, key.p, key.n))
        map_put(&l->index, key.p, key.n, (void *)((uintptr_t)at + 1));
}

void lookup_add(struct lookup *l, struct str key, struct mp value)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 8;
        l->items = mem_resize(l->items, l->cap * sizeof *l->items);
    }
    l->items[l->count++] = (struct member){key, value};
    if (l->count == LOOKUP_FEW)
        for (uint32_t i = 0; i < l->count; i++) lookup_index(l, i);
    else if (l->count > LOOKUP_FEW)
        lookup_index(l, l->count - 1);
}

struct lookup lookup_map(struct mp map)
{
    struct lookup l = {0};
    if (map.type == MP_MAP)
        for (struct mp_iter it = mp_items(map); mp_iter_next(&it);)
            lookup_add(&l, it.key, it.value);
    return l;
}

uint32_t lookup_find(const struct lookup *l, struct str key)
{
    if (l->count >= LOOKUP_FEW) {
        uintptr_t found = (uintptr_t)map_get(&l->index, key.p, key.n);
        return found ? (uint32_t)(found - 1) : LOOKUP_NONE;
    }
    for (uint32_t i = 0; i < l->count; i++)
        if (str_eq(l->items[i].key, key)) return i;
    return LOOKUP_NONE;
}

struct mp lookup_get(const struct lookup *l, const char *key)
{
    uint32_t at = lookup_find(l, str_of(key));
    return at == LOOKUP_NONE ? (struct mp){0} : l->items[at].value;
}

void lookup_free(struct lookup *l)
{
    mem_free(l->items);
    map_free(&l->index);
    *l = (struct lookup){0};
}
