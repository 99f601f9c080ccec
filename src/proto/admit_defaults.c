#include "proto/admit.h"
#include "proto/definition.h"
#include "proto/schema_tables.h"
#include "proto/structural.h"

static void defaults_object(const struct default_scope *outer, const struct type *type, struct mp v,
                            struct buf *out);

static const struct type_default *defaults_line(const struct type *type, const struct field *f)
{
    for (unsigned i = 0; i < type->default_count; i++)
        if (type->defaults[i].field == f) return &type->defaults[i];
    return NULL;
}

static bool defaults_deep(const struct field *f)
{
    return f && f->type && f->type->defaults_below;
}

/* A value that the document has; what is below it gets its defaults. */
static void defaults_value(const struct default_scope *at, const struct field *f, struct mp v,
                           struct buf *out)
{
    bool deep = defaults_deep(f);
    if (deep && f->shape == SHAPE_OBJECT) {
        defaults_object(at, f->type, v, out);
    } else if (deep && f->shape == SHAPE_LIST && v.type == MP_ARRAY) {
        mp_put_array(out, v.count);
        for (struct mp_iter it = mp_items(v); mp_iter_next(&it);)
            defaults_object(at, f->type, it.value, out);
    } else if (deep && f->shape == SHAPE_MAP && v.type == MP_MAP) {
        mp_put_map(out, v.count);
        for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
            mp_put_str(out, it.key);
            defaults_object(at, f->type, it.value, out);
        }
    } else {
        mp_put(out, v);
    }
}

/* Key and computed value, or nothing at all. */
static bool defaults_computed(const struct default_scope *at, const struct type_default *line,
                              struct mp given, struct buf *out)
{
    size_t before = out->len;
    mp_put_z(out, line->field->name);
    if (line->compute(at, given, out)) return true;
    out->len = before;
    return false;
}

/* What the document has; pairs that stay as they are are copied at once. Marks the lines whose
 * field it has. */
static uint32_t defaults_given(const struct default_scope *at, bool *has, struct buf *out)
{
    uint32_t count = 0;
    struct mp_iter it = mp_items(at->object);
    const char *same = it.c.p, *pair = same;
    for (; mp_iter_next(&it); pair = it.c.p) {
        const struct field *f = type_field(at->type, it.key);
        const struct type_default *line = f ? defaults_line(at->type, f) : NULL;
        bool always = line && line->always;
        if (line) has[line - at->type->defaults] = true;
        count += !always;
        if (!always && !defaults_deep(f)) continue;
        mp_put_raw(out, (struct str){same, (size_t)(pair - same)});
        same = it.c.p;
        if (always) {
            count += defaults_computed(at, line, it.value, out);
            continue;
        }
        mp_put_str(out, it.key);
        defaults_value(at, f, it.value, out);
    }
    mp_put_raw(out, (struct str){same, (size_t)(pair - same)});
    return count;
}

static uint32_t defaults_missing(const struct default_scope *at, const bool *has, struct buf *out)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < at->type->default_count; i++) {
        const struct type_default *line = &at->type->defaults[i];
        if (has[i]) continue;
        if (line->compute) {
            count += defaults_computed(at, line, (struct mp){0}, out);
            continue;
        }
        mp_put_z(out, line->field->name);
        mp_put_raw(out, (struct str){line->bytes, line->len});
        count++;
    }
    return count;
}

static void defaults_object(const struct default_scope *outer, const struct type *type, struct mp v,
                            struct buf *out)
{
    if (!type->defaults_below || v.type != MP_MAP) {
        mp_put(out, v);
        return;
    }
    struct default_scope at = {outer, type, v};
    bool has[SCHEMA_FIELDS_MAX] = {false};
    size_t begin = mp_begin(out);
    uint32_t count = defaults_given(&at, has, out);
    count += defaults_missing(&at, has, out);
    mp_end_map(out, begin, count);
}

void admit_version_defaults(const struct kind_version *version, struct mp doc, struct buf *out)
{
    defaults_object(NULL, version->type, doc, out);
}

void admit_defaults(const struct kind *kind, struct mp doc, struct buf *out)
{
    buf_reserve(out, doc.raw.n + 512);
    if (kind->custom)
        structural_default(definition_of(kind)->structural, doc, out);
    else
        defaults_object(NULL, kind->versions[0].type, doc, out);
}
