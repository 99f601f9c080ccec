#include "node/agent.h"

#include "base/trace.h"
#include "node/paths.h"

#include <stdio.h>
#include <time.h>

enum { GRACE_REMOVED_MS = 30 * 1000 };

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}
static uint64_t now_ms(const struct agent *a)
{
    return uv_now(&a->loop) + 1; /* never 0 */
}

static struct agent_pod *pod_find(struct agent *a, const struct uid *uid)
{
    return map_get(&a->pods, uid->bytes, sizeof uid->bytes);
}

char *agent_log_dir(const struct agent_pod *p, const char *container)
{
    return mem_printf("%s/%s_%s_%s/%s", p->agent->logs_dir, p->brief.ns, p->brief.name,
                      p->brief.uid, container);
}
/* --- what is told to the masters --- */

static struct nodewire pod_message(const struct agent_pod *p, enum nodewire_type type)
{
    return (struct nodewire){
        .type = type,
        .ns = str_of(p->brief.ns),
        .name = str_of(p->brief.name),
        .uid = p->uid,
        .revision = p->revision,
    };
}

static void pod_say_status(struct agent_pod *p)
{
    struct buf buf_auto status = BUF_INIT;
    pod_status_put(&p->facts, doc_root(p->brief.body), doc_root(p->told), now_s(), &status);
    bool same =
        status.len == p->reported.len && memcmp(status.data, p->reported.data, status.len) == 0;
    if (!same) {
        struct nodewire m = pod_message(p, NODEWIRE_POD_STATUS);
        m.status = (struct str){status.data, status.len};
        master_link_say(&p->agent->link, &m);
        buf_clear(&p->reported);
        buf_append(&p->reported, status.data, status.len);
    }
}

static void pod_report(struct agent_pod *p)
{
    if (p->removed || !p->agent->link.welcomed || p->sync != p->agent->sync) return;
    if (p->gone && p->deleted) { /* how it ended was told when it ended */
        struct nodewire m = pod_message(p, NODEWIRE_POD_GONE);
        master_link_say(&p->agent->link, &m);
    } else if (!p->ended) {
        pod_say_status(p);
    }
}

/* --- the machine's turn --- */

static void pod_on_wake(uv_timer_t *timer)
{
    agent_pod_step(timer->data);
}

/* Carries out what is due, tells what changed, and sleeps until something is due again. */
void agent_pod_step(struct agent_pod *p)
{
    struct agent *a = p->agent;
    if (a->stopping) { /* nothing is begun, what was finished is remembered */
        agent_pod_save(p);
        return;
    }
    struct pod_step s = {.kind = STEP_NONE};
    if (!p->gone && (!p->ended || p->worker.stopping)) s = pod_worker_next(&p->worker, now_ms(a));
    if (s.kind == STEP_GONE) p->gone = true;
    bool runs = p->worker.sandbox == SANDBOX_READY && !p->worker.stopping;
    if (s.kind == STEP_NONE && p->refresh && runs && !p->worker.busy) {
        p->worker.busy = true; /* no step of the machine, but one at a time all the same */
        agent_job_begin(p, s);
    }
    if (s.kind != STEP_NONE && s.kind != STEP_GONE) agent_job_begin(p, s);
    if (p->gone && p->removed) {
        agent_pod_forget(p);
        agent_pod_free(p);
        return;
    }
    uv_timer_stop(&p->wake);
    if (s.kind == STEP_NONE && s.wake_ms) {
        uint64_t wait = s.wake_ms > now_ms(a) ? s.wake_ms - now_ms(a) : 1;
        uv_timer_start(&p->wake, pod_on_wake, wait, 0);
    }
    pod_report(p);
    agent_pod_save(p);
}

static void pod_poll(struct agent_pod *p)
{
    bool changed = false;
    for (unsigned i = 0; i < p->worker.count; i++) {
        struct worker_container *c = &p->worker.containers[i];
        struct container_exit e;
        if (c->state != CONTAINER_RUNNING ||
            !p->agent->driver->poll_exit(p->agent->driver, c->id, &e))
            continue;
        pod_worker_exited(&p->worker, i, e.code, e.out_of_memory, e.finished_s, now_ms(p->agent));
        snprintf(c->end.message, sizeof c->end.message, "%s", e.message);
        changed = true;
        if (c->retry_ms > now_ms(p->agent) && p->worker.policy != RESTART_NEVER &&
            !p->worker.stopping) {
            agent_event(p, true, "BackOff", "Back-off restarting failed container");
        }
    }
    if (changed) agent_pod_step(p);
}

void agent_pods_poll(struct agent *a)
{
    struct agent_pod *p;
    for (size_t i = 0; (p = map_next(&a->pods, &i));) pod_poll(p);
}

/* --- what the masters say --- */

struct agent_pod *agent_pod_add(struct agent *a, const struct uid *uid, struct str ns,
                                struct str name, struct doc *body)
{
    struct agent_pod *p = mem_new(struct agent_pod);
    p->agent = a;
    p->uid = *uid;
    uid_text(uid, p->brief.uid);
    p->brief.ns = mem_strndup(ns.p, ns.n);
    p->brief.name = mem_strndup(name.p, name.n);
    p->brief.body = body;
    p->sync = a->sync;
    pod_worker_init(&p->worker, doc_path(body, "spec"));
    p->facts =
        (struct pod_facts){.worker = &p->worker, .host_ip = a->facts.address, .started_s = now_s()};
    uv_timer_init(&a->loop, &p->wake);
    p->wake.data = p;
    map_put(&a->pods, p->uid.bytes, sizeof p->uid.bytes, p);
    return p;
}

static void pod_on_closed(uv_handle_t *handle)
{
    struct agent_pod *p = handle->data;
    pod_worker_free(&p->worker);
    pod_brief_free(&p->brief);
    doc_unref(p->told);
    buf_free(&p->saved);
    buf_free(&p->reported);
    mem_free(p);
}

void agent_pod_free(struct agent_pod *p)
{
    map_del(&p->agent->pods, p->uid.bytes, sizeof p->uid.bytes);
    uv_close((uv_handle_t *)&p->wake, pod_on_closed);
}

static void pod_take(struct agent_pod *p, const struct nodewire *m)
{
    struct doc *needs = m->needs.n ? doc_new(m->needs.p, m->needs.n) : NULL;
    bool changed = needs && p->brief.needs && !doc_equal(needs, p->brief.needs);
    bool first = p->brief.needs == NULL;
    doc_unref(p->brief.needs);
    p->brief.needs = needs;
    doc_unref(p->brief.body);
    p->brief.body = doc_new(m->body.p, m->body.n);
    doc_unref(p->told);
    p->told = m->status.n ? doc_new(m->status.p, m->status.n) : NULL;
    p->revision = m->revision;
    p->sync = p->agent->sync;
    if (changed || first) pod_worker_retry(&p->worker);
    if (changed && p->worker.sandbox == SANDBOX_READY) p->refresh = true;
    buf_clear(&p->reported); /* what they hold is in `told`; compared anew */
    if (p->told) buf_append(&p->reported, p->told->bytes, p->told->len);
}

void agent_pod_told(struct agent *a, const struct nodewire *m)
{
    struct agent_pod *p = pod_find(a, &m->uid);
    if (!p) {
        p = agent_pod_add(a, &m->uid, m->ns, m->name, doc_new(m->body.p, m->body.n));
        struct mp phase = mp_get(mp_read(m->status.p, m->status.n), "phase");
        p->ended = mp_is(phase, "Succeeded") || mp_is(phase, "Failed");
        if (p->ended) p->worker.sandbox = SANDBOX_REMOVED;
    }
    pod_take(p, m);
    if (m->deleted_s != 0) {
        p->deleted = true;
        uint64_t grace = m->grace_s > 0 ? (uint64_t)m->grace_s * 1000 : 0;
        pod_worker_stop(&p->worker, grace < UINT32_MAX ? (unsigned)grace : UINT32_MAX, now_ms(a));
    }
    struct mp phase = mp_get(doc_root(p->told), "phase");
    bool failed_by_others =
        mp_is(phase, "Failed") && strcmp(pod_worker_phase(&p->worker), "Failed") != 0;
    if (failed_by_others &&
        !p->ended) { /* evicted: it stops here, and its status is not ours any more */
        p->ended = true;
        pod_worker_stop(&p->worker, GRACE_REMOVED_MS, now_ms(a));
    }
    agent_pod_step(p);
}

void agent_pod_removed(struct agent *a, const struct uid *uid)
{
    struct agent_pod *p = pod_find(a, uid);
    if (!p) return;
    p->removed = true;
    unsigned grace = p->worker.stopping ? p->worker.grace_ms : GRACE_REMOVED_MS;
    struct mp own = doc_path(p->brief.body, "spec.terminationGracePeriodSeconds");
    if (!p->worker.stopping && own.type == MP_INT && own.i >= 0 && own.i < 3600)
        grace = (unsigned)own.i * 1000;
    pod_worker_stop(&p->worker, grace, now_ms(a));
    agent_pod_step(p);
}

void agent_pod_again(struct agent *a, const struct uid *uid)
{
    struct agent_pod *p = pod_find(a, uid);
    if (!p) return;
    buf_clear(&p->reported);
    uv_timer_start(&p->wake, pod_on_wake, 500, 0);
}

void agent_pods_synced(struct agent *a)
{
    struct agent_pod *p;
    for (size_t i = 0; (p = map_next(&a->pods, &i));) {
        if (p->sync == a->sync) continue;
        struct uid uid = p->uid;
        p->sync = a->sync;
        agent_pod_removed(a, &uid);
    }
}
