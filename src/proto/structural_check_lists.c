/* What is asked of list-type, list-map-keys, map-type, and of defaults. */
#include "proto/admit_path.h"
#include "proto/structural.h"
#include "proto/structural_check.h"

static bool lists_require(struct mp schema, struct str name)
{
    for (struct mp_iter it = mp_items(mp_get(schema, "required")); mp_iter_next(&it);)
        if (str_eq(mp_str(it.value), name)) return true;
    return false;
}

static void check_map_keys(struct schema_walk *w, struct mp schema, struct mp keys)
{
    struct mp items = mp_get(schema, "items"), properties = mp_get(items, "properties");
    unsigned i = 0;
    if (keys.type != MP_ARRAY || !keys.count) {
        schema_require(w, "x-kubernetes-list-map-keys",
                       "must not be empty if x-kubernetes-list-type is map");
        return;
    }
    if (!mp_is(mp_get(items, "type"), "object"))
        schema_invalid(w, "items.type", mp_get(items, "type"),
                       "must be object if parent array's x-kubernetes-list-type is map");
    for (struct mp_iter it = mp_items(keys); mp_iter_next(&it); i++) {
        buf_auto struct buf field = BUF_INIT;
        struct mp property = mp_get_str(properties, mp_str(it.value));
        if (property.type != MP_MAP) {
            buf_printf(&field, "x-kubernetes-list-map-keys[%u]", i);
            schema_invalid(w, field.data, it.value, "entries must all be names of item properties");
        } else if (!lists_require(items, mp_str(it.value)) &&
                   mp_get(property, "default").type <= MP_NIL) {
            buf_printf(&field, "items.properties[%.*s].default", (int)it.value.s.n, it.value.s.p);
            schema_require(w, field.data,
                           "this property is in x-kubernetes-list-map-keys, so it must have a "
                           "default or be a required property");
        }
    }
}

static void check_list_type(struct schema_walk *w, struct mp schema, struct mp list)
{
    struct mp type = mp_get(schema, "type");
    if (!mp_is(list, "atomic") && !mp_is(list, "set") && !mp_is(list, "map"))
        schema_unsupported(w, "x-kubernetes-list-type", list, "\"atomic\", \"map\", \"set\"");
    if (!mp_str(type).n)
        schema_require(w, "type", "must be array if x-kubernetes-list-type is specified");
    else if (!mp_is(type, "array"))
        schema_invalid(w, "type", type, "must be array if x-kubernetes-list-type is specified");
}

void schema_check_lists(struct schema_walk *w, struct mp schema)
{
    struct mp list = mp_get(schema, "x-kubernetes-list-type");
    struct mp keys = mp_get(schema, "x-kubernetes-list-map-keys");
    struct mp map = mp_get(schema, "x-kubernetes-map-type");
    if (list.type == MP_STR) check_list_type(w, schema, list);
    if (mp_is(list, "map"))
        check_map_keys(w, schema, keys);
    else if (keys.type == MP_ARRAY && keys.count)
        schema_require(w, "x-kubernetes-list-type",
                       "must be map if x-kubernetes-list-map-keys is non-empty");
    if (map.type != MP_STR) return;
    if (!mp_is(map, "atomic") && !mp_is(map, "granular"))
        schema_unsupported(w, "x-kubernetes-map-type", map, "\"atomic\", \"granular\"");
    if (!mp_is(mp_get(schema, "type"), "object"))
        schema_invalid(w, "type", mp_get(schema, "type"),
                       "must be object if x-kubernetes-map-type is specified");
}

void schema_check_default(struct schema_walk *w, struct mp schema)
{
    struct arena *memory = arena_new();
    const struct structural *s;
    struct mp value = mp_get(schema, "default");
    buf_auto struct buf pruned = BUF_INIT, defaulted = BUF_INIT;
    struct error err = {0};
    if (structural_compile(memory, schema, &s, &err)) {
        schema_invalid(w, "default", value, err.text);
    } else {
        size_t mark = path_field(&w->path, STR("default"));
        struct causes unknown = {0};
        structural_prune(s, value, false, &unknown, &pruned);
        structural_default(s, mp_read(pruned.data, pruned.len), &defaulted);
        structural_validate(s, mp_read(defaulted.data, defaulted.len), path_text(&w->path),
                            w->causes);
        path_cut(&w->path, mark);
        if (unknown.count) schema_invalid(w, "default", value, "must not have unknown fields");
        causes_free(&unknown);
    }
    arena_free(memory);
}
