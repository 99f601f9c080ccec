/* Cells of networks, volumes and quotas that are more than one value. */
#include "proto/table_plain.h"

enum { CELL_SHOWN = 3 };

/* "a,b,c + 2 more..." */
static void put_shown(struct buf *out, unsigned *count, struct str text)
{
    if (++*count > CELL_SHOWN) return;
    if (*count > 1) buf_putc(out, ',');
    buf_append(out, text.p, text.n);
}

static void cell_shown(struct table_row *r, struct buf *text, unsigned count, const char *otherwise)
{
    if (count > CELL_SHOWN) buf_printf(text, " + %u more...", count - CELL_SHOWN);
    table_cell_buf(r, text, otherwise);
}

void cell_hosts(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    unsigned count = 0;
    for (struct mp_iter it = mp_items(table_body(r, "spec.rules")); mp_iter_next(&it);) {
        struct str host = mp_str(mp_get(it.value, "host"));
        if (host.n) put_shown(&text, &count, host);
    }
    cell_shown(r, &text, count, "*");
}

void cell_addresses(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    for (struct mp_iter it = mp_items(table_status(r, "loadBalancer.ingress"));
         mp_iter_next(&it);) {
        struct mp ip = mp_get(it.value, "ip");
        if (text.len) buf_putc(&text, ',');
        table_put_text(&text, mp_str(ip).n ? ip : mp_get(it.value, "hostname"));
    }
    table_cell_buf(r, &text, "");
}

void cell_ingress_ports(struct table_row *r)
{
    struct mp tls = table_body(r, "spec.tls");
    table_cell_z(r, tls.type == MP_ARRAY && tls.count ? "80, 443" : "80");
}

void cell_parameters(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    struct mp given = table_body(r, "spec.parameters");
    if (given.type == MP_MAP) {
        table_put_text(&text, mp_get(given, "kind"));
        if (mp_str(mp_get(given, "apiGroup")).n) buf_putc(&text, '.');
        table_put_text(&text, mp_get(given, "apiGroup"));
        buf_putc(&text, '/');
        table_put_text(&text, mp_get(given, "name"));
    }
    table_cell_buf(r, &text, "<none>");
}

void cell_slice_ports(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    unsigned count = 0;
    for (struct mp_iter it = mp_items(table_body(r, "ports")); mp_iter_next(&it);) {
        struct buf port buf_auto = BUF_INIT;
        struct mp number = mp_get(it.value, "port");
        if (number.type == MP_END) buf_putc(&port, '*');
        if (number.type != MP_END) buf_printf(&port, "%lld", (long long)mp_i64(number, 0));
        put_shown(&text, &count, (struct str){port.data, port.len});
    }
    cell_shown(r, &text, count, "<unset>");
}

void cell_slice_endpoints(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    unsigned count = 0;
    for (struct mp_iter it = mp_items(table_body(r, "endpoints")); mp_iter_next(&it);)
        for (struct mp_iter a = mp_items(mp_get(it.value, "addresses")); mp_iter_next(&a);)
            put_shown(&text, &count, mp_str(a.value));
    cell_shown(r, &text, count, "<unset>");
}

/* ---- volumes */

static void put_modes(struct buf *out, struct mp modes)
{
    static const struct {
        const char *mode, *shown;
    } known[] = {{"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bool has = false;
        for (struct mp_iter it = mp_items(modes); mp_iter_next(&it);)
            has |= mp_is(it.value, known[i].mode);
        if (has && out->len) buf_putc(out, ',');
        if (has) buf_puts(out, known[i].shown);
    }
}

void cell_volume_modes(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    put_modes(&text, table_body(r, "spec.accessModes"));
    table_cell_buf(r, &text, "");
}

void cell_volume_status(struct table_row *r)
{
    if (r->o->deleted_s)
        table_cell_z(r, "Terminating");
    else
        table_cell_or(r, table_status(r, "phase"), "");
}

void cell_volume_claim(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    struct mp claim = table_body(r, "spec.claimRef");
    if (claim.type == MP_MAP) {
        table_put_text(&text, mp_get(claim, "namespace"));
        buf_putc(&text, '/');
        table_put_text(&text, mp_get(claim, "name"));
    }
    table_cell_buf(r, &text, "");
}

void cell_volume_class(struct table_row *r)
{
    struct mp notes = table_body(r, "metadata.annotations");
    struct mp old = mp_get(notes, "volume.beta.kubernetes.io/storage-class");
    table_cell_or(r, old.type == MP_STR ? old : table_body(r, "spec.storageClassName"), "");
}

/* Two cells: what a claim got, once it has a volume. */
void cell_claim(struct table_row *r)
{
    struct buf modes buf_auto = BUF_INIT;
    bool bound = mp_str(table_body(r, "spec.volumeName")).n > 0;
    if (bound) put_modes(&modes, table_status(r, "accessModes"));
    table_cell_or(r, bound ? table_status(r, "capacity.storage") : (struct mp){0}, "");
    table_cell_buf(r, &modes, "");
}

void cell_class_name(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    struct str name = object_name(r->o);
    struct mp notes = table_body(r, "metadata.annotations");
    buf_append(&text, name.p, name.n);
    if (mp_is(mp_get(notes, "storageclass.kubernetes.io/is-default-class"), "true") ||
        mp_is(mp_get(notes, "storageclass.beta.kubernetes.io/is-default-class"), "true"))
        buf_puts(&text, " (default)");
    table_cell_buf(r, &text, "");
}

/* ---- quotas */

/* The smallest key after `last`, so that keys come in their order; false: no more. */
static bool quota_next(struct mp hard, struct str last, struct str *out)
{
    bool found = false;
    for (struct mp_iter it = mp_items(hard); mp_iter_next(&it);) {
        if ((last.p && str_cmp(it.key, last) <= 0) || (found && str_cmp(it.key, *out) >= 0))
            continue;
        *out = it.key;
        found = true;
    }
    return found;
}

/* Two cells: requests and limits, "cpu: 1/2, pods: 3/10". */
void cell_quota(struct table_row *r)
{
    struct buf texts[2] = {BUF_INIT, BUF_INIT};
    struct mp hard = table_status(r, "hard"), used = table_status(r, "used");
    struct str last = {0}, key;
    for (; quota_next(hard, last, &key); last = key) {
        struct buf *text = &texts[str_starts(key, "limits.")];
        struct str have = mp_str(mp_get_str(used, key));
        if (!have.n) have = STR("0");
        if (text->len) buf_puts(text, ", ");
        buf_printf(text, "%.*s: %.*s/", (int)key.n, key.p, (int)have.n, have.p);
        table_put_text(text, mp_get_str(hard, key));
    }
    for (size_t i = 0; i < 2; i++) {
        table_cell_buf(r, &texts[i], "");
        buf_free(&texts[i]);
    }
}
