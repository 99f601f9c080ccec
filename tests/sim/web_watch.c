/* Watches that are resumed for ever: after resets, ends, deaths of masters, from wherever they got
 * to, from the distant past, or from a list. Some read slowly, or not at all for a while. */
#include "web_watch.h"

struct web_watches {
    struct watcher *watchers;
    unsigned count;
};

static const struct {
    const char *path, *kind, *ns, *name;
} watchable[] = {
    {"/api/v1/namespaces/default/configmaps", "configmaps", "default", NULL},
    {"/api/v1/configmaps", "configmaps", NULL, NULL},
    {"/api/v1/namespaces/default/configmaps", "configmaps", "default", "k0"},
    {"/api/v1/namespaces/default/pods", "pods", "default", NULL},
    {"/api/v1/pods", "pods", NULL, NULL},
    {"/api/v1/nodes", "nodes", NULL, NULL},
    {"/apis/apps/v1/namespaces/default/replicasets", "replicasets.apps", "default", NULL},
    {"/api/v1/events", "events", NULL, NULL},
};

static void watcher_begin(void *arg);

static void watcher_again(struct watcher *w, uint64_t within_us)
{
    sim_after(w->web.sim, NULL, sim_below(w->web.sim, within_us), watcher_begin, w);
}

static void watcher_status(struct http_call *c, int status, struct str type)
{
    (void)type;
    ((struct watcher *)http_call_data(c))->http = status;
}

static void watcher_bytes(struct http_call *c, const void *bytes, size_t n)
{
    struct watcher *w = http_call_data(c);
    if (w->http != 200) return;
    buf_append(&w->line, bytes, n);
    size_t from = 0;
    for (char *end; (end = memchr(w->line.data + from, '\n', w->line.len - from));) {
        watcher_hears(w, w->line.data + from, (size_t)(end - w->line.data) - from);
        from = (size_t)(end - w->line.data) + 1;
    }
    buf_consume(&w->line, from);
}

static void watcher_done(struct http_call *c, const struct error *err)
{
    struct watcher *w = http_call_data(c);
    struct sim *s = w->web.sim;
    w->call = NULL;
    if (!err->code && w->http == 200 && w->line.len)
        sim_fail(s, "%s: a watch ends in the middle of a line", w->web.name);
    if (!err->code && w->http != 200 && w->http < 500 && w->http != 429)
        sim_fail(s, "%s: a watch is answered %d", w->web.name, w->http);
    sim_tell(s, "%s: the watch at m%u is over at r%llu (%d %s)", w->web.name, w->web.at + 1,
             (unsigned long long)w->at, w->http, err->code ? err->text : "ended");
    if (err->code || w->http != 200 || w->moves) web_move(&w->web);
    w->moves = false;
    watcher_again(w, 300 * MS);
}

static void watcher_listed(void *arg, const struct web_answer *a)
{
    struct watcher *w = arg;
    struct sim *s = w->web.sim;
    if (a->http == 200) {
        w->at = web_revision(a->doc);
        if (!w->name)
            log_check_list(s, w->kind, w->ns, w->at, mp_get(a->doc, "items"), w->web.name);
    } else {
        web_move(&w->web);
    }
    watcher_again(w, 50 * MS);
}

static void watcher_open(struct watcher *w)
{
    static const struct http_call_events events = {watcher_status, watcher_bytes, watcher_done};
    struct sim *s = w->web.sim;
    buf_auto struct buf target = BUF_INIT;
    buf_printf(&target, "%s?watch=true&allowWatchBookmarks=true&timeoutSeconds=%llu", w->path,
               (unsigned long long)sim_between(s, 3, 90));
    if (w->name) buf_printf(&target, "&fieldSelector=metadata.name%%3D%s", w->name);
    if (w->initial)
        buf_puts(&target,
                 "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=");
    else
        buf_printf(&target, "&resourceVersion=%llu", (unsigned long long)w->at);
    w->http = 0;
    w->paused = false;
    w->object_count = 0;
    buf_clear(&w->line);
    buf_clear(&w->objects);
    w->call = web_stream(&w->web, target.data, &events, w);
}

static void watcher_begin(void *arg)
{
    struct watcher *w = arg;
    struct sim *s = w->web.sim;
    uint64_t how = sim_below(s, 10);
    w->initial = false;
    if (!w->at && how < 3 && s->truth.revision) w->at = 1 + sim_below(s, s->truth.revision);
    if (!w->at && how < 6 && !w->name) w->initial = true;
    if (w->at || w->initial)
        watcher_open(w);
    else
        web_call(&w->web, "GET", w->path, NULL, NULL, watcher_listed, w);
}

/* Something happens to a watch: it reads no more for a while, or it leaves and comes back. */
static void watcher_disturbed(void *arg)
{
    struct watcher *w = arg;
    struct sim *s = w->web.sim;
    sim_after(s, NULL, sim_between(s, 100 * MS, 6 * US), watcher_disturbed, w);
    if (!w->call) return;
    if (s->calm) {
        if (w->paused) http_call_pause(w->call, w->paused = false);
    } else if (w->slow && sim_chance(s, 700)) {
        w->paused = !w->paused;
        http_call_pause(w->call, w->paused);
    } else if (sim_chance(s, 100)) {
        w->moves = true;
        if (sim_chance(s, 200)) w->at = 0; /* it has forgotten where it was */
        http_call_cancel(w->call);
    }
    web_kick(s);
}

const char *web_watches_behind(struct sim *s)
{
    static char why[200];
    struct web_watches *all = s->webs->watches;
    for (unsigned i = 0; i < all->count; i++) {
        struct watcher *w = &all->watchers[i];
        for (uint64_t r = w->at + 1; r <= s->truth.revision; r++) {
            if (w->at && !w->initial && !watcher_wants(w, truth_fact(s, r))) continue;
            snprintf(why, sizeof why, "watcher %s at m%u stands at revision %llu of %llu",
                     w->web.name, w->web.at + 1, (unsigned long long)w->at,
                     (unsigned long long)s->truth.revision);
            return why;
        }
    }
    return NULL;
}

void web_watches_start(struct sim *s)
{
    struct web_watches *all = s->webs->watches = mem_new(struct web_watches);
    all->count = (unsigned)sim_between(s, 1, 6);
    s->webs->most_watches = all->count;
    all->watchers = mem_zalloc(all->count * sizeof *all->watchers);
    for (unsigned i = 0; i < all->count; i++) {
        struct watcher *w = &all->watchers[i];
        size_t what = sim_below(s, sizeof watchable / sizeof *watchable);
        mem_auto char *name = mem_printf("w%u", i + 1);
        web_init(&w->web, s, name);
        w->web.patience_ms = 45000;
        w->kind = kind_by_key(str_of(watchable[what].kind));
        w->path = watchable[what].path;
        w->ns = watchable[what].ns ? istr_of(watchable[what].ns) : NULL;
        w->name = watchable[what].name ? mem_strdup(watchable[what].name) : NULL;
        w->slow = sim_chance(s, 300);
        watcher_again(w, 3 * US);
        sim_after(s, NULL, sim_below(s, 6 * US), watcher_disturbed, w);
    }
}
