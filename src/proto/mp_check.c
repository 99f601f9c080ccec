/* Proving and comparing whole values. */
#include "proto/lookup.h"

static bool mp_utf8(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
    while (p < end) {
        uint64_t eight;
        while (end - p >= 8 && (memcpy(&eight, p, 8), !(eight & 0x8080808080808080))) p += 8;
        if (p == end) return true;
        if (*p < 0x80) {
            p++;
            continue;
        }
        int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
        uint32_t code = *p & (0x3fU >> more);
        if (*p < 0xc2 || *p > 0xf4 || end - p <= more) return false;
        for (int i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80) return false;
            code = code << 6 | (p[i] & 0x3f);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
        p += more + 1;
    }
    return true;
}

/* One pass: containers are entered, never skipped first. */
static bool mp_valid_next(struct mp_cursor *c, int depth)
{
    struct mp v, key;
    if (depth > MP_DEPTH_MAX || !mp_step(c, &v)) return false;
    if (v.type == MP_STR) return mp_utf8(v.s);
    if (v.type != MP_ARRAY && v.type != MP_MAP) return true;
    for (uint32_t i = 0; i < v.count; i++) {
        if (v.type == MP_MAP && (!mp_step(c, &key) || key.type != MP_STR || !mp_utf8(key.s)))
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
