/* What became of a pod worker's steps. */
#include "node/pod_worker.h"

#include <stdio.h>
#include <string.h>

static void text_set(char *to, size_t n, const char *from)
{
    snprintf(to, n, "%s", from ? from : "");
}
#define TEXT(to, from) text_set((to), sizeof(to), (from))

static unsigned backoff_longer(unsigned ms)
{
    if (ms == 0) return BACKOFF_FIRST_MS;
    return 2 * ms < BACKOFF_MAX_MS ? 2 * ms : BACKOFF_MAX_MS;
}

void pod_worker_setup_done(struct pod_worker *w, const char *ip)
{
    w->busy = false;
    w->sandbox = SANDBOX_READY;
    w->reason[0] = w->message[0] = '\0';
    w->sandbox_backoff_ms = 0;
    TEXT(w->ip, ip);
}

void pod_worker_setup_failed(struct pod_worker *w, const char *reason, const char *message,
                             uint64_t now_ms)
{
    w->busy = false;
    TEXT(w->reason, reason);
    TEXT(w->message, message);
    w->sandbox_backoff_ms = w->sandbox_backoff_ms ? 2 * w->sandbox_backoff_ms : 1000;
    if (w->sandbox_backoff_ms > 60 * 1000) w->sandbox_backoff_ms = 60 * 1000;
    w->sandbox_retry_ms = now_ms + w->sandbox_backoff_ms;
}

void pod_worker_started(struct pod_worker *w, unsigned i, const char *id, const char *image_id,
                        int64_t now_s)
{
    struct worker_container *c = &w->containers[i];
    w->busy = false;
    c->state = CONTAINER_RUNNING;
    c->started_once = true;
    c->started_s = now_s;
    c->reason[0] = c->message[0] = '\0';
    TEXT(c->id, id);
    TEXT(c->image_id, image_id);
}

static void container_failed_again(struct worker_container *c, uint64_t now_ms)
{
    c->retry_ms = now_ms + c->backoff_ms;
    c->backoff_ms = backoff_longer(c->backoff_ms);
}

void pod_worker_start_failed(struct pod_worker *w, unsigned i, const char *reason,
                             const char *message, uint64_t now_ms, int64_t now_s)
{
    struct worker_container *c = &w->containers[i];
    w->busy = false;
    if (!strcmp(reason, "ErrImagePull")) {
        bool again = !strcmp(c->reason, "ErrImagePull") || !strcmp(c->reason, "ImagePullBackOff");
        TEXT(c->reason, again ? "ImagePullBackOff" : reason);
        TEXT(c->message, message);
        if (c->backoff_ms == 0) c->backoff_ms = BACKOFF_FIRST_MS;
        container_failed_again(c, now_ms);
    } else if (!strcmp(reason, "ErrImageNeverPull") ||
               !strcmp(reason, "CreateContainerConfigError")) {
        TEXT(c->reason, reason);
        TEXT(c->message, message);
        c->retry_ms = now_ms + CONFIG_RETRY_MS;
    } else {
        c->state = CONTAINER_ENDED;
        c->end = (struct container_end){.known = true, .code = 128, .finished_s = now_s};
        TEXT(c->end.reason, reason);
        TEXT(c->end.message, message);
        container_failed_again(c, now_ms);
    }
}

void pod_worker_signalled(struct pod_worker *w)
{
    w->busy = false;
}

void pod_worker_torn_down(struct pod_worker *w)
{
    w->busy = false;
    w->sandbox = SANDBOX_REMOVED;
}

void pod_worker_exited(struct pod_worker *w, unsigned i, int code, bool out_of_memory,
                       int64_t finished_s, uint64_t now_ms)
{
    struct worker_container *c = &w->containers[i];
    if (c->state != CONTAINER_RUNNING) return;
    c->state = CONTAINER_ENDED;
    c->end = (struct container_end){
        .known = true, .code = code, .started_s = c->started_s, .finished_s = finished_s};
    TEXT(c->end.reason, out_of_memory ? "OOMKilled" : code == 0 ? "Completed" : "Error");
    TEXT(c->end.id, c->id);
    if (finished_s - c->started_s >= BACKOFF_FORGET_S) c->backoff_ms = 0;
    container_failed_again(c, now_ms);
}

void pod_worker_stop(struct pod_worker *w, unsigned grace_ms, uint64_t now_ms)
{
    if (!w->stopping) {
        w->stopping = true;
        w->grace_ms = grace_ms;
        w->kill_ms = now_ms + grace_ms;
    } else if (grace_ms < w->grace_ms && now_ms + grace_ms < w->kill_ms) {
        w->grace_ms = grace_ms;
        w->kill_ms = now_ms + grace_ms;
    }
}

void pod_worker_retry(struct pod_worker *w)
{
    w->sandbox_retry_ms = 0;
    for (unsigned i = 0; i < w->count; i++) {
        struct worker_container *c = &w->containers[i];
        bool config = !strcmp(c->reason, "CreateContainerConfigError");
        if (c->state == CONTAINER_WAITING && config) c->retry_ms = 0;
    }
}
