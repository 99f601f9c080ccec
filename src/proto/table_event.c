/* The row of an event. */
#include "proto/table_row.h"

static void event_put_object(struct table_row *r, struct buf *out)
{
    struct str kind = mp_str(table_body(r, "involvedObject.kind"));
    struct str name = mp_str(table_body(r, "involvedObject.name"));
    for (size_t i = 0; i < kind.n; i++)
        buf_putc(out, (char)(kind.p[i] >= 'A' && kind.p[i] <= 'Z' ? kind.p[i] + 32 : kind.p[i]));
    if (name.n) buf_putc(out, '/');
    buf_append(out, name.p, name.n);
}

static void event_put_source(struct table_row *r, struct buf *out)
{
    struct str component = mp_str(table_body(r, "source.component"));
    struct str host = mp_str(table_body(r, "source.host"));
    buf_append(out, component.p, component.n);
    if (host.n) buf_puts(out, ", ");
    buf_append(out, host.p, host.n);
}

static struct str event_trim(struct str s)
{
    while (s.n && strchr(" \t\n", s.p[0])) s.p++, s.n--;
    while (s.n && strchr(" \t\n", s.p[s.n - 1])) s.n--;
    return s;
}

void table_cells_event(struct table_row *r)
{
    struct buf first buf_auto = BUF_INIT, last buf_auto = BUF_INIT, text buf_auto = BUF_INIT;
    struct mp first_at = table_body(r, "firstTimestamp"), last_at = table_body(r, "lastTimestamp");
    struct mp series = table_body(r, "series");
    int64_t count = mp_i64(table_body(r, "count"), 1);
    if (first_at.type != MP_STR) first_at = table_body(r, "eventTime");
    if (last_at.type != MP_STR) last_at = first_at;
    if (series.type == MP_MAP) {
        last_at = mp_get(series, "lastObservedTime");
        count = mp_i64(mp_get(series, "count"), count);
    }
    table_put_since(r, first_at, &first);
    table_put_since(r, last_at, &last);
    table_cell_buf(r, &last, "");
    table_cell_or(r, table_body(r, "type"), "");
    table_cell_or(r, table_body(r, "reason"), "");
    event_put_object(r, &text);
    table_cell_buf(r, &text, "");
    table_cell_or(r, table_body(r, "involvedObject.fieldPath"), "");
    buf_clear(&text);
    event_put_source(r, &text);
    table_cell_buf(r, &text, "");
    table_cell(r, event_trim(mp_str(table_body(r, "message"))));
    table_cell_buf(r, &first, "");
    table_cell_int(r, count ? count : 1);
    table_cell(r, object_name(r->o));
}
