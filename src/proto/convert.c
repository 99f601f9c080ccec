/* Conversions read the tables: the types of a version and of the stored form are walked side by
 * side. */
#include "proto/convert.h"
#include "proto/schema_tables.h"

struct walk {
    enum conversion how;
    const struct type *type, *stored; /* of the object: the version's, and the stored one's */
};

static void convert_object(const struct walk *w, struct mp v, struct buf *out);

static convert_fn *convert_function(const struct type *t)
{
    for (unsigned i = 0; i < t->conversion_count; i++)
        if (t->conversions[i].convert) return t->conversions[i].convert;
    return NULL;
}

/* The line of a field of the version, or NULL: it has the same name in the stored form. */
static const struct type_conversion *convert_line(const struct type *t, struct str name)
{
    for (unsigned i = 0; i < t->conversion_count; i++)
        if (t->conversions[i].field && str_is(name, t->conversions[i].field->name))
            return &t->conversions[i];
    return NULL;
}

static struct str convert_version_name(const struct type *t, struct str stored)
{
    for (unsigned i = 0; i < t->conversion_count; i++) {
        const struct type_conversion *line = &t->conversions[i];
        if (line->field && !line->outer && str_is(stored, line->stored))
            return str_of(line->field->name);
    }
    return stored;
}

static bool convert_is_outer(const struct type *t, struct str stored)
{
    for (unsigned i = 0; i < t->conversion_count; i++)
        if (t->conversions[i].outer && str_is(stored, t->conversions[i].outer)) return true;
    return false;
}

/* The value of the field `f` of the version, and `stored` of the stored form. */
static void convert_field(enum conversion how, const struct field *f, const struct field *stored,
                          struct mp v, struct buf *out)
{
    bool deep = f && f->type && f->type->conversions_below && stored && stored->type;
    struct walk below = {how, deep ? f->type : NULL, deep ? stored->type : NULL};
    if (deep && f->shape == SHAPE_OBJECT) {
        convert_object(&below, v, out);
    } else if (deep && f->shape == SHAPE_LIST && v.type == MP_ARRAY) {
        mp_put_array(out, v.count);
        for (struct mp_iter it = mp_items(v); mp_iter_next(&it);)
            convert_object(&below, it.value, out);
    } else if (deep && f->shape == SHAPE_MAP && v.type == MP_MAP) {
        mp_put_map(out, v.count);
        for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
            mp_put_str(out, it.key);
            convert_object(&below, it.value, out);
        }
    } else {
        mp_put(out, v);
    }
}

static const struct field *convert_inner(const struct type *stored,
                                         const struct type_conversion *line)
{
    const struct field *outer = type_field(stored, str_of(line->outer));
    return outer && outer->type ? type_field(outer->type, str_of(line->stored)) : NULL;
}

/* The fields of the version that stand in an object of their own in the stored form. */
static uint32_t convert_gather(const struct walk *w, struct mp v, struct buf *out)
{
    const struct type *t = w->type;
    uint32_t outers = 0;
    for (unsigned i = 0; i < t->conversion_count; i++) {
        const char *outer = t->conversions[i].outer;
        bool told = false;
        for (unsigned j = 0; j < i && outer; j++)
            told |= t->conversions[j].outer && !strcmp(t->conversions[j].outer, outer);
        if (!outer || told) continue;
        uint32_t count = 0;
        size_t start = out->len;
        mp_put_z(out, outer);
        size_t mark = mp_begin(out);
        for (unsigned j = i; j < t->conversion_count; j++) {
            const struct type_conversion *line = &t->conversions[j];
            struct mp value = line->field ? mp_get(v, line->field->name) : (struct mp){0};
            if (!line->outer || strcmp(line->outer, outer) != 0 || value.type == MP_END) continue;
            mp_put_z(out, line->stored);
            convert_field(TO_STORED, line->field, convert_inner(w->stored, line), value, out);
            count++;
        }
        mp_end_map(out, mark, count);
        if (!count) out->len = start;
        outers += count > 0;
    }
    return outers;
}

static uint32_t convert_scatter(const struct walk *w, struct str outer, struct mp v,
                                struct buf *out)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < w->type->conversion_count; i++) {
        const struct type_conversion *line = &w->type->conversions[i];
        if (!line->outer || !str_is(outer, line->outer)) continue;
        struct mp value = mp_get(v, line->stored);
        if (value.type == MP_END) continue;
        mp_put_z(out, line->field->name);
        convert_field(FROM_STORED, line->field, convert_inner(w->stored, line), value, out);
        count++;
    }
    return count;
}

static uint32_t convert_in(const struct walk *w, struct mp v, struct buf *out)
{
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        const struct type_conversion *line = convert_line(w->type, it.key);
        if (line && line->outer) continue;
        struct str stored = line ? str_of(line->stored) : it.key;
        mp_put_str(out, stored);
        convert_field(TO_STORED, type_field(w->type, it.key), type_field(w->stored, stored),
                      it.value, out);
        count++;
    }
    return count + convert_gather(w, v, out);
}

/* What neither the version nor a function of it knows stays out. */
static uint32_t convert_out(const struct walk *w, struct mp v, struct buf *out)
{
    uint32_t count = 0;
    bool exact = !convert_function(w->type);
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        if (convert_is_outer(w->type, it.key)) {
            count += convert_scatter(w, it.key, it.value, out);
            continue;
        }
        struct str name = convert_version_name(w->type, it.key);
        const struct field *f = type_field(w->type, name);
        if (!f && exact) continue;
        mp_put_str(out, name);
        convert_field(FROM_STORED, f, type_field(w->stored, it.key), it.value, out);
        count++;
    }
    return count;
}

static void convert_fields(const struct walk *w, struct mp v, struct buf *out)
{
    size_t mark = mp_begin(out);
    mp_end_map(out, mark, (w->how == TO_STORED ? convert_in : convert_out)(w, v, out));
}

/* A function sees what is below in its stored form: it comes last on the way in, and first on the
 * way out. */
static void convert_object(const struct walk *w, struct mp v, struct buf *out)
{
    convert_fn *function = convert_function(w->type);
    buf_auto struct buf between = BUF_INIT;
    if (v.type != MP_MAP) {
        mp_put(out, v);
    } else if (!function) {
        convert_fields(w, v, out);
    } else if (w->how == TO_STORED) {
        convert_fields(w, v, &between);
        function(TO_STORED, mp_read(between.data, between.len), out);
    } else {
        function(FROM_STORED, v, &between);
        convert_fields(w, mp_read(between.data, between.len), out);
    }
}

void convert_value_to(const struct type *type, const struct type *stored, struct mp v,
                      struct buf *out)
{
    convert_object(&(struct walk){TO_STORED, type, stored}, v, out);
}

void convert_value_from(const struct type *type, const struct type *stored, struct mp v,
                        struct buf *out)
{
    convert_object(&(struct walk){FROM_STORED, type, stored}, v, out);
}

void convert_to_stored(const struct kind_version *v, struct mp doc, struct buf *out)
{
    convert_value_to(v->type, v->kind->versions[0].type, doc, out);
}

void convert_from_stored(const struct kind_version *v, struct mp doc, struct buf *out)
{
    convert_value_from(v->type, v->kind->versions[0].type, doc, out);
}

/* Up to the next dot; without an index behind it. */
static struct str field_step(const char **rest, struct str *index)
{
    const char *p = *rest;
    size_t whole = strcspn(p, "."), name = strcspn(p, ".[");
    *index = (struct str){p + name, whole - name};
    *rest = p + whole + (p[whole] == '.');
    return (struct str){p, name};
}

void convert_field_name(const struct kind_version *v, const char *field, struct buf *out)
{
    const struct type *t = v->type;
    while (*field && t && !convert_function(t)) {
        struct str index, stored = field_step(&field, &index);
        struct str name = convert_version_name(t, stored);
        const struct field *f = type_field(t, name);
        buf_append(out, name.p, name.n);
        buf_append(out, index.p, index.n);
        if (*field) buf_putc(out, '.');
        t = f ? f->type : NULL;
    }
    buf_puts(out, field);
}
