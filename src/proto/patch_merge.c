/* JSON merge patch, RFC 7386. */
#include "proto/lookup.h"
#include "proto/patch.h"

static void merge_value(struct mp target, struct mp patch, struct buf *out);

static void merge_map(struct mp target, struct mp patch, struct buf *out)
{
    struct lookup lookup_auto changes = lookup_map(patch), before = lookup_map(target);
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    for (uint32_t i = 0; i < before.count; i++) {
        uint32_t at = lookup_find(&changes, before.items[i].key);
        if (at != LOOKUP_NONE && changes.items[at].value.type == MP_NIL) continue;
        mp_put_str(out, before.items[i].key);
        if (at == LOOKUP_NONE)
            mp_put(out, before.items[i].value);
        else
            merge_value(before.items[i].value, changes.items[at].value, out);
        pairs++;
    }
    for (uint32_t i = 0; i < changes.count; i++) {
        const struct member *new = &changes.items[i];
        if (new->value.type == MP_NIL || lookup_find(&before, new->key) != LOOKUP_NONE) continue;
        mp_put_str(out, new->key);
        merge_value((struct mp){0}, new->value, out);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}

static void merge_value(struct mp target, struct mp patch, struct buf *out)
{
    if (patch.type == MP_MAP)
        merge_map(target, patch, out);
    else
        mp_put(out, patch);
}

int patch_merge(struct mp target, struct mp patch, struct buf *out, struct error *err)
{
    if (patch.type != MP_MAP)
        return error_set(err, E_INVALID, "a merge patch must be a JSON object");
    merge_value(target, patch, out);
    return 0;
}
