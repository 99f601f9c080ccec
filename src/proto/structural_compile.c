/* From a schema as a document to the form that is interpreted. */
#include "proto/regex.h"
#include "proto/structural.h"

#include <stdlib.h>

enum { PROPERTIES_MAX = 10000 }; /* of one object */

struct compiler {
    struct arena *memory;
    unsigned depth;
    struct error *err;
};

static int compile_node(struct compiler *c, struct mp schema, const struct structural **out);

static enum structural_type compile_type(struct mp schema)
{
    static const char *const names[] = {
        [STRUCTURAL_OBJECT] = "object", [STRUCTURAL_ARRAY] = "array",
        [STRUCTURAL_STRING] = "string", [STRUCTURAL_INTEGER] = "integer",
        [STRUCTURAL_NUMBER] = "number", [STRUCTURAL_BOOLEAN] = "boolean",
    };
    if (mp_bool(mp_get(schema, "x-kubernetes-int-or-string"), false))
        return STRUCTURAL_INT_OR_STRING;
    struct mp type = mp_get(schema, "type");
    for (unsigned i = STRUCTURAL_OBJECT; i <= STRUCTURAL_BOOLEAN; i++)
        if (mp_is(type, names[i])) return i;
    return STRUCTURAL_ANY;
}

static int by_name(const void *a, const void *b)
{
    const struct structural_property *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

static int compile_properties(struct compiler *c, struct mp schema, struct structural *s)
{
    struct mp all = mp_get(schema, "properties");
    if (all.type != MP_MAP || !all.count) return 0;
    if (all.count > PROPERTIES_MAX)
        return error_set(c->err, E_INVALID, "more than %d properties", PROPERTIES_MAX);
    struct structural_property *list =
        arena_array(c->memory, struct structural_property, all.count);
    for (struct mp_iter it = mp_items(all); mp_iter_next(&it); s->property_count++) {
        struct structural_property *p = &list[s->property_count];
        p->name = it.key;
        int rc = compile_node(c, it.value, &p->schema);
        if (rc) return rc;
        s->presets_below |= p->schema->presets_below;
    }
    qsort(list, s->property_count, sizeof *list, by_name);
    s->properties = list;
    return 0;
}

/* A schema below; booleans and absence give none. */
static int compile_below(struct compiler *c, struct mp schema, struct structural *s,
                         const struct structural **out)
{
    if (schema.type != MP_MAP) return 0;
    int rc = compile_node(c, schema, out);
    if (!rc) s->presets_below |= (*out)->presets_below;
    return rc;
}

static int compile_several(struct compiler *c, struct mp list, struct structural_several *out)
{
    if (list.type != MP_ARRAY || !list.count) return 0;
    const struct structural **items = arena_array(c->memory, const struct structural *, list.count);
    out->items = items;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it); out->count++) {
        int rc = compile_node(c, it.value, &items[out->count]);
        if (rc) return rc;
    }
    return 0;
}

static bool number_of(struct mp v, double *out)
{
    if (v.type == MP_INT) *out = (double)v.i;
    if (v.type == MP_UINT) *out = (double)v.u;
    if (v.type == MP_DOUBLE) *out = v.d;
    return v.type == MP_INT || v.type == MP_UINT || v.type == MP_DOUBLE;
}

static int compile_pattern(struct compiler *c, struct mp pattern, struct structural_rules *r)
{
    struct regex *regex;
    if (pattern.type != MP_STR || !pattern.s.n) return 0;
    int rc = regex_compile(pattern.s, &regex, c->err);
    if (rc) return rc;
    arena_keep(c->memory, regex, regex_free);
    r->pattern = regex;
    r->pattern_text = pattern.s;
    return 0;
}

static void compile_numbers(struct mp schema, struct structural_rules *r)
{
    const struct {
        const char *key;
        int64_t *slot;
    } counts[] = {{"minLength", &r->min_length},         {"maxLength", &r->max_length},
                  {"minItems", &r->min_items},           {"maxItems", &r->max_items},
                  {"minProperties", &r->min_properties}, {"maxProperties", &r->max_properties}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        *counts[i].slot = mp_i64(mp_get(schema, counts[i].key), -1);
    r->has_minimum = number_of(mp_get(schema, "minimum"), &r->minimum);
    r->has_maximum = number_of(mp_get(schema, "maximum"), &r->maximum);
    r->exclusive_minimum = mp_bool(mp_get(schema, "exclusiveMinimum"), false);
    r->exclusive_maximum = mp_bool(mp_get(schema, "exclusiveMaximum"), false);
    if (!number_of(mp_get(schema, "multipleOf"), &r->multiple_of)) r->multiple_of = 0;
}

static bool rules_wanted(struct mp schema)
{
    static const char *const keys[] = {
        "enum",     "required",  "pattern",  "format",    "minimum",       "maximum",
        "minItems", "minLength", "maxItems", "maxLength", "minProperties", "maxProperties",
        "allOf",    "anyOf",     "oneOf",    "not",       "multipleOf",    "uniqueItems",
    };
    for (struct mp_iter it = mp_items(schema); mp_iter_next(&it);)
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (str_is(it.key, keys[i])) return true;
    return false;
}

static int compile_rules(struct compiler *c, struct mp schema, struct structural *s)
{
    if (!rules_wanted(schema)) return 0;
    struct structural_rules *r = arena_new_of(c->memory, struct structural_rules);
    s->rules = r;
    struct mp values = mp_get(schema, "enum"), not = mp_get(schema, "not");
    if (values.type == MP_ARRAY && values.count) r->one_of_values = values;
    r->required = mp_get(schema, "required");
    r->format = structural_format(mp_str(mp_get(schema, "format")));
    r->unique_items = mp_bool(mp_get(schema, "uniqueItems"), false);
    compile_numbers(schema, r);
    int rc = compile_pattern(c, mp_get(schema, "pattern"), r);
    if (!rc) rc = compile_several(c, mp_get(schema, "allOf"), &r->all_of);
    if (!rc) rc = compile_several(c, mp_get(schema, "anyOf"), &r->any_of);
    if (!rc) rc = compile_several(c, mp_get(schema, "oneOf"), &r->one_of);
    if (!rc && not .type == MP_MAP) rc = compile_node(c, not, &r->not );
    return rc;
}

static void compile_plain(struct mp schema, struct structural *s)
{
    struct mp list = mp_get(schema, "x-kubernetes-list-type");
    s->type = compile_type(schema);
    s->nullable = mp_bool(mp_get(schema, "nullable"), false);
    s->preserves = mp_bool(mp_get(schema, "x-kubernetes-preserve-unknown-fields"), false);
    s->embedded = mp_bool(mp_get(schema, "x-kubernetes-embedded-resource"), false);
    s->map_atomic = mp_is(mp_get(schema, "x-kubernetes-map-type"), "atomic");
    s->list = mp_is(list, "set")   ? STRUCTURAL_SET
              : mp_is(list, "map") ? STRUCTURAL_MAP
                                   : STRUCTURAL_ATOMIC;
    s->list_keys = mp_get(schema, "x-kubernetes-list-map-keys");
    s->preset = mp_get(schema, "default");
    if (s->preset.type == MP_NIL) s->preset = (struct mp){0};
    s->presets_below = s->preset.type != MP_END;
}

static int compile_node(struct compiler *c, struct mp schema, const struct structural **out)
{
    struct structural *s = arena_new_of(c->memory, struct structural);
    if (schema.type != MP_MAP) return error_set(c->err, E_INVALID, "a schema must be an object");
    if (++c->depth > MP_DEPTH_MAX)
        return error_set(c->err, E_INVALID, "the schema is nested too deeply");
    compile_plain(schema, s);
    struct mp additional = mp_get(schema, "additionalProperties");
    s->additional_any = mp_bool(additional, false);
    int rc = compile_properties(c, schema, s);
    if (!rc) rc = compile_below(c, additional, s, &s->additional);
    if (!rc) rc = compile_below(c, mp_get(schema, "items"), s, &s->items);
    if (!rc) rc = compile_rules(c, schema, s);
    c->depth--;
    if (!rc) *out = s;
    return rc;
}

int structural_compile(struct arena *memory, struct mp schema, const struct structural **out,
                       struct error *err)
{
    struct compiler c = {.memory = memory, .err = err};
    if (schema.type != MP_END) return compile_node(&c, schema, out);
    struct structural *all = arena_new_of(memory, struct structural);
    all->type = STRUCTURAL_OBJECT;
    all->preserves = true;
    *out = all;
    return 0;
}

const struct structural_property *structural_property(const struct structural *s, struct str name)
{
    uint32_t low = 0, high = s->property_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = str_cmp(name, s->properties[middle].name);
        if (order == 0) return &s->properties[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
