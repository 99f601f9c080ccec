/* What becomes of the pods of a node that is not well, or not there. */
#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/node_health.h"
#include "base/mem.h"

enum { HOLD_MS = 1000 };

/* Replica sets and endpoints must not count on pods that nobody hears of. */
void node_mark_pods(struct watched_node *n)
{
    struct lifecycle *l = n->lifecycle;
    size_t count;
    mem_auto struct object **pods = watched_pods(n, &count);
    for (size_t i = 0; i < count; i++) {
        if (!mp_is(mp_get(status_condition(pods[i]->status, "Ready"), "status"), "True")) continue;
        struct command *c = acting_on(COMMAND_CONDITION, pods[i], l->who, n->cause);
        c->text[0] = mem_strdup("Ready");
        c->text[1] = mem_strdup("False");
        c->text[2] = mem_strdup("NodeNotReady");
        c->text[3] = mem_strdup("Node is not ready");
        watched_send(n, c);
    }
    n->marks = false;
}

static bool take_token(struct lifecycle *l)
{
    uint64_t most = (uint64_t)l->times.eviction_burst * 1000;
    l->tokens += (l->now_ms - l->filled_ms) * l->times.evictions_per_s;
    l->filled_ms = l->now_ms;
    if (l->tokens > most) l->tokens = most;
    if (l->tokens < 1000) return false;
    l->tokens -= 1000;
    return true;
}

/* With no node left that could take the pods, the fault is more likely ours than theirs: keep them.
 */
static bool held(const struct watched_node *n)
{
    if (n->lifecycle->ready) return false;
    struct mp taints = doc_path(n->object->body, "spec.taints");
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "effect"), "NoExecute") && !node_taint_is_ours(it.value))
            return false;
    return true;
}

static void evict_one(struct watched_node *n, const struct object *pod)
{
    struct lifecycle *l = n->lifecycle;
    recorder_tell(l->recorder, pod, "Normal", "TaintManagerEviction",
                  "Marking for deletion Pod %s/%s", pod->id->ns, pod->id->name);
    watched_send(n, acting_on(COMMAND_DELETE, pod, l->who, n->cause));
}

void node_evict(struct watched_node *n)
{
    struct lifecycle *l = n->lifecycle;
    if (held(n)) {
        agenda_at(&l->agenda, &n->agenda, l->now_ms + HOLD_MS);
        return;
    }
    size_t count;
    mem_auto struct object **pods = watched_pods(n, &count);
    for (size_t i = 0; i < count; i++) {
        if (pods[i]->deleted_s) continue;
        int64_t patience = node_pod_patience(n->object, pods[i]);
        if (patience < 0) continue;
        uint64_t due = n->since_ms + (uint64_t)patience * 1000;
        if (l->now_ms < due) {
            agenda_at(&l->agenda, &n->agenda, due);
        } else if (take_token(l)) {
            evict_one(n, pods[i]);
        } else {
            agenda_at(&l->agenda, &n->agenda, l->now_ms + HOLD_MS / 10);
            return;
        }
    }
}

void node_collect_pods(struct watched_node *n)
{
    struct lifecycle *l = n->lifecycle;
    if (l->now_ms < n->since_ms + l->times.gone_node_ms) {
        agenda_at(&l->agenda, &n->agenda, n->since_ms + l->times.gone_node_ms);
        return;
    }
    size_t count;
    mem_auto struct object **pods = watched_pods(n, &count);
    for (size_t i = 0; i < count; i++) {
        if (pods[i]->deleted_s && !pods[i]->grace_s) continue; /* only finalizers hold it */
        struct command *c = acting_on(COMMAND_DELETE, pods[i], l->who, n->cause);
        c->grace_s = 0;
        watched_send(n, c);
    }
}
