#include "proto/admit.h"
#include "proto/admit_path.h"
#include "proto/base64.h"
#include "proto/quantity.h"
#include "proto/timefmt.h"

#include <assert.h>
#include <stdio.h>

struct structure {
    struct buf *out;
    struct buf path;
    struct causes *unknown;
    struct error *err;
};

static int structure_object(struct structure *s, const struct type *type, struct mp v);

static const char *const structure_names[] = {
    [MP_END] = "nothing",    [MP_NIL] = "null",        [MP_BOOL] = "a boolean",
    [MP_INT] = "an integer", [MP_UINT] = "an integer", [MP_DOUBLE] = "a number",
    [MP_STR] = "a string",   [MP_BIN] = "bytes",       [MP_ARRAY] = "a list",
    [MP_MAP] = "an object",
};

static int structure_mismatch(struct structure *s, const char *expected, struct mp v)
{
    return error_set(s->err, E_INVALID, "%s: expected %s, got %s",
                     s->path.len ? path_text(&s->path) : "the object", expected,
                     structure_names[v.type]);
}

static int structure_integer(struct structure *s, struct mp v, int64_t low, int64_t high)
{
    if (v.type == MP_UINT || (v.type == MP_INT && (v.i < low || v.i > high)))
        return error_set(s->err, E_INVALID, "%s: the number is out of range", path_text(&s->path));
    if (v.type != MP_INT) return structure_mismatch(s, "an integer", v);
    mp_put(s->out, v);
    return 0;
}

static int structure_number(struct structure *s, struct mp v)
{
    if (v.type != MP_INT && v.type != MP_UINT && v.type != MP_DOUBLE)
        return structure_mismatch(s, "a number", v);
    mp_put(s->out, v);
    return 0;
}

static int structure_quantity(struct structure *s, struct mp v)
{
    char number[32];
    struct str text = v.s;
    if (v.type == MP_INT)
        text =
            (struct str){number, (size_t)snprintf(number, sizeof number, "%lld", (long long)v.i)};
    else if (v.type == MP_DOUBLE)
        text = (struct str){number, (size_t)snprintf(number, sizeof number, "%.15g", v.d)};
    else if (v.type != MP_STR)
        return structure_mismatch(s, "a quantity", v);
    struct buf canonical buf_auto = BUF_INIT;
    if (!quantity_canonical(text, &canonical))
        return error_set(
            s->err, E_INVALID,
            "%s: \"%.*s\" is no quantity: quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            path_text(&s->path), (int)(text.n < 64 ? text.n : 64), text.p);
    mp_put_str(s->out, (struct str){canonical.data, canonical.len});
    return 0;
}

static int structure_time(struct structure *s, struct mp v, bool micro)
{
    int64_t us;
    char text[TIME_TEXT];
    if (v.type != MP_STR) return structure_mismatch(s, "a time", v);
    if (!time_parse(v.s, &us))
        return error_set(s->err, E_INVALID, "%s: \"%.*s\" is no RFC 3339 time", path_text(&s->path),
                         (int)(v.s.n < 64 ? v.s.n : 64), v.s.p);
    if (micro)
        time_format_us(us, text);
    else
        time_format_s(us / 1000000 - (us % 1000000 < 0), text);
    mp_put_z(s->out, text);
    return 0;
}

static int structure_bytes(struct structure *s, struct mp v)
{
    struct buf bytes buf_auto = BUF_INIT;
    if (v.type != MP_STR) return structure_mismatch(s, "base64 text", v);
    if (!base64_decode(v.s, &bytes))
        return error_set(s->err, E_INVALID, "%s: the text is not valid base64",
                         path_text(&s->path));
    /* Encoded anew: line breaks are allowed on the way in only. */
    struct buf text buf_auto = BUF_INIT;
    base64_encode((struct str){bytes.data, bytes.len}, &text);
    mp_put_str(s->out, (struct str){text.data, text.len});
    return 0;
}

static int structure_scalar(struct structure *s, enum scalar scalar, struct mp v)
{
    switch (scalar) {
    case SCALAR_STRING:
        if (v.type != MP_STR) return structure_mismatch(s, "a string", v);
        break;
    case SCALAR_BOOL:
        if (v.type != MP_BOOL) return structure_mismatch(s, "a boolean", v);
        break;
    case SCALAR_INT32:
        return structure_integer(s, v, INT32_MIN, INT32_MAX);
    case SCALAR_INT64:
        return structure_integer(s, v, INT64_MIN, INT64_MAX);
    case SCALAR_DOUBLE:
        return structure_number(s, v);
    case SCALAR_INT_OR_STRING:
        if (v.type != MP_STR && v.type != MP_INT && v.type != MP_UINT)
            return structure_mismatch(s, "an integer or a string", v);
        if (v.type != MP_STR) return structure_integer(s, v, INT32_MIN, INT32_MAX);
        break;
    case SCALAR_QUANTITY:
        return structure_quantity(s, v);
    case SCALAR_TIME:
        return structure_time(s, v, false);
    case SCALAR_MICROTIME:
        return structure_time(s, v, true);
    case SCALAR_BYTES:
        return structure_bytes(s, v);
    case SCALAR_ANY:
        break;
    case SCALAR_NONE:
        assert(false);
    }
    mp_put(s->out, v);
    return 0;
}

static int structure_element(struct structure *s, const struct field *f, struct mp v)
{
    return f->type ? structure_object(s, f->type, v) : structure_scalar(s, f->scalar, v);
}

static int structure_list(struct structure *s, const struct field *f, struct mp v)
{
    if (v.type != MP_ARRAY) return structure_mismatch(s, "a list", v);
    mp_put_array(s->out, v.count);
    unsigned i = 0;
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it); i++) {
        size_t mark = path_index(&s->path, i);
        int rc = structure_element(s, f, it.value);
        if (rc) return rc;
        path_cut(&s->path, mark);
    }
    return 0;
}

static int structure_map(struct structure *s, const struct field *f, struct mp v)
{
    if (v.type != MP_MAP) return structure_mismatch(s, "an object", v);
    uint32_t kept = 0;
    size_t begin = mp_begin(s->out);
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        if (it.value.type == MP_NIL) continue;
        size_t mark = path_key(&s->path, it.key);
        mp_put_str(s->out, it.key);
        int rc = structure_element(s, f, it.value);
        if (rc) return rc;
        path_cut(&s->path, mark);
        kept++;
    }
    mp_end_map(s->out, begin, kept);
    return 0;
}

static int structure_field(struct structure *s, const struct field *f, struct mp v)
{
    switch ((enum field_shape)f->shape) {
    case SHAPE_LIST:
        return structure_list(s, f, v);
    case SHAPE_MAP:
        return structure_map(s, f, v);
    case SHAPE_OBJECT:
    case SHAPE_SCALAR:
        break;
    }
    return structure_element(s, f, v);
}

static int structure_object(struct structure *s, const struct type *type, struct mp v)
{
    if (v.type != MP_MAP) return structure_mismatch(s, "an object", v);
    uint32_t kept = 0;
    size_t begin = mp_begin(s->out);
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        const struct field *f = type_field(type, it.key);
        size_t mark = path_field(&s->path, it.key);
        if (!f && s->unknown)
            causes_add(s->unknown, "FieldValueInvalid", path_text(&s->path), "unknown field \"%s\"",
                       path_text(&s->path));
        if (f && it.value.type != MP_NIL) {
            mp_put_str(s->out, it.key);
            int rc = structure_field(s, f, it.value);
            if (rc) return rc;
            kept++;
        }
        path_cut(&s->path, mark);
    }
    mp_end_map(s->out, begin, kept);
    return 0;
}

int admit_structure(const struct type *type, struct mp doc, struct buf *out, struct causes *unknown,
                    struct error *err)
{
    struct structure s = {.out = out, .unknown = unknown, .err = err};
    size_t before = out->len;
    buf_reserve(out, doc.raw.n);
    int rc = structure_object(&s, type, doc);
    if (rc && out->data) {
        out->len = before;
        out->data[before] = '\0';
    }
    buf_free(&s.path);
    return rc;
}
