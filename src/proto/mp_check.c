/* Proving and comparing whole values. */
#include "proto/lookup.h"

/* One pass: containers are entered, never skipped first. */
static bool mp_valid_next(struct mp_cursor *c, int depth)
{
    struct mp v, key;
    if (depth > MP_DEPTH_MAX || !mp_step(c, &v)) return false;
    if (v.type == MP_STR) return str_is_utf8(v.s);
    if (v.type != MP_ARRAY && v.type != MP_MAP) return true;
    for (uint32_t i = 0; i < v.count; i++) {
        if (v.type == MP_MAP && (!mp_step(c, &key) || key.type != MP_STR || !str_is_utf8(key.s)))
            return false;
        if (!mp_valid_next(c, depth + 1)) return false;
    }
    return true;
}

bool mp_valid(const void *bytes, size_t n)
{
    struct mp_cursor c = {bytes, n ? (const char *)bytes + n : bytes};
    return mp_valid_next(&c, 0) && c.p == c.end;
}

static bool mp_same_map(struct mp a, struct mp b)
{
    struct lookup lookup_auto others = lookup_map(b);
    for (struct mp_iter it = mp_items(a); mp_iter_next(&it);) {
        uint32_t at = lookup_find(&others, it.key);
        if (at == LOOKUP_NONE || !mp_same(it.value, others.items[at].value)) return false;
    }
    return true;
}

bool mp_same(struct mp a, struct mp b)
{
    if (a.type != b.type) return false;
    if (str_eq(a.raw, b.raw)) return true;
    switch (a.type) {
    case MP_MAP:
        return a.count == b.count && mp_same_map(a, b);
    case MP_ARRAY: {
        if (a.count != b.count) return false;
        struct mp_iter x = mp_items(a), y = mp_items(b);
        while (mp_iter_next(&x) && mp_iter_next(&y))
            if (!mp_same(x.value, y.value)) return false;
        return true;
    }
    case MP_STR:
    case MP_BIN:
        return str_eq(a.s, b.s);
    case MP_INT:
        return a.i == b.i;
    case MP_UINT:
        return a.u == b.u;
    case MP_DOUBLE:
        return a.d == b.d;
    case MP_BOOL:
        return a.b == b.b;
    default:
        return true;
    }
}
