/* Definitions of custom kinds: the schema that their author wrote, with what every object has, in
 * the words of the dialect. Version 2 cannot say everything, and its clients stumble over some of
 * what it can: values that may be null and objects with unknown fields are told without a type. */
#include "proto/openapi_schema.h"

void openapi_kind_name(const struct openapi_kind *k, bool list, struct buf *out)
{
    const struct kind_version *v = k->version;
    if (!v->kind->custom) {
        openapi_type_name(v->type->name, out);
        if (list) buf_puts(out, "List");
    } else if (list && k->list_kind) {
        openapi_custom_name(v->kind->group, v->version, k->list_kind, out);
    } else {
        openapi_custom_name(v->kind->group, v->version, v->kind->kind, out);
        if (list) buf_puts(out, "List");
    }
}

void openapi_put_gvk(struct spec *s, bool list, const char *group, const char *version,
                     const char *kind)
{
    spec_key(s, "x-kubernetes-group-version-kind");
    if (list) spec_list(s);
    spec_map(s);
    spec_put(s, "group", group);
    spec_put(s, "kind", kind);
    spec_put(s, "version", version);
    spec_end(s);
    if (list) spec_end(s);
}

/* apiVersion, kind and metadata, in the words that the built-in types have for them. */
static void custom_put_identity(struct spec *s, const char *metadata_type)
{
    const struct type *status = type_by_name("apis.meta.v1.Status");
    static const char *const texts[] = {"apiVersion", "kind"};
    for (unsigned i = 0; i < 2; i++) {
        const struct field *f = type_field(status, str_of(texts[i]));
        spec_key(s, texts[i]);
        spec_map(s);
        if (f->about) spec_put(s, "description", f->about);
        spec_put(s, "type", "string");
        spec_end(s);
    }
    const struct field *metadata = type_field(status, STR("metadata"));
    openapi_put_ref_property(s, "metadata", metadata_type, metadata->about);
}

void openapi_put_list(struct spec *s, const struct openapi_kind *k)
{
    const struct kind_version *v = k->version;
    buf_auto struct buf name = BUF_INIT, of = BUF_INIT, kind = BUF_INIT, about = BUF_INIT;
    openapi_kind_name(k, true, &name);
    openapi_kind_name(k, false, &of);
    buf_printf(&kind, k->list_kind ? "%s" : "%sList", k->list_kind ? k->list_kind : v->kind->kind);
    buf_printf(&about, "A list of %s objects.", v->kind->kind);
    spec_key(s, name.data);
    spec_map(s);
    spec_put(s, "description", about.data);
    spec_put(s, "type", "object");
    spec_put_texts(s, "required", (const char *const[]){"items", NULL});
    spec_key(s, "properties");
    spec_map(s);
    custom_put_identity(s, "apis.meta.v1.ListMeta");
    spec_key(s, "items");
    spec_map(s);
    spec_put(s, "type", "array");
    spec_key(s, "items");
    spec_map(s);
    spec_put_ref(s, of.data);
    spec_end(s);
    spec_end(s);
    spec_end(s);
    openapi_put_gvk(s, true, v->kind->group, v->version, kind.data);
    spec_end(s);
}

static bool custom_is_identity(struct str property)
{
    return str_is(property, "apiVersion") || str_is(property, "kind") ||
           str_is(property, "metadata");
}

static bool custom_keeps_unknown(struct mp schema)
{
    return mp_bool(mp_get(schema, "x-kubernetes-preserve-unknown-fields"), false);
}

/* What version 2 leaves out of this schema. */
static bool custom_is_unsaid(struct mp schema, struct str key)
{
    static const char *const never[] = {"allOf", "anyOf", "oneOf", "not", "nullable"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (str_is(key, never[i])) return true;
    bool null = mp_bool(mp_get(schema, "nullable"), false), open = custom_keeps_unknown(schema);
    if (str_is(key, "items") || str_is(key, "properties")) return null || open;
    if (!str_is(key, "type")) return false;
    struct mp type = mp_get(schema, "type");
    bool itemless = open || mp_get(schema, "items").type == MP_END;
    return null || (open && mp_is(type, "object")) || (itemless && mp_is(type, "array"));
}

/* Opens the list at the first name. */
static void custom_require(struct spec *s, unsigned *count, struct mp name)
{
    if ((*count)++ == 0) {
        spec_key(s, "required");
        spec_list(s);
    }
    spec_value(s, name);
}

static bool custom_names(struct mp list, const char *name)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_is(it.value, name)) return true;
    return false;
}

/* Version 2 does not ask for a field that may be null: its clients take null for no value. */
static void custom_put_required(struct spec *s, struct mp schema, bool embedded)
{
    struct mp names = mp_get(schema, "required"), properties = mp_get(schema, "properties");
    if (!s->v3 && custom_is_unsaid(schema, STR("properties"))) properties = (struct mp){0};
    if (!s->v3 && mp_bool(mp_path(schema, "additionalProperties.nullable"), false))
        names = (struct mp){0};
    unsigned count = 0;
    for (struct mp_iter it = mp_items(names); mp_iter_next(&it);) {
        struct mp property = mp_get_str(properties, mp_str(it.value));
        if (s->v3 || !mp_bool(mp_get(property, "nullable"), false))
            custom_require(s, &count, it.value);
    }
    static const char *const own[] = {"\xa4kind", "\xaa"
                                                  "apiVersion"};
    for (unsigned i = 0; embedded && i < 2; i++)
        if (!custom_names(names, own[i] + 1))
            custom_require(s, &count, mp_read(own[i], strlen(own[i])));
    if (count) spec_end(s);
}

static void custom_put_schema(struct spec *s, struct mp schema, const struct openapi_kind *root);

static void custom_put_properties(struct spec *s, struct mp properties, bool identity)
{
    spec_key(s, "properties");
    spec_map(s);
    for (struct mp_iter it = mp_items(properties); mp_iter_next(&it);) {
        if (identity && custom_is_identity(it.key)) continue;
        spec_key_str(s, it.key);
        custom_put_schema(s, it.value, NULL);
    }
    if (identity) custom_put_identity(s, "apis.meta.v1.ObjectMeta");
    spec_end(s);
}

static void custom_put_pair(struct spec *s, struct str key, struct mp value)
{
    spec_key_str(s, key);
    bool schema = str_is(key, "items") || str_is(key, "additionalProperties");
    if (schema && value.type == MP_MAP)
        custom_put_schema(s, value, NULL);
    else
        spec_value(s, value);
}

/* `root`: of a whole kind, else a part of one. */
static void custom_put_schema(struct spec *s, struct mp schema, const struct openapi_kind *root)
{
    bool open = !s->v3 && custom_keeps_unknown(schema);
    bool embedded =
        !root && !open && mp_bool(mp_get(schema, "x-kubernetes-embedded-resource"), false);
    spec_map(s);
    if ((root || embedded) && mp_get(schema, "properties").type != MP_MAP)
        custom_put_properties(s, (struct mp){0}, true);
    for (struct mp_iter it = mp_items(schema); mp_iter_next(&it);) {
        if (str_is(it.key, "required") || (!s->v3 && custom_is_unsaid(schema, it.key))) continue;
        if (str_is(it.key, "properties"))
            custom_put_properties(s, it.value, root || embedded);
        else
            custom_put_pair(s, it.key, it.value);
    }
    custom_put_required(s, schema, embedded);
    if (root) {
        const struct kind_version *v = root->version;
        openapi_put_gvk(s, true, v->kind->group, v->version, v->kind->kind);
    }
    spec_end(s);
}

void openapi_put_custom(struct spec *s, const struct openapi_kind *k)
{
    const struct kind_version *v = k->version;
    buf_auto struct buf name = BUF_INIT;
    openapi_kind_name(k, false, &name);
    spec_key(s, name.data);
    if (k->schema.type == MP_MAP && (s->v3 || !custom_keeps_unknown(k->schema))) {
        custom_put_schema(s, k->schema, k);
        return;
    }
    spec_map(s); /* not even metadata: clients would take all other fields for unknown */
    spec_put(s, "type", "object");
    openapi_put_gvk(s, true, v->kind->group, v->version, v->kind->kind);
    spec_end(s);
}
