#include "master/event_line.h"

#include "base/mem.h"
#include "proto/json.h"
#include "proto/timefmt.h"
#include "raft/wire.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

static void put_object_name(const struct event *e, struct buf *out)
{
    buf_printf(out, " %s ", e->kind->key);
    if (e->ns.p) buf_printf(out, "%.*s/", (int)e->ns.n, e->ns.p);
    buf_append(out, e->name.p, e->name.n);
}

/* What a reader wants to know of a status at a glance. */
static void put_status_glance(struct mp status, struct buf *out)
{
    static const char *const shown[] = {"phase", "podIP", "replicas", "readyReplicas", "reason"};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        struct mp v = mp_get(status, shown[i]);
        if (v.type == MP_END) continue;
        buf_printf(out, " %s=", shown[i]);
        if (v.type == MP_STR)
            buf_append(out, v.s.p, v.s.n);
        else
            json_write(v, out);
    }
}

static void put_details(const struct event *e, struct buf *out)
{
    static const char *const names[] = {"type", "status", "reason", "message"};
    if (e->node.p) buf_printf(out, " node=%.*s", (int)e->node.n, e->node.p);
    if (e->type == EVENT_DELETING) buf_printf(out, " grace=%ds", e->grace_s);
    for (int i = 0; i < 4; i++)
        if (e->text[i].n)
            buf_printf(out, " %s=\"%.*s\"", names[i], (int)e->text[i].n, e->text[i].p);
    if (e->status) put_status_glance(doc_root(e->status), out);
}

void event_line_text(const struct logged_event *l, struct buf *out)
{
    char time[TIME_TEXT];
    time_format_ms(l->time_ms, time);
    buf_printf(out, "%" PRIu64 " %s %.*s %s", l->revision, time, (int)l->txn->who.n, l->txn->who.p,
               event_type_name(l->event->type));
    put_object_name(l->event, out);
    put_details(l->event, out);
    if (l->txn->cause) buf_printf(out, " <- %" PRIu64, l->txn->cause);
}

static void put_json_text(const char *name, struct str value, struct buf *out)
{
    if (!value.p) return;
    buf_printf(out, ",\"%s\":", name);
    json_write_str(value, out);
}

static void put_json_doc(const char *name, const struct doc *d, struct buf *out)
{
    if (!d) return;
    buf_printf(out, ",\"%s\":", name);
    json_write(doc_root(d), out);
}

static void put_json_request(const struct request_id *id, struct buf *out)
{
    static const struct request_id none;
    if (memcmp(id, &none, sizeof none) == 0) return;
    buf_puts(out, ",\"request\":\"");
    for (size_t i = 0; i < sizeof id->bytes; i++) buf_printf(out, "%02x", id->bytes[i]);
    buf_putc(out, '"');
}

void event_line_json(const struct logged_event *l, struct buf *out)
{
    const struct event *e = l->event;
    char time[TIME_TEXT];
    time_format_ms(l->time_ms, time);
    buf_printf(out, "{\"revision\":%" PRIu64 ",\"time\":\"%s\"", l->revision, time);
    put_json_text("who", l->txn->who, out);
    put_json_text("event", str_of(event_type_name(e->type)), out);
    put_json_text("kind", str_of(e->kind->key), out);
    put_json_text("namespace", e->ns, out);
    put_json_text("name", e->name, out);
    if (l->txn->cause) buf_printf(out, ",\"cause\":%" PRIu64, l->txn->cause);
    put_json_request(&l->txn->request, out);
    put_json_text("node", e->node, out);
    if (e->type == EVENT_DELETING)
        buf_printf(out, ",\"deletionTimestamp\":%" PRId64 ",\"gracePeriodSeconds\":%d",
                   e->deleted_s, e->grace_s);
    if (e->type == EVENT_CONDITION || e->type == EVENT_UNSCHEDULABLE) {
        put_json_text("conditionType", e->text[0], out);
        put_json_text("conditionStatus", e->text[1], out);
        put_json_text("reason", e->text[2], out);
        put_json_text("message", e->text[3], out);
    }
    if (e->kind == kind_secret && e->body)
        buf_puts(out, ",\"sealed\":true");
    else
        put_json_doc("body", e->body, out);
    put_json_doc("status", e->status, out);
    buf_putc(out, '}');
}

void event_line_seat(struct str payload, bool json, struct buf *out)
{
    uint64_t words[SEAT_BYTES / sizeof(uint64_t)] = {0};
    char time[TIME_TEXT];
    if (payload.n == sizeof words) memcpy(words, payload.p, sizeof words);
    time_format_ms((int64_t)le64toh(words[2]), time);
    buf_printf(out,
               json ? "{\"time\":\"%s\",\"who\":\"system:admin\",\"event\":\"Replaced\","
                      "\"kind\":\"masters\",\"name\":\"m%" PRIu64 "\",\"by\":\"m%" PRIu64 "\"}"
                    : "- %s system:admin Replaced masters m%" PRIu64 " by=m%" PRIu64,
               time, le64toh(words[1]), le64toh(words[0]));
}

static bool kind_is_called(const struct kind *kind, const char *word)
{
    if (strcasecmp(word, kind->key) == 0 || strcasecmp(word, kind->resource) == 0 ||
        strcasecmp(word, kind->kind) == 0 || strcasecmp(word, kind->singular) == 0)
        return true;
    for (const char *const *s = kind->short_names; s && *s; s++)
        if (strcasecmp(word, *s) == 0) return true;
    return false;
}

int event_filter_check(const struct event_filter *f, struct error *err)
{
    if (!f->kind || !*f->kind) return 0;
    for (unsigned i = 0; i < kind_count(); i++)
        if (kind_is_called(kind_at(i), f->kind)) return 0;
    /* Of a custom kind this process may not have heard yet; its full name will do. */
    if (kind_key_is_custom(str_of(f->kind))) return 0;
    return error_set(err, E_INVALID,
                     "there is no kind called '%s'; custom kinds have names like "
                     "crontabs.stable.example.com",
                     f->kind);
}

bool event_filter_wants_all(const struct event_filter *f)
{
    return !(f->kind && *f->kind) && !(f->name && *f->name) && !(f->ns && *f->ns);
}

bool event_filter_wants(const struct event_filter *f, uint64_t revision, const struct event *e)
{
    if (revision < f->since || (f->until && revision > f->until)) return false;
    if (f->kind && *f->kind && !kind_is_called(e->kind, f->kind)) return false;
    if (f->ns && *f->ns && !str_is(e->ns, f->ns)) return false;
    if (!f->name || !*f->name) return true;
    const char *slash = strchr(f->name, '/');
    if (!slash) return str_is(e->name, f->name);
    return str_eq(e->ns, (struct str){f->name, (size_t)(slash - f->name)}) &&
           str_is(e->name, slash + 1);
}
