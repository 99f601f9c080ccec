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

/* What the first byte alone tells of a value: the bytes until the next value begins (0: it does not
 * tell), and how many values follow that belong to it. */
struct mp_extent {
    unsigned char size, below;
};

#define MP_TEXT(n)   [0xa0 + (n)] = {1 + (n), 0}
#define MP_TEXTS(n)  MP_TEXT(n), MP_TEXT((n) + 1), MP_TEXT((n) + 2), MP_TEXT((n) + 3)
#define MP_BELOW(n)  [0x80 + (n)] = {1, 2 * (n)}, [0x90 + (n)] = {1, n}
#define MP_BELOWS(n) MP_BELOW(n), MP_BELOW((n) + 1), MP_BELOW((n) + 2), MP_BELOW((n) + 3)

static const struct mp_extent mp_extents[256] = {
    [0x00 ... 0x7f] = {1, 0},
    [0xe0 ... 0xff] = {1, 0},
    MP_BELOWS(0),
    MP_BELOWS(4),
    MP_BELOWS(8),
    MP_BELOWS(12),
    MP_TEXTS(0),
    MP_TEXTS(4),
    MP_TEXTS(8),
    MP_TEXTS(12),
    MP_TEXTS(16),
    MP_TEXTS(20),
    MP_TEXTS(24),
    MP_TEXTS(28),
    [0xc0] = {1, 0},
    [0xc2 ... 0xc3] = {1, 0},
};

/* Skips `left` values and all that they contain; iterative, so that depth costs no stack. */
bool mp_skip(struct mp_cursor *c, uint64_t left)
{
    const char *p = c->p, *end = c->end;
    for (; left; left--) {
        if (p >= end) return false;
        struct mp_extent e = mp_extents[(unsigned char)*p];
        if (e.size) {
            if ((size_t)(end - p) < e.size) return false;
            p += e.size;
            left += e.below;
            continue;
        }
        struct mp v;
        struct mp_cursor at = {p, end};
        if (!mp_step(&at, &v)) return false;
        p = at.p;
        if (v.type == MP_ARRAY) left += v.count;
        if (v.type == MP_MAP) left += 2 * (uint64_t)v.count;
        if (left - 1 > (uint64_t)(end - p)) return false; /* every value takes a byte or more */
    }
    c->p = p;
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
    if ((v.type != MP_ARRAY && v.type != MP_MAP) || !v.raw.n) return it;
    unsigned char tag = (unsigned char)*v.raw.p;
    size_t head = tag < 0xa0 ? 1 : tag & 1 ? 5 : 3; /* 0xdc and 0xde count in two bytes */
    if (head > v.raw.n) return it;
    it.c = (struct mp_cursor){v.raw.p + head, v.raw.p + v.raw.n};
    it.left = v.count;
    it.map = v.type == MP_MAP;
    return it;
}

/* Nearly all keys are short. */
static bool mp_iter_key(struct mp_iter *it)
{
    const char *p = it->c.p;
    size_t n = p < it->c.end ? (size_t)(unsigned char)*p - 0xa0 : 32;
    if (n < 32 && (size_t)(it->c.end - p) > n) {
        it->key = (struct str){p + 1, n};
        it->c.p += 1 + n;
        return true;
    }
    struct mp key;
    bool good = mp_next(&it->c, &key);
    if (good) it->key = key.s;
    return good;
}

bool mp_iter_next(struct mp_iter *it)
{
    if (!it->left) return false;
    it->left--;
    if (it->map && !mp_iter_key(it)) return false;
    return mp_next(&it->c, &it->value);
}
