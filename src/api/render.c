#include "api/render.h"

#include "base/mem.h"
#include "proto/json.h"
#include "proto/timefmt.h"

/* The parts of a body as text: what goes into metadata after the object's own fields, the spec up
 * to before its closing brace, and everything else, each with a leading comma. Of a status, `rest`
 * is its value. */
struct fragment {
    struct doc *doc; /* a reference; NULL: free */
    struct buf metadata, spec, rest;
    bool has_spec, spec_empty;
};

enum { FRAGMENTS = 512, FRAGMENT_DOC_MAX = 64 * 1024 };

/* Direct-mapped: a document has one place, and takes it from whoever stands there. */
static _Thread_local struct fragment fragments[FRAGMENTS];

static struct fragment *fragment_place(const struct doc *d)
{
    uint64_t mixed = (uint64_t)(uintptr_t)d * 0x9e3779b97f4a7c15ULL;
    return &fragments[mixed >> 32 & (FRAGMENTS - 1)];
}

static void fragment_put_pairs(struct mp map, const char *but, struct buf *out)
{
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        if (but && str_is(it.key, but)) continue;
        buf_putc(out, ',');
        json_write_str(it.key, out);
        buf_putc(out, ':');
        json_write(it.value, out);
    }
}

static void fragment_of_body(struct fragment *f, struct mp body)
{
    for (struct mp_iter it = mp_items(body); mp_iter_next(&it);) {
        if (str_is(it.key, "metadata")) {
            fragment_put_pairs(it.value, NULL, &f->metadata);
        } else if (str_is(it.key, "spec") && it.value.type == MP_MAP) {
            f->has_spec = true;
            json_write(it.value, &f->spec);
            f->spec.len--; /* the brace is put behind what is added */
            f->spec_empty = it.value.count == 0;
        } else {
            buf_putc(&f->rest, ',');
            json_write_str(it.key, &f->rest);
            buf_putc(&f->rest, ':');
            json_write(it.value, &f->rest);
        }
    }
}

static void fragment_make(struct fragment *f, const struct doc *d, bool status)
{
    buf_clear(&f->metadata);
    buf_clear(&f->spec);
    buf_clear(&f->rest);
    f->has_spec = false;
    if (status)
        json_write(doc_root(d), &f->rest);
    else
        fragment_of_body(f, doc_root(d));
}

/* A document is either a body or a status, never both: one place serves. Of very large ones nothing
 * is kept. */
static const struct fragment *fragment_of(struct doc *d, bool status, struct fragment *own)
{
    struct fragment *f = d->len > FRAGMENT_DOC_MAX ? own : fragment_place(d);
    if (f->doc == d) return f;
    doc_unref(f->doc);
    f->doc = f == own ? NULL : doc_ref(d);
    fragment_make(f, d, status);
    return f;
}

static void fragment_free(struct fragment *f)
{
    buf_free(&f->metadata);
    buf_free(&f->spec);
    buf_free(&f->rest);
}

static void put_text(struct buf *json, const char *before, struct str value)
{
    buf_puts(json, before);
    buf_putc(json, '"');
    buf_append(json, value.p, value.n); /* names and times need no escapes */
    buf_putc(json, '"');
}

static void put_time(struct buf *json, const char *before, int64_t unix_s)
{
    char text[TIME_TEXT];
    time_format_s(unix_s, text);
    put_text(json, before, str_of(text));
}

static void put_metadata(const struct object *o, const struct fragment *body, struct buf *json)
{
    char uid[UID_TEXT];
    uid_text(&o->id->uid, uid);
    buf_puts(json, "{\"name\":");
    json_write_str(object_name(o), json);
    if (!o->revision && !o->id->created_s) { /* it is not stored anywhere */
        buf_puts(json, ",\"creationTimestamp\":null}");
        return;
    }
    if (o->id->ns) put_text(json, ",\"namespace\":", istr_str(o->id->ns));
    put_text(json, ",\"uid\":", str_of(uid));
    if (o->revision) { /* else it only would have been created */
        buf_puts(json, ",\"resourceVersion\":\"");
        buf_put_uint(json, o->revision);
        buf_putc(json, '"');
    }
    if (o->generation) {
        buf_puts(json, ",\"generation\":");
        buf_put_uint(json, o->generation);
    }
    put_time(json, ",\"creationTimestamp\":", o->id->created_s);
    if (o->deleted_s) {
        put_time(json, ",\"deletionTimestamp\":", o->deleted_s);
        buf_puts(json, ",\"deletionGracePeriodSeconds\":");
        buf_put_int(json, o->grace_s);
    }
    buf_append(json, body->metadata.data, body->metadata.len);
    buf_putc(json, '}');
}

static void put_spec(const struct object *o, const struct fragment *body, struct buf *json)
{
    if (!body->has_spec && !o->node) return;
    buf_puts(json, ",\"spec\":");
    if (body->has_spec)
        buf_append(json, body->spec.data, body->spec.len);
    else
        buf_putc(json, '{');
    if (o->node) {
        if (body->has_spec && !body->spec_empty) buf_putc(json, ',');
        buf_puts(json, "\"nodeName\":");
        json_write_str(istr_str(o->node), json);
    }
    buf_putc(json, '}');
}

void render_object(const struct object *o, const struct kind_version *version, bool bare,
                   struct buf *json)
{
    struct fragment own = {0};
    buf_reserve(json, o->body->len + (o->status ? o->status->len : 0) + 512);
    buf_putc(json, '{');
    if (!bare) {
        put_text(json, "\"apiVersion\":", str_of(version->api_version));
        put_text(json, ",\"kind\":", str_of(o->id->kind->kind));
        buf_putc(json, ',');
    }
    buf_puts(json, "\"metadata\":");
    const struct fragment *body = fragment_of(o->body, false, &own);
    put_metadata(o, body, json);
    put_spec(o, body, json);
    buf_append(json, body->rest.data, body->rest.len);
    if (o->status) {
        buf_puts(json, ",\"status\":");
        const struct fragment *status = fragment_of(o->status, true, &own);
        buf_append(json, status->rest.data, status->rest.len);
    }
    buf_putc(json, '}');
    fragment_free(&own);
}

void render_metadata(const struct object *o, struct buf *json)
{
    struct fragment own = {0};
    put_metadata(o, fragment_of(o->body, false, &own), json);
    fragment_free(&own);
}
