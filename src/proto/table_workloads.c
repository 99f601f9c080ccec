/* Cells of workloads and of what scales and grants that are more than one value. */
#include "proto/table_plain.h"
#include "proto/timefmt.h"

static void cell_of(struct table_row *r, struct mp have, struct mp want)
{
    struct buf text buf_auto = BUF_INIT;
    buf_printf(&text, "%lld/%lld", (long long)mp_i64(have, 0), (long long)mp_i64(want, 0));
    table_cell_buf(r, &text, "");
}

void cell_ready(struct table_row *r)
{
    cell_of(r, table_status(r, "readyReplicas"), table_body(r, "spec.replicas"));
}

/* "statefulset.apps/web" */
void cell_controller(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    for (struct mp_iter it = mp_items(table_body(r, "metadata.ownerReferences"));
         mp_iter_next(&it);) {
        struct str version = mp_str(mp_get(it.value, "apiVersion")), group;
        if (!mp_bool(mp_get(it.value, "controller"), false) || text.len) continue;
        struct str kind = mp_str(mp_get(it.value, "kind"));
        for (size_t i = 0; i < kind.n; i++)
            buf_putc(&text,
                     (char)(kind.p[i] >= 'A' && kind.p[i] <= 'Z' ? kind.p[i] | 0x20 : kind.p[i]));
        if (version.n && memchr(version.p, '/', version.n) && str_split(&version, '/', &group))
            buf_printf(&text, ".%.*s", (int)group.n, group.p);
        buf_putc(&text, '/');
        table_put_text(&text, mp_get(it.value, "name"));
    }
    table_cell_buf(r, &text, "<none>");
}

void cell_completions(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    struct mp wanted = table_body(r, "spec.completions");
    int64_t done = mp_i64(table_status(r, "succeeded"), 0);
    int64_t at_once = mp_i64(table_body(r, "spec.parallelism"), 0);
    if (wanted.type != MP_END)
        buf_printf(&text, "%lld/%lld", (long long)done, (long long)mp_i64(wanted, 0));
    else if (at_once > 1)
        buf_printf(&text, "%lld/1 of %lld", (long long)done, (long long)at_once);
    else
        buf_printf(&text, "%lld/1", (long long)done);
    table_cell_buf(r, &text, "");
}

void cell_duration(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    int64_t begun, done = r->table->now_s * 1000000;
    struct mp start = table_status(r, "startTime"), end = table_status(r, "completionTime");
    if (end.type == MP_STR && time_parse(end.s, &begun)) done = begun;
    if (start.type == MP_STR && time_parse(start.s, &begun))
        table_put_age((done - begun) / 1000000, &text);
    table_cell_buf(r, &text, "");
}

void cell_scaled(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    table_put_text(&text, table_body(r, "spec.scaleTargetRef.kind"));
    buf_putc(&text, '/');
    table_put_text(&text, table_body(r, "spec.scaleTargetRef.name"));
    table_cell_buf(r, &text, "");
}

/* The value that counts for a target of this type; nothing when there is none. */
static void table_put_metric(struct mp values, struct str type, struct buf *out)
{
    bool share = str_is(type, "Utilization"), average = str_is(type, "AverageValue");
    struct mp value = mp_get(values, share     ? "averageUtilization"
                                     : average ? "averageValue"
                                               : "value");
    if (value.type == MP_END)
        buf_puts(out, "<unknown>");
    else if (share)
        buf_printf(out, "%lld%%", (long long)mp_i64(value, 0));
    else
        table_put_text(out, value);
}

/* "42%/80%" for each of the metrics, in their order; the status tells them in the same. */
void cell_targets(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    struct mp metrics = table_body(r, "spec.metrics"), now = table_status(r, "currentMetrics");
    uint32_t at = 0;
    for (struct mp_iter it = mp_items(metrics); mp_iter_next(&it); at++) {
        static const struct {
            const char *type, *field;
        } sources[] = {{"Resource", "resource"},
                       {"ContainerResource", "containerResource"},
                       {"Pods", "pods"},
                       {"Object", "object"},
                       {"External", "external"}};
        const char *field = "resource";
        for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
            if (mp_is(mp_get(it.value, "type"), sources[i].type)) field = sources[i].field;
        struct mp target = mp_get(mp_get(it.value, field), "target");
        struct mp current = mp_get(mp_get(mp_at(now, at), field), "current");
        struct str type = mp_str(mp_get(target, "type"));
        if (at) buf_puts(&text, ", ");
        table_put_metric(current, type, &text);
        buf_putc(&text, '/');
        table_put_metric(target, type, &text);
    }
    table_cell_buf(r, &text, "<none>");
}

/* ---- roles and requests to sign */

void cell_role(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    table_put_text(&text, table_body(r, "roleRef.kind"));
    buf_putc(&text, '/');
    table_put_text(&text, table_body(r, "roleRef.name"));
    table_cell_buf(r, &text, "");
}

/* Three cells: users, groups, service accounts. */
void cell_subjects(struct table_row *r)
{
    static const char *const kinds[] = {"User", "Group", "ServiceAccount"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct buf text buf_auto = BUF_INIT;
        for (struct mp_iter it = mp_items(table_body(r, "subjects")); mp_iter_next(&it);) {
            if (!mp_is(mp_get(it.value, "kind"), kinds[i])) continue;
            if (text.len) buf_puts(&text, ", ");
            if (i == 2) table_put_text(&text, mp_get(it.value, "namespace"));
            if (i == 2) buf_putc(&text, '/');
            table_put_text(&text, mp_get(it.value, "name"));
        }
        table_cell_buf(r, &text, "");
    }
}

void cell_condition(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    bool approved = false, denied = false, failed = false;
    for (struct mp_iter it = mp_items(table_status(r, "conditions")); mp_iter_next(&it);) {
        struct mp type = mp_get(it.value, "type");
        approved |= mp_is(type, "Approved");
        denied |= mp_is(type, "Denied");
        failed |= mp_is(type, "Failed");
    }
    buf_puts(&text, denied ? "Denied" : approved ? "Approved" : "Pending");
    if (failed) buf_puts(&text, ",Failed");
    if (mp_str(table_status(r, "certificate")).n) buf_puts(&text, ",Issued");
    table_cell_buf(r, &text, "");
}

/* ---- served groups and flows */

static const char *cell_condition_status(struct table_row *r, const char *type)
{
    for (struct mp_iter it = mp_items(table_status(r, "conditions")); mp_iter_next(&it);) {
        if (!mp_is(mp_get(it.value, "type"), type)) continue;
        struct mp status = mp_get(it.value, "status");
        return mp_is(status, "True") ? "True" : mp_is(status, "False") ? "False" : "Unknown";
    }
    return NULL;
}

void cell_api_server(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    struct mp service = table_body(r, "spec.service");
    table_put_text(&text, mp_get(service, "namespace"));
    if (text.len) buf_putc(&text, '/');
    table_put_text(&text, mp_get(service, "name"));
    table_cell_buf(r, &text, "Local");
}

void cell_available(struct table_row *r)
{
    const char *status = cell_condition_status(r, "Available");
    table_cell_z(r, status ? status : "Unknown");
}

void cell_dangling(struct table_row *r)
{
    const char *status = cell_condition_status(r, "Dangling");
    table_cell_z(r, status ? status : "?");
}

/* Which API server stores which version. */
void cell_storage_versions(struct table_row *r)
{
    struct buf text buf_auto = BUF_INIT;
    for (struct mp_iter it = mp_items(table_status(r, "storageVersions")); mp_iter_next(&it);) {
        if (text.len) buf_putc(&text, ',');
        table_put_text(&text, mp_get(it.value, "apiServerID"));
        buf_putc(&text, '=');
        table_put_text(&text, mp_get(it.value, "encodingVersion"));
    }
    table_cell_buf(r, &text, "<unset>");
}

/* Three cells: how it does, what it says, what is wrong. */
void cell_component(struct table_row *r)
{
    struct mp healthy = {0};
    for (struct mp_iter it = mp_items(table_body(r, "conditions")); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "type"), "Healthy")) healthy = it.value;
    table_cell_z(r, mp_is(mp_get(healthy, "status"), "True") ? "Healthy" : "Unhealthy");
    table_cell_or(r, mp_get(healthy, "message"), "");
    table_cell_or(r, mp_get(healthy, "error"), "");
}
