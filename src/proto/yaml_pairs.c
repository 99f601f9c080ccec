#include "proto/yaml_pairs.h"

#include "base/mem.h"

struct pair *pairs_find(const struct pairs *p, struct str key)
{
    uintptr_t number = (uintptr_t)map_get(&p->index, key.p, key.n);
    return number ? &p->items[number - 1] : NULL;
}

struct pair *pairs_add(struct pairs *p, struct str key)
{
    if (p->count == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 8;
        p->items = mem_resize(p->items, p->cap * sizeof *p->items);
    }
    struct pair *pair = &p->items[p->count++];
    *pair = (struct pair){.key = mem_strndup(key.p, key.n), .key_len = key.n};
    uintptr_t number = p->count;
    map_put(&p->index, pair->key, pair->key_len, (void *)number); // NOLINT(*-int-to-ptr)
    return pair;
}

static void pairs_merge_map(struct pairs *p, struct mp from)
{
    for (struct mp_iter it = mp_items(from); mp_iter_next(&it);) {
        if (pairs_find(p, it.key)) continue;
        struct pair *pair = pairs_add(p, it.key);
        pair->merged = true;
        pair->at = p->values.len;
        pair->len = it.value.raw.n;
        mp_put(&p->values, it.value);
    }
}

bool pairs_merge(struct pairs *p, struct mp from)
{
    if (from.type == MP_MAP) pairs_merge_map(p, from);
    if (from.type == MP_MAP) return true;
    for (struct mp_iter it = mp_items(from); mp_iter_next(&it);) {
        if (it.value.type != MP_MAP) return false;
        pairs_merge_map(p, it.value);
    }
    return from.type == MP_ARRAY;
}

void pairs_write(const struct pairs *p, struct buf *out)
{
    mp_put_map(out, p->count);
    for (uint32_t i = 0; i < p->count; i++) {
        mp_put_str(out, (struct str){p->items[i].key, p->items[i].key_len});
        buf_append(out, p->values.data + p->items[i].at, p->items[i].len);
    }
}

void pairs_free(struct pairs *p)
{
    for (uint32_t i = 0; i < p->count; i++) mem_free(p->items[i].key);
    mem_free(p->items);
    map_free(&p->index);
    buf_free(&p->values);
}
