#include "node/agent.h"

#include "base/trace.h"
#include "node/paths.h"
#include "node/put.h"

#include <dirent.h>
#include <stdio.h>

/* A pod's file holds what cannot be asked again: which containers run, how often they restarted,
 * how they ended. Never what came from secrets: that is told anew by the masters. */

static void put_end(struct put *m, const char *key, const struct container_end *end)
{
    struct put e = put_map(m, key);
    if (end->known) {
        put_int(&e, "code", end->code);
        put_text(&e, "reason", end->reason);
        put_text(&e, "message", end->message);
        put_int(&e, "started", end->started_s);
        put_int(&e, "finished", end->finished_s);
        put_text(&e, "id", end->id);
    }
    put_end_map(&e);
}

static void put_container(struct put *list, const struct worker_container *c)
{
    struct put m = put_item(list);
    put_text(&m, "name", c->name);
    put_int(&m, "state", c->state);
    put_int(&m, "restarts", c->restarts);
    put_text(&m, "id", c->id);
    put_text(&m, "image", c->image_id);
    put_int(&m, "started", c->started_s);
    put_text(&m, "reason", c->reason);
    put_int(&m, "backoff", c->backoff_ms);
    put_end(&m, "end", &c->end);
    put_end(&m, "last", &c->last);
    put_end_map(&m);
}

static void put_condition(struct put *m, const char *key, const struct pod_condition_state *s)
{
    struct put c = put_map(m, key);
    put_bool(&c, "set", s->set);
    put_bool(&c, "value", s->value);
    put_int(&c, "since", s->since_s);
    put_end_map(&c);
}

static void put_pod(const struct agent_pod *p, struct buf *out)
{
    struct put m = put_begin(out);
    put_text(&m, "ns", p->brief.ns);
    put_text(&m, "name", p->brief.name);
    put_text(&m, "uid", p->brief.uid);
    put_text(&m, "ip", p->brief.ip);
    put_int(&m, "revision", (int64_t)p->revision);
    put_int(&m, "started", p->facts.started_s);
    put_int(&m, "sandbox", p->worker.sandbox);
    put_bool(&m, "ended", p->ended);
    put_bool(&m, "deleted", p->deleted);
    put_bool(&m, "stopping", p->worker.stopping);
    put_int(&m, "grace", p->worker.grace_ms);
    put_condition(&m, "initialized", &p->facts.initialized);
    put_condition(&m, "ready", &p->facts.ready);
    put_key(&m, "body");
    mp_put(out, doc_root(p->brief.body));
    struct put list = put_map(&m, "containers");
    for (unsigned i = 0; i < p->worker.count; i++) put_container(&list, &p->worker.containers[i]);
    put_end_array(&list);
    put_end_map(&m);
}

static char *state_file(const struct agent_pod *p)
{
    return mem_printf("%s/%s", p->agent->pods_dir, p->brief.uid);
}

void agent_pod_save(struct agent_pod *p)
{
    struct buf buf_auto now = BUF_INIT;
    struct error err = {0};
    put_pod(p, &now);
    if (now.len == p->saved.len && memcmp(now.data, p->saved.data, now.len) == 0) return;
    mem_auto char *file = state_file(p);
    if (path_replace(file, (struct str){now.data, now.len}, 0600, &err) < 0) {
        trace_error("node", "%s", err.text);
        return;
    }
    buf_clear(&p->saved);
    buf_append(&p->saved, now.data, now.len);
}

void agent_pod_forget(struct agent_pod *p)
{
    mem_auto char *file = state_file(p), *logs = agent_log_dir(p, "");
    (void)remove(file);
    path_remove_tree(logs);
}

/* --- reading it again --- */

static void text_get(struct mp m, const char *key, char *out, size_t n)
{
    struct str s = mp_str(mp_get(m, key));
    snprintf(out, n, "%.*s", (int)s.n, s.n ? s.p : "");
}
#define TEXT_GET(m, key, to) text_get((m), (key), (to), sizeof(to))

static void get_end(struct mp m, struct container_end *end)
{
    *end = (struct container_end){.known = mp_get(m, "code").type == MP_INT};
    end->code = (int)mp_i64(mp_get(m, "code"), 0);
    end->started_s = mp_i64(mp_get(m, "started"), 0);
    end->finished_s = mp_i64(mp_get(m, "finished"), 0);
    TEXT_GET(m, "reason", end->reason);
    TEXT_GET(m, "message", end->message);
    TEXT_GET(m, "id", end->id);
}

static void get_container(struct mp m, struct pod_worker *w)
{
    char name[64];
    TEXT_GET(m, "name", name);
    for (unsigned i = 0; i < w->count; i++) {
        struct worker_container *c = &w->containers[i];
        if (strcmp(c->name, name) != 0) continue;
        int64_t state = mp_i64(mp_get(m, "state"), CONTAINER_WAITING);
        c->state = state == CONTAINER_RUNNING || state == CONTAINER_ENDED
                       ? (enum container_state)state
                       : CONTAINER_WAITING;
        c->restarts = (unsigned)mp_i64(mp_get(m, "restarts"), 0);
        c->started_s = mp_i64(mp_get(m, "started"), 0);
        c->backoff_ms = (unsigned)mp_i64(mp_get(m, "backoff"), 0);
        TEXT_GET(m, "id", c->id);
        TEXT_GET(m, "image", c->image_id);
        TEXT_GET(m, "reason", c->reason);
        get_end(mp_get(m, "end"), &c->end);
        get_end(mp_get(m, "last"), &c->last);
    }
}

static void get_condition(struct mp m, struct pod_condition_state *s)
{
    s->set = mp_bool(mp_get(m, "set"), false);
    s->value = mp_bool(mp_get(m, "value"), false);
    s->since_s = mp_i64(mp_get(m, "since"), 0);
}

static void load_pod(struct agent *a, struct mp m)
{
    struct uid uid;
    struct mp body = mp_get(m, "body");
    struct str ns = mp_str(mp_get(m, "ns")), name = mp_str(mp_get(m, "name"));
    if (!uid_parse(mp_str(mp_get(m, "uid")), &uid) || body.type != MP_MAP || !ns.n || !name.n)
        return;
    struct agent_pod *p = agent_pod_add(a, &uid, ns, name, doc_new(body.raw.p, body.raw.n));
    TEXT_GET(m, "ip", p->brief.ip);
    TEXT_GET(m, "ip", p->worker.ip);
    p->revision = (uint64_t)mp_i64(mp_get(m, "revision"), 0);
    p->facts.started_s = mp_i64(mp_get(m, "started"), 0);
    p->ended = mp_bool(mp_get(m, "ended"), false);
    p->deleted = mp_bool(mp_get(m, "deleted"), false);
    get_condition(mp_get(m, "initialized"), &p->facts.initialized);
    get_condition(mp_get(m, "ready"), &p->facts.ready);
    for (struct mp_iter it = mp_items(mp_get(m, "containers")); mp_iter_next(&it);) {
        get_container(it.value, &p->worker);
    }
    int64_t sandbox = mp_i64(mp_get(m, "sandbox"), SANDBOX_NONE);
    p->worker.sandbox = sandbox == SANDBOX_REMOVED ? SANDBOX_REMOVED : SANDBOX_NONE;
    if (sandbox == SANDBOX_READY && a->driver->is_set_up(a->driver, &p->brief))
        p->worker.sandbox = SANDBOX_READY;
    if (mp_bool(mp_get(m, "stopping"), false)) {
        pod_worker_stop(&p->worker, (unsigned)mp_i64(mp_get(m, "grace"), 0), uv_now(&a->loop) + 1);
    }
}

void agent_load(struct agent *a)
{
    DIR *dir = opendir(a->pods_dir);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        if (strlen(entry->d_name) != UID_TEXT - 1) continue;
        struct buf buf_auto bytes = BUF_INIT;
        struct error err = {0};
        mem_auto char *file = mem_printf("%s/%s", a->pods_dir, entry->d_name);
        if (path_read(file, &bytes, &err) < 0 || !mp_valid(bytes.data, bytes.len)) {
            trace_warn("node", "%s: not readable, the pod is taken as unknown", file);
            continue;
        }
        load_pod(a, mp_read(bytes.data, bytes.len));
    }
    if (dir) closedir(dir);
    trace_info("node", "%zu pods were here before", a->pods.count);
    agent_pods_poll(a);
    struct agent_pod *p;
    for (size_t i = 0; (p = map_next(&a->pods, &i));) agent_pod_step(p);
}
