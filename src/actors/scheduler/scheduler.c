/* Following the world: what pends, and what stands where. */
#include "actors/scheduler/inside.h"

#include "actors/deciding.h"
#include "base/mem.h"

#include <assert.h>

void pending_unassume(struct scheduler *s, struct pending *p)
{
    if (!p->assumed) return;
    placer_use(&s->placer, p->assumed, placer_view(&s->placer, p->body), -1);
    p->assumed = NULL;
    s->helped = true;
}

static void pending_forget(struct scheduler *s, struct pending *p)
{
    pending_unassume(s, p);
    queue_remove(&s->queue, p);
}

/* Does it take room on a node? */
static bool pod_counts(const struct object *pod)
{
    return pod && pod->node && !pod_finished(pod);
}

static bool pod_wants_node(struct scheduler *s, const struct object *pod)
{
    return pod && !pod->node && !pod->deleted_s && !pod_finished(pod) &&
           placer_view(&s->placer, pod->body)->ours;
}

static void pod_count(struct scheduler *s, const struct object *pod, int sign)
{
    placer_use(&s->placer, pod->node, placer_view(&s->placer, pod->body), sign);
}

static void pod_pend(struct scheduler *s, const struct object *pod)
{
    struct pending *p = queue_add(&s->queue, &pod->id->uid, pod->id->created_revision, pod->body);
    queue_enter(&s->queue, p, placer_view(&s->placer, pod->body));
}

/* What it asks for may have changed, and with it the line where it stands. While its binding is on
 * its way it stays counted as it was. */
static void pending_changed(struct scheduler *s, struct pending *p, struct doc *body)
{
    if (p->body == body || p->assumed) return;
    queue_leave(&s->queue, p);
    doc_unref(p->body);
    p->body = doc_ref(body);
    queue_enter(&s->queue, p, placer_view(&s->placer, body));
    s->helped = true;
}

static void pod_changed(struct scheduler *s, const struct object *before, struct object *after)
{
    bool did = pod_counts(before), does = pod_counts(after);
    if (!before || !before->node) { /* else it has been placed long ago */
        const struct object *known = after ? after : before;
        assert(known);
        struct pending *p = queue_find(&s->queue, &known->id->uid);
        bool wants = pod_wants_node(s, after);
        if (p && !wants)
            pending_forget(s, p);
        else if (p)
            pending_changed(s, p, after->body);
        else if (wants)
            pod_pend(s, after);
    }
    if (did && does && before->body == after->body) return;
    if (did) pod_count(s, before, -1);
    if (does) pod_count(s, after, 1);
    s->helped |= did;
}

static void scheduler_changed(struct subscriber *sub, const struct change *c)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    const struct kind *kind = (c->after ? c->after : c->before)->id->kind;
    if (kind == kind_pod) {
        pod_changed(s, c->before, c->after);
    } else if (kind == kind_node) {
        if (c->after)
            s->helped |= placer_put_node(&s->placer, c->after);
        else
            placer_drop_node(&s->placer, istr_get(object_name(c->before)));
    }
}

static void scheduler_forget(struct scheduler *s)
{
    queue_clear(&s->queue);
    placer_clear(&s->placer);
}

static void scheduler_restored(struct subscriber *sub)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    struct world *w = system_world(s->system);
    scheduler_forget(s);
    for (struct actor *a = world_first(w, kind_node, NULL); a; a = world_next(a, NULL))
        placer_put_node(&s->placer, a->object);
    for (struct actor *a = world_first(w, kind_pod, NULL); a; a = world_next(a, NULL))
        pod_changed(s, NULL, a->object);
}

static void scheduler_lead(struct subscriber *sub, bool leads)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    if (!leads) return;
    s->helped = true;
    s->woken_ms = 0;
    tell_again(s);
}

struct scheduler *scheduler_start(struct system *system)
{
    struct scheduler *s = mem_new(struct scheduler);
    s->system = system;
    s->work = act_allowance;
    s->commands = tell_allowance;
    s->who = istr_of("system:kube-scheduler");
    s->recorder = recorder_new(system, "default-scheduler");
    placer_init(&s->placer);
    queue_init(&s->queue);
    s->subscriber = (struct subscriber){.name = "scheduler",
                                        .changed = scheduler_changed,
                                        .restored = scheduler_restored,
                                        .lead = scheduler_lead,
                                        .turn = act_turn};
    world_subscribe(system_world(system), &s->subscriber);
    scheduler_restored(&s->subscriber);
    return s;
}

void scheduler_free(struct scheduler *s)
{
    if (!s) return;
    scheduler_forget(s);
    placer_free(&s->placer);
    recorder_free(s->recorder);
    mem_free(s);
}

size_t scheduler_pending(const struct scheduler *s)
{
    return s->queue.by_uid.count;
}
