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

/* What a field of the version is called in the stored form. */
static struct str convert_stored_name(const struct type *t, struct str name)
{
    for (unsigned i = 0; i < t->conversion_count; i++)
        if (t->conversions[i].field && str_is(name, t->conversions[i].field->name))
            return str_of(t->conversions[i].stored);
    return name;
}

static struct str convert_version_name(const struct type *t, struct str name)
{
    for (unsigned i = 0; i < t->conversion_count; i++)
        if (t->conversions[i].field && str_is(name, t->conversions[i].stored))
            return str_of(t->conversions[i].field->name);
    return name;
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

/* Renames, and what is below. Fields that only a function knows keep their names. */
static void convert_fields(const struct walk *w, struct mp v, struct buf *out)
{
    bool in = w->how == TO_STORED, exact = !convert_function(w->type);
    uint32_t count = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        struct str name = in ? it.key : convert_version_name(w->type, it.key);
        struct str stored = in ? convert_stored_name(w->type, it.key) : it.key;
        const struct field *f = type_field(w->type, name);
        if (!in && !f && exact) continue;
        mp_put_str(out, in ? stored : name);
        convert_field(w->how, f, type_field(w->stored, stored), it.value, out);
        count++;
    }
    mp_end_map(out, mark, count);
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
