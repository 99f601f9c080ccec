#include "actors/scheduler/inside.h"

#include "actors/controllers/acting.h"
#include "actors/deciding.h"
#include "base/mem.h"

#include <assert.h>

/* Lines that fit nowhere are tried again when something helps, at most once a WAIT, and once a
 * RETRY in any case; a pod whose binding was refused after a WAIT. */
enum { WAIT_MS = 1000, RETRY_MS = 30000 };

/* What looking at nodes may cost, however many pods fit nowhere: the rest waits for later turns. */
enum { WORK_PER_S = 2000000, WORK_BURST = 200000 };

uint64_t allowance_fill(struct allowance *a, uint64_t now_ms)
{
    uint64_t passed = now_ms - a->filled_ms, most = a->burst * 1000;
    a->filled_ms = now_ms;
    if (passed > 60000) passed = 60000;
    a->thousandths += passed * a->per_s;
    if (a->thousandths > most) a->thousandths = most;
    return a->thousandths / 1000;
}

void allowance_take(struct allowance *a, uint64_t n)
{
    a->thousandths -= n * 1000 < a->thousandths ? n * 1000 : a->thousandths;
}

/* The assumption is over: the log has told of the pod's node, or it was refused. */
static void pending_unassume(struct scheduler *s, struct pending *p)
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

/* Following the world. */

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

/* Acting. */

/* The answer to a binding; the scheduler finds the pod again by its uid. */
static void bind_answered(struct command *c, const struct result *r)
{
    struct scheduler *s = c->data;
    if (r->http < 400) {
        if (r->object && !r->removed)
            recorder_tell(s->recorder, r->object, "Normal", "Scheduled",
                          "Successfully assigned %s/%s to %s", c->ns, c->name, c->node);
        return;
    }
    struct pending *p = queue_find(&s->queue, &c->uid);
    if (!p || !p->assumed) return;
    pending_unassume(s, p);
    queue_put_back(&s->queue, p, acting_now_ms(s->system) + WAIT_MS);
}

static void pod_bind(struct scheduler *s, struct pending *p, struct object *pod, istr node)
{
    queue_leave(&s->queue, p);
    p->assumed = node;
    placer_use(&s->placer, node, placer_view(&s->placer, p->body), 1);
    struct command *c = acting_on(COMMAND_BIND, pod, s->who, p->order);
    c->node = node;
    c->done = bind_answered;
    c->data = s;
    system_send(s->system, c);
}

/* The best node for the first pod of a line, or -1. */
static int64_t line_place(struct scheduler *s, struct line *line, struct doc *body)
{
    const struct pod_view *pod = placer_view(&s->placer, body);
    int64_t place = -1;
    if (!line->tried || placer_helped(&s->placer, pod, line->tried_at))
        place = placer_best(&s->placer, pod);
    line->tried = place < 0;
    line->tried_at = s->placer.nodes.sequence;
    return place;
}

/* Places the pod whose turn it is, or blocks its line. true: a command was sent. */
static bool pod_schedule(struct scheduler *s, struct pending *p)
{
    struct line *line = p->line;
    int64_t place = line_place(s, line, p->body);
    if (place < 0) {
        queue_block(&s->queue, line);
        tell_line(s, line);
        return false;
    }
    struct actor *a = world_by_uid(system_world(s->system), &p->uid);
    assert(a && a->object); /* its end would have been told */
    struct object *pod = object_ref(a->object);
    pod_bind(s, p, pod, s->placer.nodes.rows[place].name);
    object_unref(pod);
    return true;
}

static void scheduler_reconsider(struct scheduler *s, uint64_t now_ms)
{
    for (struct pending *p; (p = queue_due(&s->queue, now_ms));) {
        struct actor *a = world_by_uid(system_world(s->system), &p->uid);
        assert(a && a->object);
        doc_unref(p->body);
        p->body = doc_ref(a->object->body); /* it may have changed while it was assumed */
        queue_enter(&s->queue, p, placer_view(&s->placer, p->body));
    }
    /* Those that are still to be tried come first, lest the last of them never be. */
    bool again = s->helped && !queue_first(&s->queue);
    if (now_ms < s->woken_ms + (again ? WAIT_MS : RETRY_MS)) return;
    s->helped = false;
    s->woken_ms = now_ms;
    queue_wake(&s->queue);
}

static void scheduler_turn(struct subscriber *sub, uint64_t now_ms)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    uint64_t before = s->placer.work, allowed = allowance_fill(&s->work, now_ms);
    unsigned left = acting_budget(s->system);
    struct pending *p;
    scheduler_reconsider(s, now_ms);
    while (left && s->placer.work < before + allowed && (p = queue_first(&s->queue))) {
        s->placer.work++;
        left -= pod_schedule(s, p);
    }
    uint64_t own = WORK_BURST / 2; /* for placing alone */
    tell_turn(s, now_ms, left, before + (allowed > own ? allowed - own : 0));
    allowance_take(&s->work, s->placer.work - before);
}

struct scheduler *scheduler_start(struct system *system)
{
    struct scheduler *s = mem_new(struct scheduler);
    s->system = system;
    s->work = (struct allowance){.per_s = WORK_PER_S, .burst = WORK_BURST};
    s->commands = tell_allowance;
    s->who = istr_of("system:kube-scheduler");
    s->recorder = recorder_new(system, "default-scheduler");
    placer_init(&s->placer);
    queue_init(&s->queue);
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
    recorder_free(s->recorder);
    mem_free(s);
}

size_t scheduler_pending(const struct scheduler *s)
{
    return s->queue.by_uid.count;
}
