#include "proto/lookup.h"

#include "base/mem.h"

/* Below, comparing is cheaper than hashing. */
enum { LOOKUP_FEW = 16 };

static void lookup_index(struct lookup *l, struct member *m)
{
    if (!map_get(&l->index, m->key.p, m->key.n)) map_put(&l->index, m->key.p, m->key.n, m);
}

static void lookup_index_all(struct lookup *l)
{
    map_free(&l->index);
    for (uint32_t i = 0; i < l->count; i++) lookup_index(l, &l->items[i]);
}

void lookup_add(struct lookup *l, struct str key, struct mp value)
{
    bool full = l->count == l->cap;
    if (full) {
        l->cap = l->cap ? 2 * l->cap : LOOKUP_FEW / 2;
        l->items = mem_resize(l->items, l->cap * sizeof *l->items);
    }
    l->items[l->count++] = (struct member){key, value};
    if (l->count < LOOKUP_FEW) return;
    /* The index points to members, which have just moved, or there was none yet. */
    if (full || l->count == LOOKUP_FEW)
        lookup_index_all(l);
    else
        lookup_index(l, &l->items[l->count - 1]);
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
        const struct member *found = map_get(&l->index, key.p, key.n);
        return found ? (uint32_t)(found - l->items) : LOOKUP_NONE;
    }
    for (uint32_t i = 0; i < l->count; i++)
        if (str_eq(l->items[i].key, key)) return i;
    return LOOKUP_NONE;
}

struct mp lookup_value(const struct lookup *l, struct str key)
{
    uint32_t at = lookup_find(l, key);
    return l->items && at != LOOKUP_NONE ? l->items[at].value : (struct mp){0};
}

struct mp lookup_get(const struct lookup *l, const char *key)
{
    return lookup_value(l, str_of(key));
}

void lookup_free(struct lookup *l)
{
    mem_free(l->items);
    map_free(&l->index);
    *l = (struct lookup){0};
}
