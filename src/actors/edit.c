#include "actors/edit.h"

static void edit_level(struct buf *out, struct mp map, struct str path, struct str value)
{
    struct str key;
    str_split(&path, '.', &key);
    bool leaf = path.p == NULL, found = false;
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(map); map.type == MP_MAP && mp_iter_next(&it);) {
        bool here = str_eq(it.key, key);
        found |= here;
        if (here && leaf && !value.p) continue;
        mp_put_str(out, it.key);
        if (here && leaf)
            mp_put_raw(out, value);
        else if (here)
            edit_level(out, it.value, path, value);
        else
            mp_put(out, it.value);
        pairs++;
    }
    if (!found && value.p) {
        mp_put_str(out, key);
        if (leaf)
            mp_put_raw(out, value);
        else
            edit_level(out, (struct mp){0}, path, value);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}

void edit_put(struct buf *out, struct mp map, const char *path, struct str value)
{
    edit_level(out, map, str_of(path), value);
}

struct doc *edit_doc(const struct doc *d, const char *path, struct str value)
{
    buf_auto struct buf out = BUF_INIT;
    edit_put(&out, doc_root(d), path, value);
    return doc_from_buf(&out);
}
