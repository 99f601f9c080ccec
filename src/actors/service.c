/* Services: their numbers come with admission; one that is no load balancer any more has no
 * addresses outside. */
#include "actors/deciding.h"
#include "actors/edit.h"

static void forget_balancer(const struct actor *a, struct decision *out)
{
    if (mp_get(doc_path(a->object->status, "loadBalancer"), "ingress").type == MP_END) return;
    buf_auto struct buf none = BUF_INIT;
    mp_put_map(&none, 0);
    struct doc *status = edit_doc(a->object->status, "loadBalancer", edit_value(&none));
    object_decide_status(a, status, EVENT_STATUS, out);
}

static void service_decide(struct world *w, const struct actor *a, const struct command *c,
                           int64_t now_ms, struct decision *out)
{
    object_decide(w, a, c, now_ms, out);
    bool updated = c->op == COMMAND_UPDATE && out->count && a->object &&
                   out->events[out->count - 1].type == EVENT_UPDATED;
    if (updated && !mp_is(doc_path(out->events[0].body, "spec.type"), "LoadBalancer"))
        forget_balancer(a, out);
}

const struct behavior behavior_service = {service_decide, object_fold};
