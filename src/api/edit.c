#include "api/edit.h"

#include <assert.h>

/* Most differ at once. */
static bool edit_is(struct str key, const char *name)
{
    return key.n && key.p[0] == name[0] && str_is(key, name);
}

/* What stays is copied as it stands, pairs that follow each other at once. */
void edit_map(struct mp map, const struct edit *edits, size_t count, struct buf *out)
{
    assert(count <= EDITS_MAX);
    bool done[EDITS_MAX] = {false};
    if (map.type != MP_MAP) map = (struct mp){0};
    buf_reserve(out, map.raw.n + 64);
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    struct mp_iter it = mp_items(map);
    const char *same = it.c.p, *pair = same;
    for (; mp_iter_next(&it); pair = it.c.p) {
        size_t i = 0;
        while (i < count && !edit_is(it.key, edits[i].key)) i++;
        pairs++;
        if (i == count) continue;
        done[i] = true;
        mp_put_raw(out, (struct str){same, (size_t)(pair - same)});
        same = it.c.p;
        pairs -= !edits[i].value.p;
        if (!edits[i].value.p) continue;
        mp_put_str(out, it.key);
        mp_put_raw(out, edits[i].value);
    }
    mp_put_raw(out, (struct str){same, (size_t)(pair - same)});
    for (size_t i = 0; i < count; i++) {
        if (done[i] || !edits[i].value.p) continue;
        mp_put_z(out, edits[i].key);
        mp_put_raw(out, edits[i].value);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}
