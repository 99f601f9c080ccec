/* Beta CustomResourceDefinitions: what all versions have in common is said once, and unknown fields
 * are kept unless it is said that they are not. The stable form says both in each version. */
#include "proto/convert.h"
#include "proto/schema_tables.h"

#define PRESERVES "x-kubernetes-preserve-unknown-fields"

static void schema_mark(struct mp schema, bool root, struct buf *out);

static void schemas_mark(struct mp properties, struct buf *out)
{
    mp_put_map(out, properties.count);
    for (struct mp_iter it = mp_items(properties); mp_iter_next(&it);) {
        mp_put_str(out, it.key);
        schema_mark(it.value, false, out);
    }
}

/* The schema with every object in it keeping what it does not name. */
static void schema_mark(struct mp schema, bool root, struct buf *out)
{
    if (schema.type != MP_MAP && !root) {
        mp_put(out, schema);
        return;
    }
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(schema); mp_iter_next(&it); count++) {
        mp_put_str(out, it.key);
        if (str_is(it.key, "properties") && it.value.type == MP_MAP)
            schemas_mark(it.value, out);
        else if (str_is(it.key, "items") || str_is(it.key, "additionalProperties"))
            schema_mark(it.value, false, out);
        else
            mp_put(out, it.value);
    }
    bool untyped = root && mp_get(schema, "type").type == MP_END;
    bool object = root || mp_get(schema, "properties").type == MP_MAP ||
                  mp_is(mp_get(schema, "type"), "object");
    bool open = mp_get(schema, PRESERVES).type != MP_END ||
                mp_get(schema, "additionalProperties").type != MP_END;
    if (untyped) {
        mp_put_z(out, "type");
        mp_put_z(out, "object");
    }
    if (object && !open) {
        mp_put_z(out, PRESERVES);
        mp_put_bool(out, true);
    }
    mp_end_map(out, mark, count + (uint32_t)untyped + (uint32_t)(object && !open));
}

/* {"openAPIV3Schema": ...}, the version's own or the common one. */
static bool put_schema(struct mp own, struct mp common, bool preserves, struct buf *out)
{
    struct mp validation = own.type == MP_MAP ? own : common;
    if (validation.type != MP_MAP && !preserves) return false;
    mp_put_z(out, "schema");
    if (!preserves) {
        mp_put(out, validation);
        return true;
    }
    mp_put_map(out, 1);
    mp_put_z(out, "openAPIV3Schema");
    schema_mark(mp_get(validation, "openAPIV3Schema"), true, out);
    return true;
}

static bool put_columns(struct mp columns, struct buf *out)
{
    const struct type *beta = type_by_name("apiextensions.v1beta1.CustomResourceColumnDefinition");
    const struct type *stable = type_by_name("apiextensions.v1.CustomResourceColumnDefinition");
    if (columns.type != MP_ARRAY) return false;
    mp_put_z(out, "additionalPrinterColumns");
    mp_put_array(out, columns.count);
    for (struct mp_iter it = mp_items(columns); mp_iter_next(&it);)
        convert_value_to(beta, stable, it.value, out);
    return true;
}

static void put_version(struct mp spec, struct mp version, struct buf *out)
{
    bool preserves = mp_bool(mp_get(spec, "preserveUnknownFields"), true);
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(version); mp_iter_next(&it);) {
        if (str_is(it.key, "schema")) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    count += put_schema(mp_get(version, "schema"), mp_get(spec, "validation"), preserves, out);
    if (mp_get(version, "subresources").type == MP_END &&
        mp_get(spec, "subresources").type == MP_MAP) {
        mp_put_z(out, "subresources");
        mp_put(out, mp_get(spec, "subresources"));
        count++;
    }
    if (mp_get(version, "additionalPrinterColumns").type == MP_END)
        count += put_columns(mp_get(spec, "additionalPrinterColumns"), out);
    mp_end_map(out, mark, count);
}

static void put_versions(struct mp spec, struct buf *out)
{
    struct mp versions = mp_get(spec, "versions"), name = mp_get(spec, "version");
    buf_auto struct buf only = BUF_INIT;
    mp_put_z(out, "versions");
    if (versions.type == MP_ARRAY && versions.count) {
        mp_put_array(out, versions.count);
        for (struct mp_iter it = mp_items(versions); mp_iter_next(&it);)
            put_version(spec, it.value, out);
        return;
    }
    mp_put_map(&only, 3);
    mp_put_z(&only, "name");
    mp_put_str(&only, mp_str(name).p ? mp_str(name) : STR(""));
    mp_put_z(&only, "served");
    mp_put_bool(&only, true);
    mp_put_z(&only, "storage");
    mp_put_bool(&only, true);
    mp_put_array(out, 1);
    put_version(spec, mp_read(only.data, only.len), out);
}

/* The beta version keeps the common form where a definition was written with it: of what all
 * versions say alike. */
static struct mp common_of(struct mp versions, const char *key)
{
    struct mp first = mp_get(mp_at(versions, 0), key);
    for (struct mp_iter it = mp_items(versions); mp_iter_next(&it);)
        if (!mp_same(mp_get(it.value, key), first)) return (struct mp){0};
    return first;
}

static const struct {
    const char *common, *own;
} hoisted[] = {{"validation", "schema"},
               {"subresources", "subresources"},
               {"additionalPrinterColumns", "additionalPrinterColumns"}};
enum { HOISTED = sizeof hoisted / sizeof *hoisted };

static void put_beta_versions(struct mp versions, struct buf *out)
{
    mp_put_z(out, "versions");
    mp_put_array(out, versions.count);
    for (struct mp_iter v = mp_items(versions); mp_iter_next(&v);) {
        size_t mark = mp_begin(out);
        uint32_t count = 0;
        for (struct mp_iter it = mp_items(v.value); mp_iter_next(&it);) {
            bool common = false;
            for (size_t i = 0; i < HOISTED; i++)
                common |= str_is(it.key, hoisted[i].own) &&
                          common_of(versions, hoisted[i].own).type != MP_END;
            if (common) continue;
            mp_put_str(out, it.key);
            mp_put(out, it.value);
            count++;
        }
        mp_end_map(out, mark, count);
    }
}

static void put_beta_columns(struct mp columns, struct buf *out)
{
    const struct type *beta = type_by_name("apiextensions.v1beta1.CustomResourceColumnDefinition");
    const struct type *stable = type_by_name("apiextensions.v1.CustomResourceColumnDefinition");
    mp_put_array(out, columns.count);
    for (struct mp_iter it = mp_items(columns); mp_iter_next(&it);)
        convert_value_from(beta, stable, it.value, out);
}

static uint32_t put_beta(struct mp versions, struct buf *out)
{
    uint32_t count = 3;
    mp_put_z(out, "version");
    mp_put(out, mp_get(mp_at(versions, 0), "name"));
    mp_put_z(out, "preserveUnknownFields");
    mp_put_bool(out, false);
    for (size_t i = 0; i < HOISTED; i++) {
        struct mp common = common_of(versions, hoisted[i].own);
        if (common.type == MP_END) continue;
        mp_put_z(out, hoisted[i].common);
        if (common.type == MP_ARRAY)
            put_beta_columns(common, out);
        else
            mp_put(out, common);
        count++;
    }
    put_beta_versions(versions, out);
    return count;
}

static bool is_rewritten(struct str key)
{
    static const char *const keys[] = {"versions",
                                       "version",
                                       "validation",
                                       "subresources",
                                       "additionalPrinterColumns",
                                       "preserveUnknownFields"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (str_is(key, keys[i])) return true;
    return false;
}

convert_fn convert_crd_spec;
void convert_crd_spec(enum conversion how, struct mp object, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(object); mp_iter_next(&it);) {
        if (is_rewritten(it.key)) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    if (how == TO_STORED) {
        put_versions(object, out);
        count++;
    } else if (mp_get(object, "versions").count) {
        count += put_beta(mp_get(object, "versions"), out);
    }
    mp_end_map(out, mark, count);
}
