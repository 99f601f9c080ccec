/* What simulated nodes tell people about their pods: as a kubelet does, but never pretending that
 * there was an image, and at a bounded rate, so that a load of pods is not a load of Events. */
#include "node/sim_internal.h"

#include "node/pod_event.h"

#include <time.h>

enum { EVENTS_PER_S = 20, EVENTS_BURST = 50 };

static bool take_token(struct sim *sim)
{
    uint64_t now_ms = uv_now(&sim->loop), room = EVENTS_BURST * 1000ULL;
    uint64_t tokens = sim->event_tokens + (now_ms - sim->event_filled_ms) * EVENTS_PER_S;
    sim->event_filled_ms = now_ms;
    sim->event_tokens = tokens < room ? tokens : room;
    if (sim->event_tokens < 1000) return false;
    sim->event_tokens -= 1000;
    return true;
}

static void tell_one(struct sim_pod *pod, struct str container, const char *reason,
                     const char *verb)
{
    struct sim *sim = pod->node->sim;
    char uid[UID_TEXT], message[320];
    uid_text(&pod->uid, uid);
    snprintf(message, sizeof message, "%s container %.*s (simulated)", verb, (int)container.n,
             container.p);
    struct pod_event event = {.ns = istr_str(pod->ns),
                              .pod = str_of(pod->name),
                              .uid = str_of(uid),
                              .container = container,
                              .host = str_of(pod->node->name),
                              .message = str_of(message),
                              .reason = reason,
                              .at_s = (int64_t)time(NULL)};
    struct buf buf_auto body = BUF_INIT;
    pod_event_put(&event, &body);
    mem_auto char *name = pod_event_name(&event, sim->events++);
    struct nodewire m = {.type = NODEWIRE_EVENT,
                         .ns = event.ns,
                         .name = str_of(name),
                         .body = {body.data, body.len}};
    master_link_say(&pod->node->link, &m);
}

void sim_tell(struct sim_pod *pod, const char *reason, const char *verb)
{
    for (struct mp_iter it = mp_items(doc_path(pod->body, "spec.containers")); mp_iter_next(&it);) {
        if (!take_token(pod->node->sim)) return;
        tell_one(pod, mp_str(mp_get(it.value, "name")), reason, verb);
    }
}
