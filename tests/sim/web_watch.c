/* Watches that are resumed for ever: after resets, ends, deaths of masters, from wherever they got
 * to, from the distant past, or from a list. What they are told is held against the log: every
 * event of their kind once, in order, none left out, also across connections; and a bookmark says
 * that all before it was told. Some read slowly, or not at all for a while. */
#include "web.h"

#include "proto/json.h"

struct watcher {
    struct web web;
    unsigned number;
    const struct kind *kind;
    const char *path;
    istr ns;
    char *name;  /* NULL: any */
    uint64_t at; /* everything up to here was told; 0: nothing yet */
    struct http_call *call;
    int http;
    bool initial, slow, paused, moves;
    char *held;               /* LIE_WATCH_SWAPS */
    struct buf line, objects; /* objects: what sendInitialEvents told so far */
    uint32_t object_count;
};

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

/* --- what is told --- */

static bool watcher_wants(const struct watcher *w, const struct fact *f)
{
    const struct track *t = f->track;
    return t && t->kind == w->kind && (!w->ns || t->ns == w->ns) &&
           (!w->name || strcmp(t->name, w->name) == 0);
}

/* Nothing that concerns it happened after what it knows and before `to`. */
static void watcher_check_gap(struct watcher *w, uint64_t to, const char *what)
{
    struct sim *s = w->web.sim;
    if (to > s->truth.revision)
        sim_fail(s, "%s: %s of revision %llu, which is not committed", w->web.name, what,
                 (unsigned long long)to);
    for (uint64_t r = w->at + 1; r <= to; r++)
        if (watcher_wants(w, truth_fact(s, r)))
            sim_fail(s, "%s: %s of revision %llu, but revision %llu (%s) was not told", w->web.name,
                     what, (unsigned long long)to, (unsigned long long)r,
                     truth_fact(s, r)->track->name);
}

static void watcher_event(struct watcher *w, const char *type, struct mp object)
{
    struct sim *s = w->web.sim;
    uint64_t revision = web_revision(object);
    if (lie_now(s, LIE_WATCH_DROPS)) return;
    if (revision <= w->at)
        sim_fail(s, "%s: an event of revision %llu after %llu", w->web.name,
                 (unsigned long long)revision, (unsigned long long)w->at);
    watcher_check_gap(w, revision - 1, type);
    struct fact *f = truth_fact(s, revision);
    if (revision > s->truth.revision || !watcher_wants(w, f))
        sim_fail(s, "%s: an event of revision %llu, which is not of its kind", w->web.name,
                 (unsigned long long)revision);
    const char *right = f->begins ? "ADDED" : f->ends ? "DELETED" : "MODIFIED";
    if (strcmp(type, right) != 0)
        sim_fail(s, "%s: revision %llu is told as %s, it was %s", w->web.name,
                 (unsigned long long)revision, type, right);
    struct str name =
        lie_now(s, LIE_WATCH_RENAMES) ? STR("another") : mp_str(mp_path(object, "metadata.name"));
    if (!str_eq(name, str_of(f->track->name)))
        sim_fail(s, "%s: revision %llu is told of another object", w->web.name,
                 (unsigned long long)revision);
    w->at = revision;
    s->webs->watch_events++;
    if (lie_now(s, LIE_WATCH_REPEATS)) watcher_event(w, type, object);
}

static void watcher_initial(struct watcher *w, const char *type, struct mp object)
{
    struct sim *s = w->web.sim;
    if (strcmp(type, "ADDED") == 0) {
        mp_put(&w->objects, object);
        w->object_count++;
        return;
    }
    if (strcmp(type, "BOOKMARK") != 0)
        sim_fail(s, "%s: %s among the initial events", w->web.name, type);
    buf_auto struct buf all = BUF_INIT;
    mp_put_array(&all, w->object_count);
    buf_append(&all, w->objects.data, w->objects.len);
    w->at = web_revision(object);
    log_check_list(s, w->kind, w->ns, w->at, mp_read(all.data, all.len), w->web.name);
    w->initial = false;
    s->webs->bookmarks++;
}

static void watcher_error(struct watcher *w, struct mp status)
{
    struct sim *s = w->web.sim;
    int64_t code = mp_i64(mp_get(status, "code"), 0);
    struct str text = mp_str(mp_get(status, "message"));
    if (code == 500 && disk_excuses(&s->masters[w->web.at])) {
        w->moves = true; /* another master can read it */
        return;
    }
    if (code != 410)
        sim_fail(s, "%s: a watch at m%u fails with %lld: %.*s", w->web.name, w->web.at + 1,
                 (long long)code, (int)text.n, text.p);
    s->webs->expired++;
    w->at = 0;
}

static void watcher_line(struct watcher *w, const char *json, size_t n)
{
    struct sim *s = w->web.sim;
    buf_auto struct buf b = BUF_INIT;
    struct error err = {0};
    if (json_parse(json, n, &b, &err))
        sim_fail(s, "%s: a line of a watch is not JSON: %s", w->web.name, err.text);
    struct mp event = mp_read(b.data, b.len), object = mp_get(event, "object");
    mem_auto char *type =
        mem_strndup(mp_str(mp_get(event, "type")).p, mp_str(mp_get(event, "type")).n);
    sim_mix(s, "watch", json, n);
    if (strcmp(type, "ERROR") == 0) {
        watcher_error(w, object);
    } else if (w->initial) {
        watcher_initial(w, type, object);
    } else if (strcmp(type, "BOOKMARK") == 0) {
        watcher_check_gap(w, web_revision(object), "a bookmark");
        if (web_revision(object) > w->at) w->at = web_revision(object);
        s->webs->bookmarks++;
    } else {
        watcher_event(w, type, object);
    }
}

static void watcher_hears(struct watcher *w, const char *json, size_t n)
{
    if (!w->initial && lie_now(w->web.sim, LIE_WATCH_SWAPS)) {
        w->held = mem_strndup(json, n);
        return;
    }
    watcher_line(w, json, n);
    mem_auto char *held = w->held;
    w->held = NULL;
    if (held) watcher_line(w, held, strlen(held));
}

/* --- the stream --- */

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
