#include "api/edit.h"

#include <assert.h>

void edit_map(struct mp map, const struct edit *edits, size_t count, struct buf *out)
{
    assert(count <= EDITS_MAX);
    bool done[EDITS_MAX] = {false};
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    if (map.type != MP_MAP) map = (struct mp){0};
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        size_t i = 0;
        while (i < count && !str_is(it.key, edits[i].key)) i++;
        if (i < count) done[i] = true;
        if (i < count && !edits[i].value.p) continue;
        mp_put_str(out, it.key);
        mp_put_raw(out, i < count ? edits[i].value : it.value.raw);
        pairs++;
    }
    for (size_t i = 0; i < count; i++) {
        if (done[i] || !edits[i].value.p) continue;
        mp_put_z(out, edits[i].key);
        mp_put_raw(out, edits[i].value);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}
