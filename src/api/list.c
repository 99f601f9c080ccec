/* GET of a collection: which moment, which objects, which page; then written piece by piece, so
 * that a hundred thousand objects never lie in memory as text, nor keep others waiting. */
#include "api/list.h"

#include "base/mem.h"

#include <inttypes.h>

enum {
    LIST_PIECE = 64 * 1024,      /* written at once */
    LIST_LOOK = 1024,            /* objects looked at at once */
    LIST_AHEAD = 1024 * 1024,    /* may wait in memory for a slow client */
    LIST_YAML = 2 * 1024 * 1024, /* in YAML, which is not streamed */
};

static void listing_free(void *state)
{
    struct listing *l = state;
    filter_free(&l->filter);
    buf_free(&l->token_memory);
    buf_free(&l->out);
    snapshot_unref(l->snapshot);
    mem_free(l->page);
    mem_free(l);
}

/* What was encoded goes into the stream. */
static size_t list_put(struct request *r, struct listing *l)
{
    buf_auto struct buf pretty = BUF_INIT;
    if (r->form.pretty) {
        json_indent(&l->indent, (struct str){l->out.data, l->out.len}, &pretty);
        buf_clear(&l->out);
        return http_stream_write(r->x, pretty.data, pretty.len);
    }
    size_t queued = http_stream_write(r->x, l->out.data, l->out.len);
    buf_clear(&l->out);
    return queued;
}

static void list_end(struct request *r, struct listing *l)
{
    encode_list_tail(&l->out);
    if (!l->streaming) {
        reply_formed(r, 200, &l->out);
    } else {
        list_put(r, l);
        http_stream_end(r->x);
    }
}

static void list_go_on(struct turn *t);

static void list_drained(struct http_exchange *x)
{
    http_stream_on_drain(x, NULL);
    request_in_pieces(http_data(x), list_go_on);
}

static void list_write(struct request *r, struct listing *l)
{
    if (r->form.yaml) {
        reply_error(r, 406, NULL,
                    "the list is too long for YAML: ask for JSON, or for pages with limit");
        return;
    }
    if (!l->streaming) http_stream_begin(r->x, 200, form_content_type(r->form), reply_headers(r));
    l->streaming = true;
    size_t queued = list_put(r, l);
    if (queued > LIST_AHEAD)
        http_stream_on_drain(r->x, list_drained);
    else
        request_in_pieces(r, list_go_on);
}

/* One piece. */
static void list_encode(struct request *r, struct listing *l)
{
    size_t piece = r->form.yaml ? LIST_YAML : LIST_PIECE;
    l->at = encode_items(&l->encoder, l->page, l->at, l->count, piece, &l->out);
    if (l->at < l->count || l->out.len > LIST_YAML)
        list_write(r, l);
    else
        list_end(r, l);
}

void list_reply(struct request *r, uint64_t revision, struct object **objects, size_t count)
{
    struct listing *l = mem_new(struct listing);
    if (r->state_free) r->state_free(r->state);
    r->state = l;
    r->state_free = listing_free;
    l->snapshot = snapshot_new(kind_identity(r->route.kind), r->route.ns, revision, objects, count);
    l->page = mem_alloc((count + 1) * sizeof(struct object *));
    memcpy(l->page, objects, count * sizeof(struct object *));
    l->count = count;
    l->chosen = true;
    l->encoder = encoder_of(r->api, r->route.served, r->form);
    encode_list_head(&l->encoder, &(struct list_head){revision, NULL, -1}, &l->out);
    list_encode(r, l);
}

static bool list_takes(const struct listing *l, const struct request *r, const struct object *o)
{
    /* A snapshot from the past holds every namespace. */
    if (r->route.ns.p && !str_eq(istr_str(o->id->ns), r->route.ns)) return false;
    return filter_matches(&l->filter, o);
}

/* Looks at some more objects for the page; true: it is whole, and `next` is where the next page
 * would start. */
static bool list_choose(struct listing *l, const struct request *r)
{
    const struct snapshot *s = l->snapshot;
    size_t end = s->count - l->next > LIST_LOOK ? l->next + LIST_LOOK : s->count;
    for (; l->next < end; l->next++) {
        if (!list_takes(l, r, s->objects[l->next])) continue;
        if (l->limit && l->count == l->limit) return true;
        l->page[l->count++] = s->objects[l->next];
    }
    return l->next == s->count;
}

static void list_begin(struct request *r, struct listing *l)
{
    struct snapshot *s = l->snapshot;
    struct list_head head = {.revision = s->revision, .next = NULL, .remaining = -1};
    mem_auto char *token = NULL;
    if (l->next < s->count && l->count) {
        const struct object *last = l->page[l->count - 1];
        token =
            token_encode(&(struct token){s->revision, istr_str(last->id->ns), object_name(last)});
        head.next = token;
        if (!l->filter.labels && !l->filter.fields && !s->ns == !r->route.ns.p)
            head.remaining = (int64_t)(s->count - l->next);
        snapshots_keep(r->api->snapshots, s, uv_now(r->api->options.loop));
    }
    l->encoder = encoder_of(r->api, r->route.served, r->form);
    encode_list_head(&l->encoder, &head, &l->out);
}

static void list_step(struct request *r)
{
    struct listing *l = r->state;
    if (!l->chosen) {
        if (!list_choose(l, r)) {
            request_in_pieces(r, list_go_on);
            return;
        }
        l->chosen = true;
        list_begin(r, l);
    }
    list_encode(r, l);
}

static void list_go_on(struct turn *t)
{
    list_step(container_of(t, struct request, turn));
}

static void list_answer(struct request *r, struct snapshot *s)
{
    struct listing *l = r->state;
    l->snapshot = s;
    l->next = l->token.revision ? snapshot_after(s, l->token.ns, l->token.name) : 0;
    size_t rest = s->count - l->next;
    l->page =
        mem_alloc(((l->limit && l->limit < rest ? l->limit : rest) + 1) * sizeof(struct object *));
    list_step(r);
}

static void list_too_new(struct request *r, uint64_t current)
{
    struct listing *l = r->state;
    buf_auto struct buf message = BUF_INIT;
    buf_printf(&message, "Timeout: Too large resource version: %" PRIu64 ", current: %" PRIu64,
               l->revision, current);
    struct cause cause = {"ResourceVersionTooLarge", "", "Too large resource version"};
    struct causes causes = {&cause, 1, 1};
    reply_status(r,
                 &(struct status){
                     .code = 504, .message = message.data, .causes = &causes, .retry_after_s = 1});
}

static void list_fetched(struct request *r, struct fetch *f)
{
    struct listing *l = r->state;
    if (l->moment == LIST_NOT_OLDER && f->revision < l->revision) {
        list_too_new(r, f->revision);
        return;
    }
    struct object **objects = f->objects;
    f->objects = NULL;
    list_answer(
        r, snapshot_new(kind_identity(r->route.kind), r->route.ns, f->revision, objects, f->count));
}

/* The rest can be had as it is now, by who can do with that. */
static void list_expired(struct request *r, const struct listing *l)
{
    struct token now = {TOKEN_NEWEST, l->token.ns, l->token.name};
    mem_auto char *token = token_encode(&now);
    reply_status(
        r, &(struct status){
               .code = 410,
               .message =
                   "The provided continue parameter is too old to display a consistent list "
                   "result. You can start a new list without the continue parameter, or use the "
                   "continue token in this response to retrieve the remainder of the results. "
                   "Continuing with the provided token results in an inconsistent list - objects "
                   "that were created, modified, or deleted between the time the first chunk was "
                   "returned and now may show up in the list.",
               .next = token});
}

static void list_past_done(struct past_ask *p, int status)
{
    struct listing *l = container_of(p, struct listing, past);
    struct request *r = l->request;
    struct snapshot *s = snapshot_new(p->kind, (struct str){0}, p->revision, p->objects, p->count);
    p->objects = NULL;
    if (!r->x || status) snapshot_unref(s);
    if (!r->x) {
        request_unref(r);
        return;
    }
    if (status == E_GONE && l->token.revision)
        list_expired(r, l);
    else if (status == E_GONE)
        reply_error(r, 410, NULL, "The resourceVersion for the provided list is too old.");
    else if (status == E_INVALID || status == E_NOTFOUND)
        list_too_new(r, 0);
    else if (status)
        reply_error(r, 500, NULL, "the past cannot be read: %s", error_name(status));
    else
        list_answer(r, s);
    request_unref(r);
}

static void list_from_past(struct request *r, uint64_t revision)
{
    struct listing *l = r->state;
    l->request = request_ref(r);
    l->past = (struct past_ask){.home = r->api->options.home,
                                .kind = kind_identity(r->route.kind),
                                .revision = revision,
                                .done = list_past_done};
    gate_past(r->api->options.gate, &l->past);
}

static void list_exact(struct request *r, uint64_t revision)
{
    struct snapshots *all = r->api->snapshots;
    uint64_t now = uv_now(r->api->options.loop);
    const struct kind *kind = kind_identity(r->route.kind);
    struct snapshot *s = snapshots_find(all, kind, r->route.ns, revision, now);
    if (!s) s = snapshots_find(all, kind, (struct str){0}, revision, now);
    if (s)
        list_answer(r, snapshot_ref(s));
    else
        list_from_past(r, revision);
}

void serve_list(struct request *r)
{
    struct listing *l = mem_new(struct listing);
    r->state = l;
    r->state_free = listing_free;
    if (!list_parse(r, l)) return;
    if (l->token.revision && l->token.revision != TOKEN_NEWEST) {
        list_exact(r, l->token.revision);
    } else if (l->moment == LIST_EXACT) {
        list_exact(r, l->revision);
    } else {
        struct str name = filter_name(&l->filter);
        bool one = name.p && (r->route.ns.p || !r->route.kind->namespaced);
        fetch_start(r, r->route.kind, r->route.ns, one ? name : (struct str){0},
                    l->moment == LIST_ANY ? FRESH_ANY : FRESH_LINEARIZABLE, list_fetched);
    }
}
