/* GET ?watch: from the request to a watch. */
#include "api/watch.h"

#include "api/list.h"
#include "base/mem.h"

#include <inttypes.h>
#include <sodium.h>

static void watch_free(void *state)
{
    struct watch *w = state;
    topic_leave(w);
    list_remove(&w->link);
    filter_free(&w->filter);
    objects_free(w->objects, w->count);
    mem_free(w->ns);
    mem_free(w->name);
    mem_free(w);
}

static struct watch *watch_new(struct request *r)
{
    struct watch *w = mem_new(struct watch);
    w->request = r;
    w->hub = r->api->watches;
    w->encoder = encoder_of(r->api, r->route.served, r->form);
    list_init(&w->link);
    list_init(&w->by_topic);
    r->state = w;
    r->state_free = watch_free;
    return w;
}

static char *watch_text(struct str s)
{
    return s.p ? mem_strndup(s.p, s.n) : NULL;
}

/* The client went: nothing is sent any more. A history under way holds the request a while longer.
 */
static void watch_gone(struct http_exchange *x, void *data)
{
    (void)x;
    struct request *r = data;
    struct watch *w = r->state;
    r->x = NULL;
    watch_end(w);
    request_unref(r);
}

/* The definition of its kind changed while it looked for what there is. */
static bool watch_is_overtaken(const struct request *r)
{
    const struct kind *k = r->route.kind;
    if (!r->definition) return false;
    const struct definition_version *now =
        definitions_find(r->api->definitions, str_of(k->group), str_of(r->route.served->version),
                         str_of(k->resource));
    return !now || now->definition != r->definition;
}

static void watch_begin(struct watch *w)
{
    struct request *r = w->request;
    http_stream_begin(r->x, 200, form_content_type(r->form), reply_headers(r));
    http_set_data(r->x, r, watch_gone);
    list_push(&w->hub->watches, &w->link);
    if (watch_is_overtaken(r))
        watch_end(w); /* the client comes back and sees the kind as it is now */
    else
        watch_pump(w);
}

static void watch_fetched(struct request *r, struct fetch *f)
{
    struct watch *w = r->state;
    if (f->revision < w->at) {
        reply_error(r, 504, NULL,
                    "Timeout: Too large resource version: %" PRIu64 ", current: %" PRIu64, w->at,
                    f->revision);
        return;
    }
    if (w->phase == WATCH_OBJECTS) {
        w->objects = f->objects;
        w->count = f->count;
        f->objects = NULL;
        w->at = f->revision;
    }
    watch_begin(w);
}

static bool watch_parse_times(struct request *r, struct watch *w)
{
    enum { DAY_S = 86400, DEFAULT_S = 1800 };
    struct str timeout = http_param(r->x, "timeoutSeconds");
    uint64_t seconds = 0, now = uv_now(r->api->options.loop);
    if (timeout.n && !str_to_u64(timeout, &seconds)) {
        reply_error(r, 400, NULL, "timeoutSeconds: Invalid value: must be a number");
        return false;
    }
    /* Half an hour to an hour, so that clients do not come back all at once. */
    if (!seconds) seconds = DEFAULT_S + randombytes_uniform(DEFAULT_S);
    if (seconds > DAY_S) seconds = DAY_S;
    w->end_ms = now + seconds * 1000;
    w->bookmark_ms = now + 10000;
    return true;
}

void serve_watch(struct request *r)
{
    struct watch *w = watch_new(r);
    struct str version = http_param(r->x, "resourceVersion");
    if (!filter_parse(r, &w->filter) || !watch_parse_times(r, w) || !list_check_watch(r)) return;
    if (version.n && !str_to_u64(version, &w->at)) {
        reply_error(r, 400, NULL, "resourceVersion: Invalid value: \"%.*s\": must be a number",
                    (int)version.n, version.p);
        return;
    }
    struct str name = r->route.name.p ? r->route.name : filter_name(&w->filter);
    struct str selected = filter_name(&w->filter);
    if (r->route.name.p && w->filter.fields && !str_eq(selected, r->route.name)) {
        reply_error(r, 400, NULL, "fieldSelector metadata.name doesn't match requested name");
        return;
    }
    w->ns = watch_text(r->route.ns);
    w->name = watch_text(name);
    w->bookmarks = request_flag(r, "allowWatchBookmarks");
    w->tells_all = request_flag(r, "sendInitialEvents");
    w->phase = w->at && !w->tells_all ? WATCH_RING : WATCH_OBJECTS;
    struct str one =
        name.p && (r->route.ns.p || !r->route.kind->namespaced) ? name : (struct str){0};
    if (w->phase == WATCH_OBJECTS)
        fetch_start(r, r->route.kind, r->route.ns, one, get_freshness(r), watch_fetched);
    else if (w->at > w->hub->last || !w->hub->started)
        fetch_start(r, NULL, one, one, FRESH_LINEARIZABLE, watch_fetched);
    else
        watch_begin(w);
}
