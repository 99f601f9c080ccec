/* What watches are told is held against the log: every event of their kind once, in order, none
 * left out, also across connections; and a bookmark says that all before it was told. */
#include "web_watch.h"

#include "proto/json.h"

bool watcher_wants(const struct watcher *w, const struct fact *f)
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
    if (lie_now(s, LIE_WATCH_TYPE)) right = "ANOTHER";
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
        if (lie_now(s, LIE_BOOKMARK_EARLY)) w->at = 1;
        watcher_check_gap(w, web_revision(object), "a bookmark");
        if (web_revision(object) > w->at) w->at = web_revision(object);
        s->webs->bookmarks++;
    } else {
        watcher_event(w, type, object);
    }
}

void watcher_hears(struct watcher *w, const char *json, size_t n)
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
