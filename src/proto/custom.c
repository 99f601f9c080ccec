#include "proto/custom.h"

#include "proto/json.h"
#include "proto/jsonpath.h"
#include "proto/structural.h"
#include "proto/table.h"
#include "proto/timefmt.h"

#include <math.h>

/* {"metadata": ...} in the usual form, checked as that of any object. */
static int custom_metadata(struct mp metadata, struct buf *out, struct causes *unknown,
                           struct error *err)
{
    struct field field = {
        .name = "metadata", .shape = SHAPE_OBJECT, .type = type_by_name("apis.meta.v1.ObjectMeta")};
    struct type type = {.name = "metadata", .fields = &field, .field_count = 1};
    buf_auto struct buf outer = BUF_INIT;
    mp_put_map(&outer, 1);
    mp_put_z(&outer, "metadata");
    mp_put(&outer, metadata);
    return admit_structure(&type, mp_read(outer.data, outer.len), out, unknown, err);
}

int custom_structure(const struct definition_version *v, struct mp doc, struct buf *out,
                     struct causes *unknown, struct error *err)
{
    buf_auto struct buf metadata = BUF_INIT, pruned = BUF_INIT;
    if (doc.type != MP_MAP) return error_set(err, E_INVALID, "the object: expected an object");
    struct mp given = mp_get(doc, "metadata");
    int rc = 0;
    if (given.type != MP_END) rc = custom_metadata(given, &metadata, unknown, err);
    if (rc) return rc;
    structural_prune(v->structural, doc, true, unknown, &pruned);
    struct mp good = mp_get(mp_read(metadata.data, metadata.len), "metadata");
    struct mp whole = mp_read(pruned.data, pruned.len);
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(whole); mp_iter_next(&it);) {
        bool is_metadata = str_is(it.key, "metadata");
        if (is_metadata && good.type == MP_END) continue;
        mp_put_str(out, it.key);
        mp_put(out, is_metadata ? good : it.value);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
    return 0;
}

void custom_put_doc(const struct definition_version *v, const struct object *o, struct buf *out)
{
    buf_auto struct buf stored = BUF_INIT, pruned = BUF_INIT;
    object_put_stored(o, &v->served, &stored);
    structural_prune(v->structural, mp_read(stored.data, stored.len), true, NULL, &pruned);
    structural_default(v->structural, mp_read(pruned.data, pruned.len), out);
}

static void cell_put_age(struct mp v, int64_t now_s, struct buf *json)
{
    int64_t us;
    buf_auto struct buf age = BUF_INIT;
    if (time_parse(mp_str(v), &us))
        table_put_age(now_s - us / 1000000, &age);
    else
        buf_puts(&age, "<invalid>");
    json_write_str((struct str){age.data, age.len}, json);
}

/* Any value as text: strings as they are, everything else as JSON. */
static void cell_put_text(struct mp v, struct buf *json)
{
    buf_auto struct buf text = BUF_INIT;
    if (v.type != MP_STR) json_write(v, &text);
    json_write_str(v.type == MP_STR ? v.s : (struct str){text.data, text.len}, json);
}

static void cell_put(const char *type, struct mp v, int64_t now_s, struct buf *json)
{
    bool number = v.type == MP_INT || v.type == MP_UINT || v.type == MP_DOUBLE;
    if (v.type == MP_END || v.type == MP_NIL)
        buf_puts(json, "null");
    else if (!strcmp(type, "string"))
        cell_put_text(v, json);
    else if (!strcmp(type, "date") && v.type == MP_STR)
        cell_put_age(v, now_s, json);
    else if (!strcmp(type, "integer") && v.type == MP_DOUBLE)
        buf_printf(json, "%.0f", trunc(v.d));
    else if ((!strcmp(type, "integer") || !strcmp(type, "number")) && number)
        json_write(v, json);
    else if (!strcmp(type, "boolean") && v.type == MP_BOOL)
        json_write(v, json);
    else
        buf_puts(json, "null");
}

void custom_put_cells(const struct definition_version *v, const struct object *o, int64_t now_s,
                      struct buf *json)
{
    buf_auto struct buf doc = BUF_INIT;
    custom_put_doc(v, o, &doc);
    struct mp root = mp_read(doc.data, doc.len);
    buf_putc(json, '[');
    json_write_str(object_name(o), json);
    for (unsigned i = 1; i < v->kind.column_count; i++) {
        struct mp found = v->cells[i] ? jsonpath_first(v->cells[i], root) : (struct mp){0};
        buf_putc(json, ',');
        cell_put(v->kind.columns[i].type, found, now_s, json);
    }
    buf_putc(json, ']');
}
