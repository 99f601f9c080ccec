#include "proto/definition_type.h"

#include "base/buf.h"
#include "proto/schema_tables.h"

#include <stdlib.h>

static const struct type *type_of_object(struct arena *memory, const struct structural *s,
                                         const char *name, bool whole);

static enum scalar scalar_of(const struct structural *s)
{
    switch (s->type) {
    case STRUCTURAL_STRING:
        return SCALAR_STRING;
    case STRUCTURAL_INTEGER:
        return SCALAR_INT64;
    case STRUCTURAL_NUMBER:
        return SCALAR_DOUBLE;
    case STRUCTURAL_BOOLEAN:
        return SCALAR_BOOL;
    case STRUCTURAL_INT_OR_STRING:
        return SCALAR_INT_OR_STRING;
    default: /* lists of lists too: a field has one shape */
        return SCALAR_ANY;
    }
}

static bool is_map(const struct structural *s)
{
    return s->type == STRUCTURAL_OBJECT && (s->additional || s->additional_any) &&
           !s->property_count;
}

static bool is_object(const struct structural *s)
{
    return s && s->type == STRUCTURAL_OBJECT && !is_map(s);
}

/* The element of a list or map: an object, or a scalar. */
static void element_of(struct arena *memory, const struct structural *s, const char *name,
                       struct field *f)
{
    if (is_object(s))
        f->type = type_of_object(memory, s, name, s->embedded);
    else
        f->scalar = s ? scalar_of(s) : SCALAR_ANY;
}

static const char *keys_of(struct arena *memory, struct mp names)
{
    buf_auto struct buf text = BUF_INIT;
    for (struct mp_iter it = mp_items(names); mp_iter_next(&it);) {
        if (text.len) buf_putc(&text, ',');
        buf_append(&text, mp_str(it.value).p, mp_str(it.value).n);
    }
    return text.len ? arena_text(memory, (struct str){text.data, text.len}) : NULL;
}

static const char *text_below(struct arena *memory, const char *name, struct str field)
{
    buf_auto struct buf text = BUF_INIT;
    buf_printf(&text, "%s.%.*s", name, (int)field.n, field.p);
    return arena_text(memory, (struct str){text.data, text.len});
}

static void field_of_list(struct arena *memory, const struct structural *s, const char *name,
                          struct field *f)
{
    static const char *const types[] = {
        [STRUCTURAL_ATOMIC] = "atomic", [STRUCTURAL_SET] = "set", [STRUCTURAL_MAP] = "map"};
    f->shape = SHAPE_LIST;
    f->list_type = types[s->list];
    if (s->list == STRUCTURAL_MAP) f->list_keys = keys_of(memory, s->list_keys);
    element_of(memory, s->items, name, f);
}

static void field_of(struct arena *memory, const struct structural *s, struct str name,
                     const char *outer, struct field *f)
{
    *f = (struct field){.name = arena_text(memory, name), .shape = SHAPE_SCALAR};
    const char *full = text_below(memory, outer, name);
    if (s->map_atomic) f->list_type = "atomic";
    if (s->type == STRUCTURAL_ARRAY) {
        field_of_list(memory, s, full, f);
    } else if (is_map(s)) {
        f->shape = SHAPE_MAP;
        element_of(memory, s->additional, full, f);
    } else if (is_object(s)) {
        f->shape = SHAPE_OBJECT;
        f->type = type_of_object(memory, s, full, s->embedded);
    } else {
        f->scalar = scalar_of(s);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct field *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* What every object has, in place of what the schema says of it. */
static unsigned fields_of_whole(struct field *out)
{
    out[0] = (struct field){.name = "apiVersion", .shape = SHAPE_SCALAR, .scalar = SCALAR_STRING};
    out[1] = (struct field){.name = "kind", .shape = SHAPE_SCALAR, .scalar = SCALAR_STRING};
    out[2] = (struct field){
        .name = "metadata", .shape = SHAPE_OBJECT, .type = type_by_name("apis.meta.v1.ObjectMeta")};
    return 3;
}

static bool is_of_whole(struct str name)
{
    return str_is(name, "apiVersion") || str_is(name, "kind") || str_is(name, "metadata");
}

/* Keys that an element of a list lacks have these; the objects themselves get theirs by
 * structural_default. */
static void defaults_of(struct arena *memory, const struct structural *s, struct type *t)
{
    struct type_default *lines = arena_array(memory, struct type_default, t->field_count);
    for (unsigned i = 0; i < t->field_count; i++) {
        const struct field *f = &t->fields[i];
        const struct structural_property *p = structural_property(s, str_of(f->name));
        struct str preset = p ? p->schema->preset.raw : (struct str){0};
        if (f->shape != SHAPE_SCALAR || !preset.n || preset.n > UINT16_MAX) continue;
        lines[t->default_count++] =
            (struct type_default){.field = f, .bytes = preset.p, .len = (uint16_t)preset.n};
    }
    t->defaults = lines;
}

static const struct type *type_of_object(struct arena *memory, const struct structural *s,
                                         const char *name, bool whole)
{
    struct type *t = arena_new_of(memory, struct type);
    struct field *fields = arena_array(memory, struct field, s->property_count + 3);
    unsigned count = whole ? fields_of_whole(fields) : 0;
    for (uint32_t i = 0; i < s->property_count; i++) {
        if (whole && is_of_whole(s->properties[i].name)) continue;
        field_of(memory, s->properties[i].schema, s->properties[i].name, name, &fields[count++]);
    }
    qsort(fields, count, sizeof *fields, by_name);
    *t = (struct type){.name = name, .fields = fields, .field_count = (uint16_t)count};
    defaults_of(memory, s, t);
    return t;
}

const struct type *definition_type(struct arena *memory, const struct structural *s,
                                   const char *name)
{
    return type_of_object(memory, s, name, true);
}
