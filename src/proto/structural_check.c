/* The skeleton of a schema: every value has a type, and nothing is said that cannot be interpreted
 * field by field. */
#include "proto/structural_check.h"

#include "proto/admit_path.h"
#include "proto/json.h"
#include "proto/regex.h"

static void walk_add(struct schema_walk *w, const char *reason, const char *field,
                     const char *message)
{
    size_t mark = path_field(&w->path, str_of(field));
    causes_add(w->causes, reason, path_text(&w->path), "%s", message);
    path_cut(&w->path, mark);
}

void schema_forbid(struct schema_walk *w, const char *field, const char *why)
{
    buf_auto struct buf text = BUF_INIT;
    buf_printf(&text, "Forbidden: %s", why);
    walk_add(w, "FieldValueForbidden", field, text.data);
}

void schema_require(struct schema_walk *w, const char *field, const char *why)
{
    buf_auto struct buf text = BUF_INIT;
    buf_printf(&text, "Required value: %s", why);
    walk_add(w, "FieldValueRequired", field, text.data);
}

void schema_invalid(struct schema_walk *w, const char *field, struct mp value, const char *why)
{
    buf_auto struct buf text = BUF_INIT;
    buf_puts(&text, "Invalid value: ");
    json_write(value, &text);
    buf_printf(&text, ": %s", why);
    walk_add(w, "FieldValueInvalid", field, text.data);
}

void schema_unsupported(struct schema_walk *w, const char *field, struct mp value,
                        const char *choices)
{
    buf_auto struct buf text = BUF_INIT;
    buf_puts(&text, "Unsupported value: ");
    json_write(value, &text);
    buf_printf(&text, ": supported values: %s", choices);
    walk_add(w, "FieldValueNotSupported", field, text.data);
}

/* What no schema may say, at any level. */
static void check_forbidden_words(struct schema_walk *w, struct mp schema)
{
    static const struct {
        const char *field, *why;
    } words[] = {
        {"$ref", "$ref is not supported"},
        {"additionalItems", "additionalItems is not supported"},
        {"definitions", "definitions is not supported"},
        {"dependencies", "dependencies is not supported"},
        {"id", "id is not supported"},
        {"patternProperties", "patternProperties is not supported"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (mp_get(schema, words[i].field).type > MP_NIL)
            schema_forbid(w, words[i].field, words[i].why);
    struct mp additional = mp_get(schema, "additionalProperties");
    if (additional.type == MP_BOOL && !additional.b)
        schema_forbid(w, "additionalProperties", "additionalProperties cannot be set to false");
    if (additional.type > MP_NIL && mp_get(schema, "properties").type == MP_MAP)
        schema_forbid(w, "additionalProperties",
                      "additionalProperties and properties are mutual exclusive");
    if (mp_bool(mp_get(schema, "uniqueItems"), false))
        schema_forbid(w, "uniqueItems",
                      "uniqueItems cannot be set to true since the runtime complexity becomes "
                      "quadratic");
    if (mp_get(schema, "items").type == MP_ARRAY)
        schema_forbid(w, "items", "items must be a schema object and not an array");
}

static void check_pattern(struct schema_walk *w, struct mp pattern)
{
    struct regex *regex;
    struct error err = {0};
    if (pattern.type != MP_STR || !pattern.s.n) return;
    if (regex_compile(pattern.s, &regex, &err)) {
        buf_auto struct buf why = BUF_INIT;
        buf_printf(&why, "must be a valid regular expression, but isn't: %s", err.text);
        schema_invalid(w, "pattern", pattern, why.data);
        return;
    }
    regex_free(regex);
}

static void check_type(struct schema_walk *w, struct mp schema, enum schema_level level)
{
    static const char *const missing[] = {
        [LEVEL_ROOT] = "must not be empty at the root",
        [LEVEL_FIELD] = "must not be empty for specified object fields",
        [LEVEL_ITEM] = "must not be empty for specified array items",
    };
    static const char *const types[] = {"array",  "boolean", "integer",
                                        "number", "object",  "string"};
    struct mp type = mp_get(schema, "type");
    bool either = mp_bool(mp_get(schema, "x-kubernetes-int-or-string"), false);
    bool preserves = mp_bool(mp_get(schema, "x-kubernetes-preserve-unknown-fields"), false);
    if (!mp_str(type).n) {
        if (level == LEVEL_ROOT || (!either && !preserves))
            schema_require(w, "type", missing[level]);
        return;
    }
    bool known = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) known |= mp_is(type, types[i]);
    if (!known)
        schema_unsupported(
            w, "type", type,
            "\"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"");
    if (level == LEVEL_ROOT && known && !mp_is(type, "object"))
        schema_invalid(w, "type", type, "must be object at the root");
    if (either)
        schema_invalid(w, "type", type, "must be empty if x-kubernetes-int-or-string is true");
    if (mp_is(type, "array") && mp_get(schema, "items").type <= MP_NIL)
        schema_require(w, "items", "must be specified");
}

static void check_embedded(struct schema_walk *w, struct mp schema)
{
    struct mp type = mp_get(schema, "type");
    if (!mp_bool(mp_get(schema, "x-kubernetes-embedded-resource"), false)) return;
    if (!mp_is(type, "object"))
        schema_invalid(w, "type", type, "must be object if x-kubernetes-embedded-resource is true");
    bool preserves = mp_bool(mp_get(schema, "x-kubernetes-preserve-unknown-fields"), false);
    if (!preserves && mp_get(schema, "properties").count == 0)
        schema_require(w, "properties",
                       "must not be empty if x-kubernetes-embedded-resource is true without "
                       "x-kubernetes-preserve-unknown-fields");
}

/* Metadata is as for every object; only the name may be restricted. */
static void check_metadata_field(struct schema_walk *w, struct mp schema)
{
    struct mp metadata = mp_path(schema, "properties.metadata");
    for (struct mp_iter it = mp_items(mp_get(metadata, "properties")); mp_iter_next(&it);)
        if (!str_is(it.key, "name") && !str_is(it.key, "generateName")) {
            schema_forbid(
                w, "properties[metadata]",
                "must not specify anything other than name and generateName, but metadata "
                "is implicitly specified");
            return;
        }
}

static void check_schema(struct schema_walk *w, struct mp schema, enum schema_level level);

static void check_below(struct schema_walk *w, struct mp schema)
{
    struct mp items = mp_get(schema, "items"), additional = mp_get(schema, "additionalProperties");
    size_t mark = path_field(&w->path, STR("properties"));
    for (struct mp_iter it = mp_items(mp_get(schema, "properties")); mp_iter_next(&it);) {
        size_t inner = path_key(&w->path, it.key);
        check_schema(w, it.value, LEVEL_FIELD);
        path_cut(&w->path, inner);
    }
    path_cut(&w->path, mark);
    if (items.type == MP_MAP) {
        mark = path_field(&w->path, STR("items"));
        check_schema(w, items, LEVEL_ITEM);
        path_cut(&w->path, mark);
    }
    if (additional.type == MP_MAP) {
        mark = path_field(&w->path, STR("additionalProperties"));
        check_schema(w, additional, LEVEL_FIELD);
        path_cut(&w->path, mark);
    }
}

static void check_schema(struct schema_walk *w, struct mp schema, enum schema_level level)
{
    check_forbidden_words(w, schema);
    check_type(w, schema, level);
    check_pattern(w, mp_get(schema, "pattern"));
    check_embedded(w, schema);
    bool whole =
        level == LEVEL_ROOT || mp_bool(mp_get(schema, "x-kubernetes-embedded-resource"), false);
    if (whole) check_metadata_field(w, schema);
    if (level == LEVEL_ROOT && mp_bool(mp_get(schema, "nullable"), false))
        schema_forbid(w, "nullable", "nullable cannot be true at the root");
    schema_check_lists(w, schema);
    schema_check_nested(w, schema);
    check_below(w, schema);
    /* Of a schema that is wrong itself nothing is known about its default. */
    if (mp_get(schema, "default").type > MP_NIL && !w->causes->count)
        schema_check_default(w, schema);
}

void structural_check(struct mp schema, const char *path, struct causes *causes)
{
    struct causes found = {0};
    struct schema_walk w = {.causes = &found};
    buf_puts(&w.path, path);
    check_schema(&w, schema, LEVEL_ROOT);
    for (size_t i = 0; i < found.count; i++)
        causes_add(causes, found.items[i].reason, found.items[i].field, "%s",
                   found.items[i].message);
    causes_free(&found);
    buf_free(&w.path);
}
