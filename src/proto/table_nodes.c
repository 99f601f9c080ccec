/* The rows of nodes and of what keeps replicas. */
#include "proto/selector.h"
#include "proto/table_row.h"

#include <stdlib.h>

/* ---- nodes */

static void node_put_status(struct table_row *r, struct buf *out)
{
    struct mp_iter it = mp_items(table_status(r, "conditions"));
    while (mp_iter_next(&it))
        if (mp_is(mp_get(it.value, "type"), "Ready"))
            buf_puts(out, mp_is(mp_get(it.value, "status"), "True") ? "Ready" : "NotReady");
    if (!out->len) buf_puts(out, "Unknown");
    if (mp_bool(table_body(r, "spec.unschedulable"), false)) buf_puts(out, ",SchedulingDisabled");
}

static int node_compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void node_put_roles(struct table_row *r, struct buf *out)
{
    enum { ROLES_MAX = 16 };
    static const char prefix[] = "node-role.kubernetes.io/";
    struct str roles[ROLES_MAX];
    size_t n = 0;
    struct mp_iter it = mp_items(object_labels(r->o));
    while (n < ROLES_MAX && mp_iter_next(&it)) {
        size_t skip = sizeof prefix - 1;
        if (str_starts(it.key, prefix) && it.key.n > skip)
            roles[n++] = (struct str){it.key.p + skip, it.key.n - skip};
        else if (str_is(it.key, "kubernetes.io/role") && mp_str(it.value).n)
            roles[n++] = mp_str(it.value);
    }
    qsort(roles, n, sizeof *roles, node_compare);
    for (size_t i = 0; i < n; i++) {
        if (i && str_eq(roles[i], roles[i - 1])) continue;
        if (out->len) buf_putc(out, ',');
        buf_append(out, roles[i].p, roles[i].n);
    }
}

static struct mp node_address(struct table_row *r, const char *type)
{
    struct mp_iter it = mp_items(table_status(r, "addresses"));
    while (mp_iter_next(&it))
        if (mp_is(mp_get(it.value, "type"), type)) return mp_get(it.value, "address");
    return (struct mp){0};
}

void table_cells_node(struct table_row *r)
{
    struct buf status buf_auto = BUF_INIT, roles buf_auto = BUF_INIT;
    node_put_status(r, &status);
    node_put_roles(r, &roles);
    table_cell(r, object_name(r->o));
    table_cell_buf(r, &status, "");
    table_cell_buf(r, &roles, "<none>");
    table_cell_age(r);
    table_cell_or(r, table_status(r, "nodeInfo.kubeletVersion"), "");
    table_cell_or(r, node_address(r, "InternalIP"), "<none>");
    table_cell_or(r, node_address(r, "ExternalIP"), "<none>");
    table_cell_or(r, table_status(r, "nodeInfo.osImage"), "<unknown>");
    table_cell_or(r, table_status(r, "nodeInfo.kernelVersion"), "<unknown>");
    table_cell_or(r, table_status(r, "nodeInfo.containerRuntimeVersion"), "<unknown>");
}

/* ---- replica sets and replication controllers */

static void replicas_put_selector(struct table_row *r, struct buf *out)
{
    struct mp map = table_body(r, "spec.selector");
    struct selector *selector;
    if (r->o->id->kind == kind_rc) {
        table_put_labels(map, out);
    } else if (map.type == MP_MAP && !selector_from_doc(map, &selector, NULL)) {
        selector_format(selector, out);
        selector_free(selector);
    }
}

void table_cells_replicas(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    struct mp containers = table_body(r, "spec.template.spec.containers");
    table_cell(r, object_name(r->o));
    table_cell_int(r, mp_i64(table_body(r, "spec.replicas"), 0));
    table_cell_int(r, mp_i64(table_status(r, "replicas"), 0));
    table_cell_int(r, mp_i64(table_status(r, "readyReplicas"), 0));
    table_cell_age(r);
    table_join(&text, containers, "name");
    table_cell_buf(r, &text, "");
    buf_clear(&text);
    table_join(&text, containers, "image");
    table_cell_buf(r, &text, "");
    buf_clear(&text);
    replicas_put_selector(r, &text);
    table_cell_buf(r, &text, "<none>");
}
