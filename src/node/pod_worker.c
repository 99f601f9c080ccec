#include "node/pod_worker.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { KILL_AGAIN_MS = 5000 };

static void worker_add(struct pod_worker *w, struct mp list, bool init)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        w->containers = mem_resize(w->containers, (w->count + 1) * sizeof *w->containers);
        struct worker_container *c = &w->containers[w->count++];
        *c = (struct worker_container){.init = init};
        struct str name = mp_str(mp_get(it.value, "name"));
        snprintf(c->name, sizeof c->name, "%.*s", (int)name.n, name.p ? name.p : "");
        if (init) w->init_count++;
    }
}

void pod_worker_init(struct pod_worker *w, struct mp spec)
{
    *w = (struct pod_worker){0};
    struct mp policy = mp_get(spec, "restartPolicy");
    w->policy = mp_is(policy, "Never")       ? RESTART_NEVER
                : mp_is(policy, "OnFailure") ? RESTART_ON_FAILURE
                                             : RESTART_ALWAYS;
    worker_add(w, mp_get(spec, "initContainers"), true);
    worker_add(w, mp_get(spec, "containers"), false);
}

void pod_worker_free(struct pod_worker *w)
{
    mem_free(w->containers);
    *w = (struct pod_worker){0};
}

/* --- judging --- */

static bool container_restarts(const struct pod_worker *w, const struct worker_container *c)
{
    if (c->init && c->end.code == 0) return false;
    if (w->policy == RESTART_NEVER) return false;
    return c->end.code != 0 || (!c->init && w->policy == RESTART_ALWAYS);
}

static bool container_done(const struct worker_container *c)
{
    return c->state == CONTAINER_ENDED && c->end.code == 0;
}

bool pod_worker_initialized(const struct pod_worker *w)
{
    for (unsigned i = 0; i < w->init_count; i++) {
        if (!container_done(&w->containers[i])) return false;
    }
    return true;
}

bool pod_worker_ready(const struct pod_worker *w)
{
    for (unsigned i = w->init_count; i < w->count; i++) {
        if (w->containers[i].state != CONTAINER_RUNNING) return false;
    }
    return w->count > w->init_count;
}

static bool init_failed(const struct pod_worker *w)
{
    for (unsigned i = 0; i < w->init_count; i++) {
        const struct worker_container *c = &w->containers[i];
        if (c->state == CONTAINER_ENDED && c->end.code != 0 && !container_restarts(w, c))
            return true;
    }
    return false;
}

const char *pod_worker_phase(const struct pod_worker *w)
{
    unsigned running = 0, fresh = 0, failed = 0, over = 0;
    if (init_failed(w)) return "Failed";
    if (!pod_worker_initialized(w)) return "Pending";
    for (unsigned i = w->init_count; i < w->count; i++) {
        const struct worker_container *c = &w->containers[i];
        if (c->state == CONTAINER_RUNNING) running++;
        if (c->state == CONTAINER_WAITING && !c->last.known) fresh++;
        if (c->state == CONTAINER_ENDED && !container_restarts(w, c)) {
            over++;
            if (c->end.code != 0) failed++;
        }
    }
    if (over == w->count - w->init_count) return failed ? "Failed" : "Succeeded";
    if (w->stopping && running == 0 && fresh == 0) return failed ? "Failed" : "Running";
    return fresh ? "Pending" : "Running";
}

/* --- the next step --- */

static struct pod_step step(enum pod_step_kind kind, unsigned container, uint64_t wake_ms)
{
    return (struct pod_step){kind, container, wake_ms};
}

static void step_soonest(struct pod_step *s, uint64_t wake_ms)
{
    if (s->wake_ms == 0 || wake_ms < s->wake_ms) s->wake_ms = wake_ms;
}

static bool worker_any_running(const struct pod_worker *w)
{
    for (unsigned i = 0; i < w->count; i++) {
        if (w->containers[i].state == CONTAINER_RUNNING) return true;
    }
    return false;
}

static struct pod_step worker_stop_step(struct pod_worker *w, uint64_t now_ms)
{
    if (worker_any_running(w)) {
        if (!w->term_sent && w->grace_ms) {
            w->term_sent = true;
            w->kill_ms = now_ms + w->grace_ms;
            return step(STEP_TERM, 0, 0);
        }
        if (now_ms < w->kill_ms) return step(STEP_NONE, 0, w->kill_ms);
        w->kill_ms = now_ms + KILL_AGAIN_MS;
        return step(STEP_KILL, 0, 0);
    }
    if (w->sandbox != SANDBOX_REMOVED) return step(STEP_TEARDOWN, 0, 0);
    return step(STEP_GONE, 0, 0);
}

/* Turns an ended container that shall run again into one that waits its back-off out. */
static void container_requeue(struct worker_container *c, uint64_t now_ms)
{
    c->last = c->end;
    c->end = (struct container_end){0};
    c->state = CONTAINER_WAITING;
    c->restarts++;
    if (c->retry_ms > now_ms) {
        snprintf(c->reason, sizeof c->reason, "CrashLoopBackOff");
        snprintf(c->message, sizeof c->message, "back-off %us restarting failed container=%s",
                 (unsigned)((c->retry_ms - now_ms + 999) / 1000), c->name);
    }
}

static struct pod_step worker_run_step(struct pod_worker *w, uint64_t now_ms)
{
    struct pod_step wait = {.kind = STEP_NONE};
    bool initialized = pod_worker_initialized(w);
    if (init_failed(w)) return wait;
    for (unsigned i = initialized ? w->init_count : 0; i < (initialized ? w->count : w->init_count);
         i++) {
        struct worker_container *c = &w->containers[i];
        if (c->state == CONTAINER_ENDED && container_restarts(w, c)) container_requeue(c, now_ms);
        if (c->state == CONTAINER_WAITING) {
            if (now_ms >= c->retry_ms) return step(STEP_START, i, 0);
            step_soonest(&wait, c->retry_ms);
        }
        if (c->init && !container_done(c)) break; /* one after the other */
    }
    return wait;
}

struct pod_step pod_worker_next(struct pod_worker *w, uint64_t now_ms)
{
    if (w->busy) return step(STEP_NONE, 0, 0);
    struct pod_step next;
    if (w->stopping) {
        next = worker_stop_step(w, now_ms);
    } else if (w->sandbox == SANDBOX_NONE) {
        next = now_ms >= w->sandbox_retry_ms ? step(STEP_SETUP, 0, 0)
                                             : step(STEP_NONE, 0, w->sandbox_retry_ms);
    } else {
        next = worker_run_step(w, now_ms);
    }
    w->busy = next.kind != STEP_NONE && next.kind != STEP_GONE;
    return next;
}
