#include "proto/table.h"

#include "proto/json.h"
#include "proto/selector.h"
#include "proto/table_plain.h"
#include "proto/timefmt.h"

#include <stdlib.h>

/* ---- cells */

static void table_comma(struct table_row *r)
{
    if (r->begun) buf_putc(r->json, ',');
    r->begun = true;
}

void table_cell(struct table_row *r, struct str text)
{
    table_comma(r);
    json_write_str(text, r->json);
}

void table_cell_z(struct table_row *r, const char *text)
{
    table_cell(r, str_of(text));
}

void table_cell_int(struct table_row *r, int64_t n)
{
    table_comma(r);
    buf_put_int(r->json, n);
}

void table_cell_of(struct table_row *r, uint64_t n, uint64_t whole)
{
    table_comma(r);
    buf_putc(r->json, '"');
    buf_put_uint(r->json, n);
    buf_putc(r->json, '/');
    buf_put_uint(r->json, whole);
    buf_putc(r->json, '"');
}

void table_cell_bool(struct table_row *r, bool yes)
{
    table_comma(r);
    buf_puts(r->json, yes ? "true" : "false");
}

void table_cell_or(struct table_row *r, struct mp text, const char *otherwise)
{
    struct str s = mp_str(text);
    table_cell(r, s.n ? s : str_of(otherwise));
}

void table_cell_buf(struct table_row *r, const struct buf *text, const char *otherwise)
{
    table_cell(r, text->len ? (struct str){text->data, text->len} : str_of(otherwise));
}

static const char age_invalid[] = "<invalid>";

void table_put_age(int64_t s, struct buf *out)
{
    enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, YEAR = 365 * DAY };
    /* Below `until`, in this unit and perhaps with a rest in the smaller one. */
    static const struct {
        int64_t until, unit, rest;
        char name, rest_name;
    } steps[] = {
        {2 * MINUTE, 1, 0, 's', 0},          {10 * MINUTE, MINUTE, 1, 'm', 's'},
        {3 * HOUR, MINUTE, 0, 'm', 0},       {8 * HOUR, HOUR, MINUTE, 'h', 'm'},
        {2 * DAY, HOUR, 0, 'h', 0},          {8 * DAY, DAY, HOUR, 'd', 'h'},
        {2 * (int64_t)YEAR, DAY, 0, 'd', 0}, {8 * (int64_t)YEAR, YEAR, DAY, 'y', 'd'},
        {INT64_MAX, YEAR, 0, 'y', 0},
    };
    if (s < -1) {
        buf_puts(out, age_invalid);
        return;
    }
    if (s < 0) s = 0;
    size_t i = 0;
    while (i + 1 < sizeof steps / sizeof *steps && s >= steps[i].until) i++;
    int64_t rest = steps[i].rest ? s % steps[i].unit / steps[i].rest : 0;
    buf_put_int(out, s / steps[i].unit);
    buf_putc(out, steps[i].name);
    if (!rest) return;
    buf_put_int(out, rest);
    buf_putc(out, steps[i].rest_name);
}

void table_cell_age(struct table_row *r)
{
    int64_t created_s = r->o->id->created_s, age_s = r->table->now_s - created_s;
    if (!created_s || age_s < -1) {
        table_cell_z(r, created_s ? age_invalid : "<unknown>");
        return;
    }
    table_comma(r);
    buf_putc(r->json, '"');
    table_put_age(age_s, r->json);
    buf_putc(r->json, '"');
}

void table_put_since(struct table_row *r, struct mp time, struct buf *out)
{
    int64_t us;
    if (time.type == MP_STR && time_parse(time.s, &us))
        table_put_age(r->table->now_s - us / 1000000, out);
    else
        buf_puts(out, "<unknown>");
}

void table_join(struct buf *out, struct mp list, const char *key)
{
    bool more = false;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it); more = true) {
        struct str text = mp_str(key ? mp_get(it.value, key) : it.value);
        if (more) buf_putc(out, ',');
        buf_append(out, text.p, text.n);
    }
}

void table_put_text(struct buf *out, struct mp text)
{
    struct str s = mp_str(text);
    buf_append(out, s.p, s.n);
}

void table_put_labels(struct mp map, struct buf *out)
{
    struct selector *selector;
    if (map.type != MP_MAP || !map.count || selector_from_map(map, &selector, NULL)) return;
    selector_format(selector, out);
    selector_free(selector);
}

/* ---- the kinds with few cells of their own */

static void table_cells_namespace(struct table_row *r)
{
    table_cell_or(r, table_status(r, "phase"), r->o->deleted_s ? "Terminating" : "Active");
}

static uint32_t table_count(struct mp container)
{
    return container.type == MP_MAP || container.type == MP_ARRAY ? container.count : 0;
}

static void table_cells_secret(struct table_row *r)
{
    table_cell_or(r, table_body(r, "type"), "");
    table_cell_int(r, table_count(table_body(r, "data")));
}

static void table_cells_configmap(struct table_row *r)
{
    table_cell_int(r, (int64_t)table_count(table_body(r, "data")) +
                          table_count(table_body(r, "binaryData")));
}

static void table_cells_serviceaccount(struct table_row *r)
{
    table_cell_int(r, table_count(table_body(r, "secrets")));
}

static void table_cells_lease(struct table_row *r)
{
    table_cell_or(r, table_body(r, "spec.holderIdentity"), "");
}

/* The cells after the name; `whole` writes the name and the age itself, at other places. */
static const struct table_printer {
    const char *key;
    table_cells_fn *cells;
    bool whole;
} table_printers[] = {
    {"pods", table_cells_pod, true},
    {"nodes", table_cells_node, true},
    {"replicasets.apps", table_cells_replicas, true},
    {"replicationcontrollers", table_cells_replicas, true},
    {"services", table_cells_service, true},
    {"events", table_cells_event, true},
    {"endpoints", table_cells_endpoints, false},
    {"namespaces", table_cells_namespace, false},
    {"secrets", table_cells_secret, false},
    {"configmaps", table_cells_configmap, false},
    {"serviceaccounts", table_cells_serviceaccount, false},
    {"leases.coordination.k8s.io", table_cells_lease, false},
};

static const struct table_printer *table_printer(const struct kind *kind)
{
    for (size_t i = 0; i < sizeof table_printers / sizeof *table_printers; i++)
        if (!strcmp(table_printers[i].key, kind->key)) return &table_printers[i];
    return NULL;
}

void table_put_cells(struct table *t, const struct object *o, struct buf *json)
{
    struct table_row r = {t, o, json, false};
    const struct table_printer *printer = table_printer(o->id->kind);
    const struct cell *plain = printer ? NULL : table_plain_cells(o->id->kind);
    buf_putc(json, '[');
    if (plain) {
        table_put_plain(&r, plain);
        buf_putc(json, ']');
        return;
    }
    if (!printer || !printer->whole) table_cell(&r, object_name(o));
    if (printer) printer->cells(&r);
    if (!printer) {
        char created[TIME_TEXT];
        time_format_s(o->id->created_s, created);
        table_cell_z(&r, created);
    } else if (!printer->whole) {
        table_cell_age(&r);
    }
    buf_putc(json, ']');
}

static void table_put_column(const struct column *c, struct buf *json)
{
    buf_puts(json, "{\"name\":");
    json_write_str(str_of(c->name), json);
    buf_puts(json, ",\"type\":");
    json_write_str(str_of(c->type), json);
    buf_puts(json, ",\"format\":");
    json_write_str(str_of(c->format), json);
    buf_puts(json, ",\"description\":");
    json_write_str(str_of(c->description), json);
    buf_printf(json, ",\"priority\":%d}", c->priority);
}

void table_put_columns(const struct kind *kind, struct buf *json)
{
    static const struct column plain[] = {
        {"Name", "string", "name", "The object's name within its namespace", 0},
        {"Created At", "date", "", "When the object was created", 0},
    };
    const struct column *columns = kind->column_count ? kind->columns : plain;
    unsigned count = kind->column_count ? kind->column_count : 2;
    buf_putc(json, '[');
    for (unsigned i = 0; i < count; i++) {
        if (i) buf_putc(json, ',');
        table_put_column(&columns[i], json);
    }
    buf_putc(json, ']');
}
