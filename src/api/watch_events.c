/* Events as text: {"type":"ADDED","object":{...}} and a line end. A line is made once for all the
 * watches that want it in the same form. */
#include "api/watch.h"

/* The types of changes are told apart by address. */
static const char told_added[] = "ADDED", told_modified[] = "MODIFIED", told_deleted[] = "DELETED";

void renderings_free(struct renderings *r)
{
    for (unsigned i = 0; i < r->count; i++) buf_free(&r->items[i].line);
    r->count = 0;
}

bool watch_concerns(const struct watch *w, const struct object *o)
{
    return o->id->kind->index == w->encoder.version->kind->index &&
           (!w->ns || str_eq(istr_str(o->id->ns), str_of(w->ns))) &&
           (!w->name || str_is(object_name(o), w->name)) && filter_matches(&w->filter, o);
}

static void line_begin(const char *type, struct buf *line)
{
    buf_puts(line, "{\"type\":\"");
    buf_puts(line, type);
    buf_puts(line, "\",\"object\":");
}

static size_t line_send(struct watch *w, struct buf *line)
{
    buf_puts(line, "}\n");
    return http_stream_write(w->request->x, line->data, line->len);
}

/* What goes is told as its last version, with the revision at which it went. */
static void watch_render(const struct watch *w, const struct feed_change *c, const char *type,
                         struct buf *line)
{
    struct object *o = c->after;
    bool gone = type == told_deleted;
    if (gone) {
        o = object_next(c->before);
        o->revision = c->revision;
    }
    line_begin(type, line);
    encode_object(&w->encoder, o, !w->columns_told, line);
    buf_puts(line, "}\n");
    if (gone) object_unref(o);
}

static const struct buf *watch_rendered(struct watch *w, const struct feed_change *c,
                                        const char *type, struct renderings *r, struct buf *own)
{
    unsigned form = form_id(w->encoder.form);
    bool first_table = w->encoder.form.kind == FORM_TABLE && !w->columns_told;
    for (unsigned i = 0; i < r->count && !first_table; i++)
        if (r->items[i].form == form && r->items[i].type == type &&
            r->items[i].version == w->encoder.version)
            return &r->items[i].line;
    if (first_table || r->count == RENDERINGS_MAX) {
        watch_render(w, c, type, own);
        return own;
    }
    struct buf *line = &r->items[r->count].line;
    *line = BUF_INIT;
    r->items[r->count].form = form;
    r->items[r->count].type = type;
    r->items[r->count++].version = w->encoder.version;
    watch_render(w, c, type, line);
    return line;
}

size_t watch_offer(struct watch *w, const struct feed_change *c, struct renderings *r)
{
    bool before = c->before && watch_concerns(w, c->before);
    bool after = c->after && watch_concerns(w, c->after);
    if (!before && !after) return 0;
    buf_auto struct buf own = BUF_INIT;
    const char *type = !after ? told_deleted : before ? told_modified : told_added;
    const struct buf *line = watch_rendered(w, c, type, r, &own);
    w->columns_told = true;
    return http_stream_write(w->request->x, line->data, line->len);
}

void watch_send_added(struct watch *w, struct object *o)
{
    buf_auto struct buf line = BUF_INIT;
    line_begin(told_added, &line);
    encode_object(&w->encoder, o, !w->columns_told, &line);
    w->columns_told = true;
    line_send(w, &line);
}

void watch_send_bookmark(struct watch *w, uint64_t revision, bool all_told)
{
    buf_auto struct buf line = BUF_INIT;
    line_begin("BOOKMARK", &line);
    encode_bookmark(&w->encoder, revision, all_told, &line);
    line_send(w, &line);
}

void watch_send_error(struct watch *w, const struct status *s)
{
    buf_auto struct buf line = BUF_INIT;
    line_begin("ERROR", &line);
    status_put(s, &line);
    line_send(w, &line);
}
