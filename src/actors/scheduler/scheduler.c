#include "actors/scheduler/scheduler.h"

#include "actors/controllers/acting.h"
#include "actors/controllers/recorder.h"
#include "actors/scheduler/placer.h"
#include "base/list.h"
#include "base/mem.h"

enum { RETRY_MS = 30000, WAIT_MS = 1000 };

enum pending_state { PENDING_ACTIVE, PENDING_WAITING, PENDING_BINDING };

/* A pod without a node. */
struct pending {
    struct list link;
    struct uid uid;
    uint64_t revision; /* of the change that made it pending: the cause of its binding */
    enum pending_state state;
    uint64_t waiting_since_ms;
    istr assumed;     /* while binding */
    struct doc *body; /* of the pod when it was assumed: a reference */
};

struct scheduler {
    struct subscriber subscriber;
    struct system *system;
    struct placer placer;
    struct map by_uid;
    struct list active, waiting; /* in the order of their coming */
    bool helped;                 /* something changed that may make room */
    uint64_t helped_ms;
    struct recorder *recorder;
    istr who;
    struct { /* the last explanation: many pods of one shape wait for the same reason */
        struct digest shape;
        uint64_t sequence;
        struct buf text;
    } explained;
};

static void pending_free(struct scheduler *s, struct pending *p)
{
    map_del(&s->by_uid, &p->uid, sizeof p->uid);
    list_remove(&p->link);
    doc_unref(p->body);
    mem_free(p);
}

/* The assumption is over: the log has told of the pod's node, or it was refused. */
static void pending_unassume(struct scheduler *s, struct pending *p)
{
    if (p->state != PENDING_BINDING) return;
    placer_use(&s->placer, p->assumed, pod_view(&s->placer.nodes, p->body), -1);
    doc_unref(p->body);
    p->body = NULL;
    p->assumed = NULL;
    p->state = PENDING_WAITING;
}

static bool pod_finished(const struct object *pod)
{
    struct mp phase = doc_path(pod->status, "phase");
    return mp_is(phase, "Succeeded") || mp_is(phase, "Failed");
}

/* Does it take room on a node? */
static bool pod_counts(const struct object *pod)
{
    return pod && pod->node && !pod_finished(pod);
}

static void pod_count(struct scheduler *s, const struct object *pod, int sign)
{
    placer_use(&s->placer, pod->node, pod_view(&s->placer.nodes, pod->body), sign);
}

static void pod_want_node(struct scheduler *s, struct object *pod, uint64_t revision)
{
    struct pending *p = map_get(&s->by_uid, &pod->id->uid, sizeof pod->id->uid);
    bool wants = !pod->node && !pod->deleted_s && !pod_finished(pod) &&
                 pod_view(&s->placer.nodes, pod->body)->ours;
    if (!wants) {
        if (p) pending_unassume(s, p);
        if (p) pending_free(s, p);
        return;
    }
    if (p) return; /* its status or labels changed; it stands where it stands */
    p = mem_new(struct pending);
    p->uid = pod->id->uid;
    p->revision = revision;
    map_put(&s->by_uid, &p->uid, sizeof p->uid, p);
    list_push(&s->active, &p->link);
}

static void pod_gone(struct scheduler *s, const struct object *pod)
{
    struct pending *p = map_get(&s->by_uid, &pod->id->uid, sizeof pod->id->uid);
    if (!p) return;
    pending_unassume(s, p);
    pending_free(s, p);
}

static void pod_changed(struct scheduler *s, const struct change *c)
{
    bool did = pod_counts(c->before), does = pod_counts(c->after);
    bool moved = did && does && (c->before->body != c->after->body);
    if (c->after)
        pod_want_node(s, c->after, c->revision);
    else
        pod_gone(s, c->before);
    if (did && (!does || moved)) pod_count(s, c->before, -1);
    if (does && (!did || moved)) pod_count(s, c->after, 1);
    if (did && !does) s->helped = true;
}

static bool node_helps(const struct change *c)
{
    return c->after && (!c->before || c->before->body != c->after->body ||
                        c->before->status != c->after->status);
}

static void scheduler_changed(struct subscriber *sub, const struct change *c)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    const struct kind *kind = (c->after ? c->after : c->before)->id->kind;
    if (kind == kind_pod) {
        pod_changed(s, c);
    } else if (kind == kind_node) {
        if (c->after)
            node_table_put(&s->placer.nodes, c->after);
        else
            node_table_drop(&s->placer.nodes, istr_get(object_name(c->before)));
        s->helped |= node_helps(c);
    }
}

static void scheduler_forget(struct scheduler *s)
{
    struct pending *p;
    for (size_t i = 0; (p = map_next(&s->by_uid, &i));) pending_free(s, p);
    placer_clear(&s->placer);
}

static void scheduler_restored(struct subscriber *sub)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    struct world *w = system_world(s->system);
    scheduler_forget(s);
    for (struct actor *a = world_first(w, kind_node, NULL); a; a = world_next(a, NULL))
        node_table_put(&s->placer.nodes, a->object);
    for (struct actor *a = world_first(w, kind_pod, NULL); a; a = world_next(a, NULL)) {
        pod_want_node(s, a->object, a->object->revision);
        if (pod_counts(a->object)) pod_count(s, a->object, 1);
    }
}

static void wake_waiting(struct scheduler *s)
{
    for (struct list *it; (it = list_shift(&s->waiting));) {
        container_of(it, struct pending, link)->state = PENDING_ACTIVE;
        list_push(&s->active, it);
    }
}

static void scheduler_lead(struct subscriber *sub, bool leads)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    if (leads) wake_waiting(s);
}

/* Acting. */

/* The answer to a binding or a condition; the scheduler finds the pod again by its uid. */
static void bind_answered(struct command *c, const struct result *r)
{
    struct scheduler *s = c->data;
    struct pending *p = map_get(&s->by_uid, &c->uid, sizeof c->uid);
    if (r->http < 400) {
        if (r->object)
            recorder_tell(s->recorder, r->object, "Normal", "Scheduled",
                          "Successfully assigned %s/%s to %s", c->ns, c->name, c->node);
        return;
    }
    if (!p || p->state != PENDING_BINDING) return;
    pending_unassume(s, p);
    p->state = PENDING_ACTIVE;
    list_push(&s->active, &p->link);
}

static void pod_bind(struct scheduler *s, struct pending *p, struct object *pod, istr node)
{
    p->state = PENDING_BINDING;
    p->assumed = node;
    p->body = doc_ref(pod->body);
    placer_use(&s->placer, node, pod_view(&s->placer.nodes, pod->body), 1);
    struct command *c = acting_on(COMMAND_BIND, pod, s->who, p->revision);
    c->node = node;
    c->done = bind_answered;
    c->data = s;
    system_send(s->system, c);
}

static const char *scheduler_explain(struct scheduler *s, const struct pod_view *view)
{
    if (!digest_equal(&s->explained.shape, &view->shape) ||
        s->explained.sequence != s->placer.nodes.sequence) {
        s->explained.shape = view->shape;
        s->explained.sequence = s->placer.nodes.sequence;
        buf_clear(&s->explained.text);
        fit_explain(&s->placer.nodes, view, &s->explained.text);
    }
    return s->explained.text.data;
}

static void pod_explain(struct scheduler *s, struct pending *p, struct object *pod, uint64_t now_ms)
{
    const char *why = scheduler_explain(s, pod_view(&s->placer.nodes, pod->body));
    p->state = PENDING_WAITING;
    p->waiting_since_ms = now_ms;
    list_push(&s->waiting, &p->link);
    struct command *c = acting_on(COMMAND_UNSCHEDULABLE, pod, s->who, p->revision);
    c->text[3] = mem_strdup(why);
    recorder_tell(s->recorder, pod, "Warning", "FailedScheduling", "%s", why);
    system_send(s->system, c);
}

static void pod_schedule(struct scheduler *s, struct pending *p, uint64_t now_ms)
{
    struct actor *a = world_by_uid(system_world(s->system), &p->uid);
    if (!a || !a->object) {
        pending_free(s, p);
        return;
    }
    struct object *pod = object_ref(a->object);
    int64_t place = placer_best(&s->placer, pod_view(&s->placer.nodes, pod->body));
    if (place >= 0)
        pod_bind(s, p, pod, s->placer.nodes.rows[place].name);
    else
        pod_explain(s, p, pod, now_ms);
    object_unref(pod);
}

/* Waiting pods are looked at again when something may have made room, at most once a second, and
 * the oldest of them every half minute in any case. */
static void scheduler_reconsider(struct scheduler *s, uint64_t now_ms)
{
    if (list_empty(&s->waiting)) return;
    struct pending *oldest = container_of(s->waiting.next, struct pending, link);
    bool helped = s->helped && now_ms >= s->helped_ms + WAIT_MS;
    if (!helped && now_ms < oldest->waiting_since_ms + RETRY_MS) return;
    s->helped = false;
    s->helped_ms = now_ms;
    wake_waiting(s);
}

static void scheduler_turn(struct subscriber *sub, uint64_t now_ms)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    scheduler_reconsider(s, now_ms);
    for (unsigned left = acting_budget(s->system); left && !list_empty(&s->active); left--)
        pod_schedule(s, container_of(list_shift(&s->active), struct pending, link), now_ms);
}

struct scheduler *scheduler_start(struct system *system)
{
    struct scheduler *s = mem_new(struct scheduler);
    s->system = system;
    s->who = istr_of("system:kube-scheduler");
    s->recorder = recorder_new(system, "default-scheduler");
    placer_init(&s->placer);
    list_init(&s->active);
    list_init(&s->waiting);
    s->subscriber = (struct subscriber){.name = "scheduler",
                                        .changed = scheduler_changed,
                                        .restored = scheduler_restored,
                                        .lead = scheduler_lead,
                                        .turn = scheduler_turn};
    world_subscribe(system_world(system), &s->subscriber);
    scheduler_restored(&s->subscriber);
    return s;
}

void scheduler_free(struct scheduler *s)
{
    if (!s) return;
    scheduler_forget(s);
    placer_free(&s->placer);
    map_free(&s->by_uid);
    recorder_free(s->recorder);
    buf_free(&s->explained.text);
    mem_free(s);
}

size_t scheduler_pending(const struct scheduler *s)
{
    return s->by_uid.count;
}
