/* Events as text: {"type":"ADDED","object":{...}} and a line end. An object is rendered once for
 * all the watches that want it in the same form. */
#include "api/watch.h"

void renderings_free(struct renderings *r)
{
    for (unsigned i = 0; i < r->count; i++) buf_free(&r->items[i].json);
    r->count = 0;
}

bool watch_concerns(const struct watch *w, const struct object *o)
{
    return o->id->kind->index == w->encoder.version->kind->index &&
           (!w->ns || str_eq(istr_str(o->id->ns), str_of(w->ns))) &&
           (!w->name || str_is(object_name(o), w->name)) && filter_matches(&w->filter, o);
}

static size_t watch_send(struct watch *w, const char *type, const struct buf *object)
{
    struct http_exchange *x = w->request->x;
    buf_auto struct buf line = BUF_INIT;
    buf_reserve(&line, object->len + 40);
    buf_puts(&line, "{\"type\":\"");
    buf_puts(&line, type);
    buf_puts(&line, "\",\"object\":");
    buf_append(&line, object->data, object->len);
    buf_puts(&line, "}\n");
    return http_stream_write(x, line.data, line.len);
}

/* The last version, with the revision at which it went. */
static void watch_render(const struct watch *w, const struct feed_change *c, bool gone,
                         struct buf *json)
{
    if (!gone) {
        encode_object(&w->encoder, c->after, !w->columns_told, json);
        return;
    }
    struct object *last = object_next(c->before);
    last->revision = c->revision;
    encode_object(&w->encoder, last, !w->columns_told, json);
    object_unref(last);
}

static const struct buf *watch_rendered(struct watch *w, const struct feed_change *c, bool gone,
                                        struct renderings *r, struct buf *own)
{
    unsigned form = form_id(w->encoder.form);
    bool first_table = w->encoder.form.kind == FORM_TABLE && !w->columns_told;
    for (unsigned i = 0; i < r->count && !first_table; i++)
        if (r->items[i].form == form && r->items[i].gone == gone &&
            r->items[i].version == w->encoder.version)
            return &r->items[i].json;
    if (first_table || r->count == RENDERINGS_MAX) {
        watch_render(w, c, gone, own);
        return own;
    }
    struct buf *json = &r->items[r->count].json;
    *json = BUF_INIT;
    r->items[r->count].form = form;
    r->items[r->count].gone = gone;
    r->items[r->count++].version = w->encoder.version;
    watch_render(w, c, gone, json);
    return json;
}

size_t watch_offer(struct watch *w, const struct feed_change *c, struct renderings *r)
{
    bool before = c->before && watch_concerns(w, c->before);
    bool after = c->after && watch_concerns(w, c->after);
    if (!before && !after) return 0;
    buf_auto struct buf own = BUF_INIT;
    const struct buf *json = watch_rendered(w, c, !after, r, &own);
    w->columns_told = true;
    return watch_send(w, !after ? "DELETED" : before ? "MODIFIED" : "ADDED", json);
}

void watch_send_added(struct watch *w, struct object *o)
{
    buf_auto struct buf json = BUF_INIT;
    encode_object(&w->encoder, o, !w->columns_told, &json);
    w->columns_told = true;
    watch_send(w, "ADDED", &json);
}

void watch_send_bookmark(struct watch *w, uint64_t revision, bool all_told)
{
    buf_auto struct buf json = BUF_INIT;
    encode_bookmark(&w->encoder, revision, all_told, &json);
    watch_send(w, "BOOKMARK", &json);
}

void watch_send_error(struct watch *w, const struct status *s)
{
    buf_auto struct buf json = BUF_INIT;
    status_put(s, &json);
    watch_send(w, "ERROR", &json);
}
