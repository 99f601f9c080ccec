/* Documents as compact JSON, byte for byte as Go's encoder would write them. */
#include "proto/base64.h"
#include "proto/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Documents are proved at the edge and are never this deep; damaged ones must not eat the stack. */
enum { JSON_WRITE_DEPTH_MAX = 4 * MP_DEPTH_MAX };

/* What becomes of a byte: itself (0), \uXXXX ('u'), a look at the next two ('l', the lead byte of
 * U+2028), or a backslash and this letter. */
static const char json_escape[256] = {
    [0] = 'u',   [1] = 'u',   [2] = 'u',    [3] = 'u',    [4] = 'u',   [5] = 'u',     [6] = 'u',
    [7] = 'u',   [8] = 'u',   ['\t'] = 't', ['\n'] = 'n', [11] = 'u',  [12] = 'u',    ['\r'] = 'r',
    [14] = 'u',  [15] = 'u',  [16] = 'u',   [17] = 'u',   [18] = 'u',  [19] = 'u',    [20] = 'u',
    [21] = 'u',  [22] = 'u',  [23] = 'u',   [24] = 'u',   [25] = 'u',  [26] = 'u',    [27] = 'u',
    [28] = 'u',  [29] = 'u',  [30] = 'u',   [31] = 'u',   ['"'] = '"', ['\\'] = '\\', ['<'] = 'u',
    ['>'] = 'u', ['&'] = 'u', [0xe2] = 'l',
};

/* Writes the escape for the byte at p (which has one); returns how many bytes it stands for. */
static size_t json_put_escape(const unsigned char *p, size_t left, struct buf *out)
{
    static const char hex[] = "0123456789abcdef";
    char how = json_escape[*p];
    if (how == 'l') {
        bool separator = left >= 3 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8;
        if (separator)
            buf_append(out, p[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
        else
            buf_append(out, p, 1);
        return separator ? 3 : 1;
    }
    if (how == 'u') {
        char text[6] = {'\\', 'u', '0', '0', hex[*p >> 4], hex[*p & 15]};
        buf_append(out, text, sizeof text);
    } else {
        char text[2] = {'\\', how};
        buf_append(out, text, sizeof text);
    }
    return 1;
}

static void json_write_escaped(const unsigned char *p, size_t n, struct buf *out)
{
    size_t start = 0, i = 0;
    while (i < n) {
        if (!json_escape[p[i]]) {
            i++;
            continue;
        }
        buf_append(out, p + start, i - start);
        i += json_put_escape(p + i, n - i, out);
        start = i;
    }
    buf_append(out, p + start, n - start);
}

void json_write_str(struct str s, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)s.p;
    char *to = buf_reserve(out, s.n + 2);
    size_t i = 0;
    *to++ = '"';
    /* Most have nothing to escape: they are written while they are looked at. */
    for (; i < s.n && !json_escape[p[i]]; i++) to[i] = s.p[i];
    out->len += 1 + i;
    if (i < s.n) json_write_escaped(p + i, s.n - i, out);
    buf_putc(out, '"');
}

static void json_write_bin(struct str s, struct buf *out)
{
    buf_putc(out, '"');
    base64_encode(s, out);
    buf_putc(out, '"');
}

/* Shortest digits that read back the same; exponents only beyond 1e21 and below 1e-6, as in Go. */
static void json_write_double(double d, struct buf *out)
{
    char text[400];
    if (!isfinite(d)) {
        buf_puts(out, "null"); /* JSON cannot say it */
        return;
    }
    int precision = 0;
    do {
        snprintf(text, sizeof text, "%.*e", precision, d);
    } while (strtod(text, NULL) != d && ++precision < 17);
    int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (d != 0 && (fabs(d) < 1e-6 || fabs(d) >= 1e21)) {
        size_t mantissa = (size_t)(strchr(text, 'e') - text);
        buf_append(out, text, mantissa);
        buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
        /* Go drops the zero of e-09 but keeps that of e+09, which cannot occur here. */
        if (exponent < 0 && exponent > -10) {
            out->data[out->len - 2] = out->data[out->len - 1];
            out->data[--out->len] = '\0';
        }
        return;
    }
    if (precision > exponent) {
        buf_printf(out, "%.*f", precision - exponent, d);
        return;
    }
    for (const char *p = text; *p != 'e'; p++)
        if (*p != '.') buf_putc(out, *p);
    for (int i = precision; i < exponent; i++) buf_putc(out, '0');
}

static void json_write_next(struct mp_cursor *c, int depth, struct buf *out);

static void json_write_array(struct mp_cursor *c, uint32_t count, int depth, struct buf *out)
{
    buf_putc(out, '[');
    for (uint32_t i = 0; i < count && c->p < c->end; i++) {
        if (i) buf_putc(out, ',');
        json_write_next(c, depth + 1, out);
    }
    buf_putc(out, ']');
}

static void json_write_map(struct mp_cursor *c, uint32_t count, int depth, struct buf *out)
{
    struct mp key;
    buf_putc(out, '{');
    for (uint32_t i = 0; i < count && mp_next(c, &key); i++) {
        if (i) buf_putc(out, ',');
        json_write_str(key.s, out);
        buf_putc(out, ':');
        json_write_next(c, depth + 1, out);
    }
    buf_putc(out, '}');
}

/* One pass over the bytes: containers are entered, never skipped first. */
static void json_write_next(struct mp_cursor *c, int depth, struct buf *out)
{
    struct mp v = {0};
    if (depth > JSON_WRITE_DEPTH_MAX || !mp_step(c, &v)) {
        c->p = c->end;
        v.type = MP_NIL;
    }
    switch (v.type) {
    case MP_BOOL:
        buf_puts(out, v.b ? "true" : "false");
        break;
    case MP_INT:
        buf_put_int(out, v.i);
        break;
    case MP_UINT:
        buf_put_uint(out, v.u);
        break;
    case MP_DOUBLE:
        json_write_double(v.d, out);
        break;
    case MP_STR:
        json_write_str(v.s, out);
        break;
    case MP_BIN:
        json_write_bin(v.s, out);
        break;
    case MP_ARRAY:
        json_write_array(c, v.count, depth, out);
        break;
    case MP_MAP:
        json_write_map(c, v.count, depth, out);
        break;
    default:
        buf_puts(out, "null");
    }
}

void json_write(struct mp value, struct buf *out)
{
    struct str raw = value.raw.n ? value.raw : STR("\xc0"); /* no value: null */
    struct mp_cursor c = {raw.p, raw.p + raw.n};
    json_write_next(&c, 0, out);
}
