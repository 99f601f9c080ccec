/* Looking into values, and at what they are. */
#include "proto/mp.h"

struct mp mp_get_str(struct mp map, struct str key)
{
    struct mp_iter it = {0};
    if (map.type == MP_MAP) it = mp_items(map);
    /* Values of other keys are passed over, not looked at. */
    for (struct mp found; it.left && mp_step(&it.c, &found) && found.type == MP_STR; it.left--) {
        bool here = str_eq(found.s, key);
        if (here && mp_next(&it.c, &found)) return found;
        if (here || !mp_skip(&it.c, 1)) break;
    }
    return (struct mp){0};
}

struct mp mp_get(struct mp map, const char *key)
{
    return mp_get_str(map, str_of(key));
}

struct mp mp_path(struct mp root, const char *dotted)
{
    struct str rest = str_of(dotted), step;
    while (str_split(&rest, '.', &step)) root = mp_get_str(root, step);
    return root;
}

struct mp mp_at(struct mp array, uint32_t index)
{
    if (array.type == MP_ARRAY)
        for (struct mp_iter it = mp_items(array); mp_iter_next(&it);)
            if (index-- == 0) return it.value;
    return (struct mp){0};
}

bool mp_is(struct mp v, const char *text)
{
    return v.type == MP_STR && str_is(v.s, text);
}

struct str mp_str(struct mp v)
{
    return v.type == MP_STR || v.type == MP_BIN ? v.s : (struct str){0};
}

int64_t mp_i64(struct mp v, int64_t otherwise)
{
    if (v.type == MP_INT) return v.i;
    if (v.type == MP_DOUBLE && v.d >= -9e15 && v.d <= 9e15 && v.d == (double)(int64_t)v.d)
        return (int64_t)v.d;
    return otherwise;
}

bool mp_bool(struct mp v, bool otherwise)
{
    return v.type == MP_BOOL ? v.b : otherwise;
}
