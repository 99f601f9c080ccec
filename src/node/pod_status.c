#include "node/pod_status.h"

#include "base/mem.h"
#include "node/put.h"

struct condition {
    const char *type, *reason, *message;
    bool value;
    int64_t since_s;
};

static void put_condition(struct put *list, const struct condition *c)
{
    struct put m = put_item(list);
    put_key(&m, "lastProbeTime");
    mp_put_nil(list->b);
    put_time(&m, "lastTransitionTime", c->since_s);
    if (!c->value && c->message) put_text(&m, "message", c->message);
    if (!c->value && c->reason) put_text(&m, "reason", c->reason);
    put_text(&m, "status", c->value ? "True" : "False");
    put_text(&m, "type", c->type);
    put_end_map(&m);
}

static void condition_note(struct pod_condition_state *s, bool value, int64_t now_s)
{
    if (s->set && s->value == value) return;
    *s = (struct pod_condition_state){true, value, now_s};
}

/* "containers with unready status: [a b]" */
static void put_unready(const struct pod_worker *w, bool init, struct buf *out)
{
    buf_puts(out,
             init ? "containers with incomplete status: [" : "containers with unready status: [");
    const char *space = "";
    for (unsigned i = init ? 0 : w->init_count; i < (init ? w->init_count : w->count); i++) {
        const struct worker_container *c = &w->containers[i];
        bool good =
            init ? c->state == CONTAINER_ENDED && c->end.code == 0 : c->state == CONTAINER_RUNNING;
        if (good) continue;
        buf_printf(out, "%s%s", space, c->name);
        space = " ";
    }
    buf_puts(out, "]");
}

static void put_conditions(struct pod_facts *f, struct put *status, struct mp told, int64_t now_s)
{
    struct buf buf_auto inits = BUF_INIT, unready = BUF_INIT;
    const char *phase = pod_worker_phase(f->worker);
    bool completed = !strcmp(phase, "Succeeded");
    condition_note(&f->initialized, pod_worker_initialized(f->worker), now_s);
    condition_note(&f->ready, pod_worker_ready(f->worker), now_s);
    put_unready(f->worker, true, &inits);
    put_unready(f->worker, false, &unready);
    const char *why = completed ? "PodCompleted" : "ContainersNotReady";
    const char *text = completed ? NULL : unready.data;
    const struct condition list[] = {
        {"Initialized", "ContainersNotInitialized", inits.data, f->initialized.value,
         f->initialized.since_s},
        {"Ready", why, text, f->ready.value, f->ready.since_s},
        {"ContainersReady", why, text, f->ready.value, f->ready.since_s},
    };
    struct put conditions = put_map(status, "conditions");
    for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        put_condition(&conditions, &list[i]);
    for (struct mp_iter it = mp_items(mp_get(told, "conditions")); mp_iter_next(&it);) {
        bool ours = false;
        for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
            ours = ours || mp_is(mp_get(it.value, "type"), list[i].type);
        }
        if (ours) continue;
        mp_put(conditions.b, it.value);
        conditions.count++;
    }
    put_end_array(&conditions);
}

static void put_terminated(struct put *state, const struct container_end *end)
{
    struct put t = put_map(state, "terminated");
    if (end->id[0]) {
        mem_auto char *id = mem_printf("conmon://%s", end->id);
        put_text(&t, "containerID", id);
    }
    put_int(&t, "exitCode", end->code);
    put_time(&t, "finishedAt", end->finished_s);
    if (end->message[0]) put_text(&t, "message", end->message);
    put_text(&t, "reason", end->reason);
    put_time(&t, "startedAt", end->started_s);
    put_end_map(&t);
}

static const char *waiting_reason(const struct pod_worker *w, const struct worker_container *c)
{
    if (c->reason[0]) return c->reason;
    return !c->init && !pod_worker_initialized(w) ? "PodInitializing" : "ContainerCreating";
}

static void put_state(const struct pod_worker *w, const struct worker_container *c, struct put *out)
{
    struct put state = put_map(out, "state");
    if (c->state == CONTAINER_ENDED) {
        put_terminated(&state, &c->end);
    } else if (c->state == CONTAINER_RUNNING) {
        struct put running = put_map(&state, "running");
        put_time(&running, "startedAt", c->started_s);
        put_end_map(&running);
    } else {
        struct put waiting = put_map(&state, "waiting");
        if (c->message[0]) put_text(&waiting, "message", c->message);
        put_text(&waiting, "reason", waiting_reason(w, c));
        put_end_map(&waiting);
    }
    put_end_map(&state);
}

static void put_container(const struct pod_worker *w, const struct worker_container *c,
                          struct str image, struct put *list)
{
    struct put m = put_item(list);
    bool running = c->state == CONTAINER_RUNNING;
    if (c->id[0]) {
        mem_auto char *id = mem_printf("conmon://%s", c->id);
        put_text(&m, "containerID", id);
    }
    put_str(&m, "image", image);
    put_text(&m, "imageID", c->image_id);
    struct put last = put_map(&m, "lastState");
    if (c->last.known) put_terminated(&last, &c->last);
    put_end_map(&last);
    put_text(&m, "name", c->name);
    put_bool(&m, "ready", c->init ? c->state == CONTAINER_ENDED && c->end.code == 0 : running);
    /* One that waits for its next run was not restarted yet. */
    put_int(&m, "restartCount",
            c->restarts - (c->state == CONTAINER_WAITING && c->last.known ? 1 : 0));
    if (!c->init) put_bool(&m, "started", running);
    put_state(w, c, &m);
    put_end_map(&m);
}

static void put_containers(const struct pod_worker *w, struct mp spec, bool init,
                           struct put *status)
{
    unsigned from = init ? 0 : w->init_count, to = init ? w->init_count : w->count;
    if (from == to) return;
    struct put list = put_map(status, init ? "initContainerStatuses" : "containerStatuses");
    struct mp specs = mp_get(spec, init ? "initContainers" : "containers");
    for (unsigned i = from; i < to; i++) {
        struct str image = mp_str(mp_get(mp_at(specs, i - from), "image"));
        put_container(w, &w->containers[i], image, &list);
    }
    put_end_array(&list);
}

/* Guaranteed, Burstable or BestEffort, from what the containers request and are limited to. */
static const char *pod_qos(struct mp spec)
{
    static const char *const lists[] = {"containers", "initContainers"}, *const names[] = {
                                                                             "cpu", "memory"};
    bool any = false, guaranteed = true;
    for (unsigned l = 0; l < 2; l++) {
        for (struct mp_iter it = mp_items(mp_get(spec, lists[l])); mp_iter_next(&it);) {
            for (unsigned n = 0; n < 2; n++) {
                struct mp limit = mp_get(mp_path(it.value, "resources.limits"), names[n]);
                struct mp request = mp_get(mp_path(it.value, "resources.requests"), names[n]);
                any = any || limit.type != MP_END || request.type != MP_END;
                bool same = request.type == MP_END || mp_same(request, limit);
                if (limit.type == MP_END || !same) guaranteed = false;
            }
        }
    }
    return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

static void put_addresses(const struct pod_facts *f, struct mp spec, struct put *status)
{
    put_text(status, "hostIP", f->host_ip);
    const char *ip = mp_bool(mp_get(spec, "hostNetwork"), false) ? f->host_ip : f->worker->ip;
    if (!ip[0] || f->worker->sandbox != SANDBOX_READY) return;
    put_text(status, "podIP", ip);
    struct put ips = put_map(status, "podIPs");
    struct put one = put_item(&ips);
    put_text(&one, "ip", ip);
    put_end_map(&one);
    put_end_array(&ips);
}

void pod_status_put(struct pod_facts *f, struct mp body, struct mp told, int64_t now_s,
                    struct buf *out)
{
    struct mp spec = mp_get(body, "spec");
    struct put status = put_begin(out);
    put_conditions(f, &status, told, now_s);
    put_containers(f->worker, spec, false, &status);
    put_addresses(f, spec, &status);
    put_containers(f->worker, spec, true, &status);
    put_text(&status, "phase", pod_worker_phase(f->worker));
    struct mp qos = mp_get(told, "qosClass");
    put_str(&status, "qosClass", qos.type == MP_STR ? qos.s : str_of(pod_qos(spec)));
    put_time(&status, "startTime", f->started_s);
    put_end_map(&status);
}
