/* The rows of services and endpoints. */
#include "proto/table_row.h"

static void service_put_external(struct table_row *r, struct buf *out)
{
    struct mp type = table_body(r, "spec.type"), extra = table_body(r, "spec.externalIPs");
    if (mp_is(type, "ExternalName")) {
        struct str name = mp_str(table_body(r, "spec.externalName"));
        buf_append(out, name.p, name.n);
        return;
    }
    if (mp_is(type, "LoadBalancer")) {
        struct mp_iter it = mp_items(table_status(r, "loadBalancer.ingress"));
        while (mp_iter_next(&it)) {
            struct str at = mp_str(mp_get(it.value, "ip"));
            if (!at.n) at = mp_str(mp_get(it.value, "hostname"));
            if (out->len) buf_putc(out, ',');
            buf_append(out, at.p, at.n);
        }
        if (out->len && extra.type == MP_ARRAY && extra.count) buf_putc(out, ',');
    }
    table_join(out, extra, NULL);
    if (!out->len && mp_is(type, "LoadBalancer")) buf_puts(out, "<pending>");
}

static void service_put_ports(struct table_row *r, struct buf *out)
{
    for (struct mp_iter it = mp_items(table_body(r, "spec.ports")); mp_iter_next(&it);) {
        struct str protocol = mp_str(mp_get(it.value, "protocol"));
        int64_t node_port = mp_i64(mp_get(it.value, "nodePort"), 0);
        if (out->len) buf_putc(out, ',');
        buf_printf(out, "%lld", (long long)mp_i64(mp_get(it.value, "port"), 0));
        if (node_port) buf_printf(out, ":%lld", (long long)node_port);
        buf_putc(out, '/');
        buf_append(out, protocol.p, protocol.n);
    }
}

void table_cells_service(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    table_cell(r, object_name(r->o));
    table_cell_or(r, table_body(r, "spec.type"), "ClusterIP");
    table_cell_or(r, table_body(r, "spec.clusterIP"), "<none>");
    service_put_external(r, &text);
    table_cell_buf(r, &text, "<none>");
    buf_clear(&text);
    service_put_ports(r, &text);
    table_cell_buf(r, &text, "<none>");
    table_cell_age(r);
    buf_clear(&text);
    table_put_labels(table_body(r, "spec.selector"), &text);
    table_cell_buf(r, &text, "<none>");
}

/* ---- endpoints */

enum { ENDPOINTS_SHOWN = 3 };

static void endpoint_put(struct buf *out, unsigned *count, struct mp address, struct mp port)
{
    struct str ip = mp_str(mp_get(address, "ip"));
    if (++*count > ENDPOINTS_SHOWN) return;
    if (out->len) buf_putc(out, ',');
    bool v6 = ip.n && memchr(ip.p, ':', ip.n) && port.type != MP_END;
    buf_printf(out, v6 ? "[%.*s]" : "%.*s", (int)ip.n, ip.n ? ip.p : "");
    if (port.type != MP_END) buf_printf(out, ":%lld", (long long)mp_i64(mp_get(port, "port"), 0));
}

void table_cells_endpoints(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    unsigned count = 0;
    for (struct mp_iter it = mp_items(table_body(r, "subsets")); mp_iter_next(&it);) {
        struct mp addresses = mp_get(it.value, "addresses"), ports = mp_get(it.value, "ports");
        bool bare = ports.type != MP_ARRAY || ports.count == 0;
        for (struct mp_iter a = mp_items(addresses); bare && mp_iter_next(&a);)
            endpoint_put(&text, &count, a.value, (struct mp){0});
        for (struct mp_iter p = mp_items(ports); mp_iter_next(&p);)
            for (struct mp_iter a = mp_items(addresses); mp_iter_next(&a);)
                endpoint_put(&text, &count, a.value, p.value);
    }
    if (count > ENDPOINTS_SHOWN) buf_printf(&text, " + %u more...", count - ENDPOINTS_SHOWN);
    table_cell_buf(r, &text, "<none>");
}
