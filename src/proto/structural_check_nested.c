/* What stands within allOf, anyOf, oneOf and not: it restricts values, and says nothing that
 * pruning and defaulting would have to know. */
#include "proto/admit_path.h"
#include "proto/structural_check.h"

/* What only the skeleton says. */
static const struct {
    const char *field, *why;
} nested_words[] = {
    {"additionalProperties", "must be undefined to be structural"},
    {"default", "must be undefined to be structural"},
    {"description", "must be empty to be structural"},
    {"nullable", "must be false to be structural"},
    {"title", "must be empty to be structural"},
    {"type", "must be empty to be structural"},
    {"x-kubernetes-embedded-resource", "must be false to be structural"},
    {"x-kubernetes-int-or-string", "must be false to be structural"},
    {"x-kubernetes-list-map-keys", "must be empty to be structural"},
    {"x-kubernetes-list-type", "must be undefined to be structural"},
    {"x-kubernetes-map-type", "must be undefined to be structural"},
    {"x-kubernetes-preserve-unknown-fields", "must be false to be structural"},
};

static bool nested_says(struct mp v)
{
    if (v.type == MP_BOOL) return v.b;
    if (v.type == MP_STR) return v.s.n > 0;
    return v.type > MP_NIL;
}

/* {type: integer} or {type: string}: how int-or-string is told to other tools. */
static bool is_type_only(struct mp schema, const char *type)
{
    return schema.count == 1 && mp_is(mp_get(schema, "type"), type);
}

static bool is_int_or_string(struct mp several)
{
    return several.type == MP_ARRAY && several.count == 2 &&
           is_type_only(mp_at(several, 0), "integer") && is_type_only(mp_at(several, 1), "string");
}

static void nested_schema(struct schema_walk *w, struct mp nested, struct mp skeleton);

/* Every field that is restricted must be one that the skeleton names. */
static void nested_properties(struct schema_walk *w, struct mp nested, struct mp skeleton)
{
    size_t mark = path_field(&w->path, STR("properties"));
    for (struct mp_iter it = mp_items(mp_get(nested, "properties")); mp_iter_next(&it);) {
        size_t inner = path_key(&w->path, it.key);
        struct mp named = mp_get_str(mp_get(skeleton, "properties"), it.key);
        if (named.type != MP_MAP) named = mp_get(skeleton, "additionalProperties");
        if (named.type != MP_MAP && !mp_bool(named, false))
            causes_add(w->causes, "FieldValueRequired", path_text(&w->path),
                       "Required value: because it is not defined outside of allOf, anyOf, oneOf "
                       "and not");
        else
            nested_schema(w, it.value, named);
        path_cut(&w->path, inner);
    }
    path_cut(&w->path, mark);
}

static void nested_list(struct schema_walk *w, const char *field, struct mp list,
                        struct mp skeleton)
{
    unsigned i = 0;
    size_t mark = path_field(&w->path, str_of(field));
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it); i++) {
        size_t inner = path_index(&w->path, i);
        nested_schema(w, it.value, skeleton);
        path_cut(&w->path, inner);
    }
    path_cut(&w->path, mark);
}

static void nested_several(struct schema_walk *w, struct mp schema, struct mp skeleton)
{
    bool either = mp_bool(mp_get(skeleton, "x-kubernetes-int-or-string"), false);
    struct mp any = mp_get(schema, "anyOf"), all = mp_get(schema, "allOf");
    struct mp not = mp_get(schema, "not");
    if (!either || !is_int_or_string(any)) nested_list(w, "anyOf", any, skeleton);
    nested_list(w, "allOf", all, skeleton);
    nested_list(w, "oneOf", mp_get(schema, "oneOf"), skeleton);
    if (not .type != MP_MAP) return;
    size_t mark = path_field(&w->path, STR("not"));
    nested_schema(w, not, skeleton);
    path_cut(&w->path, mark);
}

static void nested_schema(struct schema_walk *w, struct mp nested, struct mp skeleton)
{
    for (size_t i = 0; i < sizeof nested_words / sizeof *nested_words; i++)
        if (nested_says(mp_get(nested, nested_words[i].field)))
            schema_forbid(w, nested_words[i].field, nested_words[i].why);
    nested_properties(w, nested, skeleton);
    struct mp items = mp_get(nested, "items"), named = mp_get(skeleton, "items");
    if (items.type == MP_MAP) {
        size_t mark = path_field(&w->path, STR("items"));
        nested_schema(w, items, named);
        path_cut(&w->path, mark);
    }
    nested_several(w, nested, skeleton);
}

void schema_check_nested(struct schema_walk *w, struct mp schema)
{
    nested_several(w, schema, schema);
}
