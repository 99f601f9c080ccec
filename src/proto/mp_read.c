#include "proto/mp.h"

#include <string.h>

static uint64_t mp_big_endian(const unsigned char *p, unsigned width)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < width; i++) v = v << 8 | p[i];
    return v;
}

static bool mp_take(struct mp_cursor *c, unsigned width, uint64_t *out)
{
    if ((size_t)(c->end - c->p) < width) return false;
    *out = mp_big_endian((const unsigned char *)c->p, width);
    c->p += width;
    return true;
}

static bool mp_take_bytes(struct mp_cursor *c, uint64_t n, struct mp *out, enum mp_type type)
{
    if ((uint64_t)(c->end - c->p) < n) return false;
    out->type = type;
    out->s = (struct str){c->p, (size_t)n};
    c->p += n;
    return true;
}

static bool mp_integer(struct mp_cursor *c, unsigned width, bool is_signed, struct mp *out)
{
    uint64_t raw;
    if (!mp_take(c, width, &raw)) return false;
    out->type = MP_INT;
    if (is_signed) {
        unsigned shift = 64 - 8 * width;
        out->i = (int64_t)(raw << shift) >> shift;
    } else if (raw > (uint64_t)INT64_MAX) {
        out->type = MP_UINT;
        out->u = raw;
    } else {
        out->i = (int64_t)raw;
    }
    return true;
}

static bool mp_floating(struct mp_cursor *c, unsigned width, struct mp *out)
{
    uint64_t raw;
    if (!mp_take(c, width, &raw)) return false;
    out->type = MP_DOUBLE;
    if (width == 4) {
        uint32_t bits = (uint32_t)raw;
        float f;
        memcpy(&f, &bits, sizeof f);
        out->d = (double)f;
    } else {
        memcpy(&out->d, &raw, sizeof out->d);
    }
    return true;
}

static bool mp_sized(struct mp_cursor *c, unsigned width, enum mp_type type, struct mp *out)
{
    uint64_t n;
    if (!mp_take(c, width, &n)) return false;
    if (type == MP_STR || type == MP_BIN) return mp_take_bytes(c, n, out, type);
    out->type = type;
    out->count = (uint32_t)n;
    return true;
}

static bool mp_extended(struct mp_cursor *c, unsigned char tag, struct mp *out)
{
    switch (tag) {
    case 0xc0:
        out->type = MP_NIL;
        return true;
    case 0xc2:
    case 0xc3:
        out->type = MP_BOOL;
        out->b = tag == 0xc3;
        return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return mp_sized(c, 1U << (tag - 0xc4), MP_BIN, out);
    case 0xca:
        return mp_floating(c, 4, out);
    case 0xcb:
        return mp_floating(c, 8, out);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return mp_integer(c, 1U << (tag - 0xcc), false, out);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return mp_integer(c, 1U << (tag - 0xd0), true, out);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return mp_sized(c, 1U << (tag - 0xd9), MP_STR, out);
    case 0xdc:
    case 0xdd:
        return mp_sized(c, 2U << (tag - 0xdc), MP_ARRAY, out);
    case 0xde:
    case 0xdf:
        return mp_sized(c, 2U << (tag - 0xde), MP_MAP, out);
    default:
        return false;
    }
}

bool mp_step(struct mp_cursor *c, struct mp *out)
{
    if (c->p >= c->end) return false;
    unsigned char tag = (unsigned char)*c->p++;
    out->s = (struct str){0};
    if (tag <= 0x7f || tag >= 0xe0) {
        out->type = MP_INT;
        out->i = tag <= 0x7f ? tag : (int)tag - 0x100;
        return true;
    }
    if (tag <= 0x8f || (tag >= 0x90 && tag <= 0x9f)) {
        out->type = tag <= 0x8f ? MP_MAP : MP_ARRAY;
        out->count = tag & 0x0f;
        return true;
    }
    if (tag <= 0xbf) return mp_take_bytes(c, tag & 0x1f, out, MP_STR);
    return mp_extended(c, tag, out);
}

/* Skips `left` values and all that they contain; iterative, so that depth costs no stack. What is
 * short, nearly everything, is passed over by its first byte alone. */
static bool mp_skip(struct mp_cursor *c, uint64_t left)
{
    while (left) {
        struct mp v;
        if (c->p >= c->end) return false;
        unsigned char tag = (unsigned char)*c->p;
        if (tag >= 0xa0 && tag <= 0xbf) { /* a text */
            if (c->end - c->p <= (tag & 0x1f)) return false;
            c->p += 1 + (tag & 0x1f);
            left--;
            continue;
        }
        if (tag <= 0x9f || tag >= 0xe0) { /* a number, map or array */
            c->p++;
            left--;
            if (tag >= 0x80 && tag <= 0x9f) left += (uint64_t)(tag & 0x0f) << (tag <= 0x8f);
            continue;
        }
        if (!mp_step(c, &v)) return false;
        left--;
        if (v.type == MP_ARRAY) left += v.count;
        if (v.type == MP_MAP) left += 2 * (uint64_t)v.count;
        if (left > (uint64_t)(c->end - c->p)) return false; /* every value takes a byte or more */
    }
    return true;
}

bool mp_next(struct mp_cursor *c, struct mp *out)
{
    struct mp_cursor at = *c;
    if (!mp_step(&at, out)) goto damaged;
    if (out->type == MP_ARRAY && !mp_skip(&at, out->count)) goto damaged;
    if (out->type == MP_MAP && !mp_skip(&at, 2 * (uint64_t)out->count)) goto damaged;
    out->raw = (struct str){c->p, (size_t)(at.p - c->p)};
    *c = at;
    return true;
damaged:
    *out = (struct mp){0};
    return false;
}

struct mp mp_read(const void *bytes, size_t n)
{
    struct mp_cursor c = {bytes, n ? (const char *)bytes + n : bytes};
    struct mp v;
    mp_next(&c, &v);
    return v;
}

struct mp_iter mp_items(struct mp v)
{
    struct mp_iter it = {0};
    if (v.type != MP_ARRAY && v.type != MP_MAP) return it;
    struct mp head;
    it.c = (struct mp_cursor){v.raw.p, v.raw.p + v.raw.n};
    mp_step(&it.c, &head);
    it.left = v.count;
    it.map = v.type == MP_MAP;
    return it;
}

bool mp_iter_next(struct mp_iter *it)
{
    if (!it->left) return false;
    it->left--;
    if (it->map) {
        struct mp key;
        if (!mp_next(&it->c, &key)) return false;
        it->key = key.s;
    }
    return mp_next(&it->c, &it->value);
}

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
