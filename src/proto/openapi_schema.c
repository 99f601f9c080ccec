/* The types of the tables, each as a definition. */
#include "proto/openapi_schema.h"

#include "base/mem.h"
#include "proto/openapi_scalar.h"
#include "proto/schema_tables.h"

void openapi_types_add(struct openapi_types *set, const struct type *type)
{
    if (!set->types) set->types = mem_zalloc(schema_type_count * sizeof *set->types);
    bool *seen = &set->types[type - schema_types];
    if (*seen) return;
    *seen = true;
    for (unsigned i = 0; i < type->field_count; i++) {
        const struct field *f = &type->fields[i];
        if (f->type) openapi_types_add(set, f->type);
        set->scalars |= openapi_scalar_bit(f->scalar_type);
    }
}

void openapi_types_add_common(struct openapi_types *set)
{
    static const char *const common[] = {
        "apis.meta.v1.DeleteOptions", "apis.meta.v1.ListMeta",   "apis.meta.v1.ObjectMeta",
        "apis.meta.v1.Status",        "apis.meta.v1.WatchEvent",
    };
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        openapi_types_add(set, type_by_name(common[i]));
    set->scalars |= openapi_scalar_bit("apis.meta.v1.Patch");
}

void openapi_types_free(struct openapi_types *set)
{
    mem_free(set->types);
    set->types = NULL;
}

static void schema_put_ref_to(struct spec *s, const char *type)
{
    buf_auto struct buf name = BUF_INIT;
    openapi_type_name(type, &name);
    spec_put_ref(s, name.data);
}

/* Keys of the open map: what the value is. OpenAPI 3 knows no neighbours of $ref. */
static void schema_put_reference(struct spec *s, const char *type, bool alone)
{
    if (alone || !s->v3) {
        schema_put_ref_to(s, type);
        return;
    }
    spec_key(s, "allOf");
    spec_list(s);
    spec_map(s);
    schema_put_ref_to(s, type);
    spec_end(s);
    spec_end(s);
}

/* One value of the field: itself, an element, or what the map holds. */
static void schema_put_value(struct spec *s, const struct field *f, bool alone)
{
    if (f->type) {
        schema_put_reference(s, f->type->name, alone);
    } else if (!f->scalar_type) {
        openapi_put_scalar(s, f->scalar);
    } else if (str_is(str_of(f->scalar_type), "[]string")) {
        spec_put(s, "type", "array");
        spec_key(s, "items");
        spec_map(s);
        spec_put(s, "type", "string");
        spec_end(s);
    } else {
        schema_put_reference(s, f->scalar_type, alone);
    }
}

static void schema_put_extensions(struct spec *s, const struct field *f)
{
    if (f->list_keys) {
        struct str rest = str_of(f->list_keys), key;
        spec_key(s, "x-kubernetes-list-map-keys");
        spec_list(s);
        while (str_split(&rest, ',', &key)) {
            buf_auto struct buf text = BUF_INIT;
            buf_append(&text, key.p, key.n);
            spec_text(s, text.data);
        }
        spec_end(s);
    }
    if (f->list_type)
        spec_put(s, f->shape == SHAPE_LIST ? "x-kubernetes-list-type" : "x-kubernetes-map-type",
                 f->list_type);
    if (f->merge_key) spec_put(s, "x-kubernetes-patch-merge-key", f->merge_key);
    if (f->patch_merge || f->patch_replace_keys)
        spec_put(s, "x-kubernetes-patch-strategy",
                 !f->patch_replace_keys ? "merge"
                 : f->patch_merge       ? "merge,retainKeys"
                                        : "retainKeys");
}

/* What OpenAPI 3 tells besides: constants that stand for an absent value, and the words that a
 * field takes. (Kubernetes leaves both out of version 2, for old clients.) */
static void schema_put_values(struct spec *s, const struct type *t, const struct field *f)
{
    for (unsigned i = 0; i < t->default_count; i++) {
        const struct type_default *d = &t->defaults[i];
        if (d->field != f || d->compute) continue;
        spec_key(s, "default");
        spec_value(s, mp_read(d->bytes, d->len));
    }
    for (unsigned i = 0; i < t->rule_count; i++)
        if (t->rules[i].field == f && t->rules[i].rule == RULE_ENUM && f->shape == SHAPE_SCALAR)
            spec_put_texts(s, "enum", t->rules[i].choices);
}

static void schema_put_field(struct spec *s, const struct type *t, const struct field *f)
{
    spec_key(s, f->name);
    spec_map(s);
    if (f->about) spec_put(s, "description", f->about);
    if (f->shape == SHAPE_LIST || f->shape == SHAPE_MAP) {
        spec_put(s, "type", f->shape == SHAPE_LIST ? "array" : "object");
        spec_key(s, f->shape == SHAPE_LIST ? "items" : "additionalProperties");
        spec_map(s);
        schema_put_value(s, f, true);
        spec_end(s);
    } else {
        schema_put_value(s, f, false);
    }
    schema_put_extensions(s, f);
    if (s->v3) schema_put_values(s, t, f);
    spec_end(s);
}

static void schema_put_required(struct spec *s, const struct type *t)
{
    unsigned count = 0;
    for (unsigned i = 0; i < t->field_count; i++) {
        if (!t->fields[i].required) continue;
        if (count++ == 0) {
            spec_key(s, "required");
            spec_list(s);
        }
        spec_text(s, t->fields[i].name);
    }
    if (count) spec_end(s);
}

/* Of a kind, or of what a subresource takes (Scale, Binding); other types have no names to the
 * world. */
static void schema_put_gvk(struct spec *s, const struct type *t)
{
    for (unsigned i = 0; i < schema_kind_count; i++) {
        const struct kind *k = &schema_kinds[i];
        for (unsigned v = 0; v < k->version_count; v++)
            if (k->versions[v].type == t) {
                openapi_put_gvk(s, true, k->versions[v].group, k->versions[v].version, k->kind);
                return;
            }
        for (unsigned n = 0; n < k->subresource_count; n++) {
            const struct subresource *sub = &k->subresources[n];
            bool own = !sub->version[0];
            if (sub->type != t || (own && strcmp(sub->kind, k->kind) == 0)) continue;
            openapi_put_gvk(s, true, own ? k->group : sub->group,
                            own ? k->versions[0].version : sub->version, sub->kind);
            return;
        }
    }
}

static void schema_put_type(struct spec *s, const struct type *t)
{
    buf_auto struct buf name = BUF_INIT;
    openapi_type_name(t->name, &name);
    spec_key(s, name.data);
    spec_map(s);
    if (t->about) spec_put(s, "description", t->about);
    spec_put(s, "type", "object");
    schema_put_required(s, t);
    spec_key(s, "properties");
    spec_map(s);
    for (unsigned i = 0; i < t->field_count; i++) schema_put_field(s, t, &t->fields[i]);
    spec_end(s);
    schema_put_gvk(s, t);
    spec_end(s);
}

void openapi_put_types(struct spec *s, const struct openapi_types *set)
{
    for (unsigned i = 0; i < schema_type_count; i++)
        if (set->types && set->types[i]) schema_put_type(s, &schema_types[i]);
    openapi_put_scalars(s, set->scalars);
}

void openapi_put_ref_property(struct spec *s, const char *name, const char *type, const char *about)
{
    spec_key(s, name);
    spec_map(s);
    if (about) spec_put(s, "description", about);
    schema_put_reference(s, type, false);
    spec_end(s);
}
