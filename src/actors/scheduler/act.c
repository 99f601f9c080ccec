/* Acting on the leader: the pods whose turn it is get a node, or their line is blocked. */
#include "actors/scheduler/inside.h"

#include "actors/controllers/acting.h"

#include <assert.h>

/* Lines that fit nowhere are tried again when something helps, at most once a WAIT, and once a
 * RETRY in any case; a pod whose binding was refused after a WAIT. */
enum { WAIT_MS = 1000, RETRY_MS = 30000 };

/* What looking at nodes may cost, however many pods fit nowhere: the rest waits for later turns. */
enum { WORK_PER_S = 2000000, WORK_BURST = 200000 };

const struct allowance act_allowance = {.per_s = WORK_PER_S, .burst = WORK_BURST};

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

static void act_reconsider(struct scheduler *s, uint64_t now_ms)
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

void act_turn(struct subscriber *sub, uint64_t now_ms)
{
    struct scheduler *s = container_of(sub, struct scheduler, subscriber);
    uint64_t before = s->placer.work, allowed = allowance_fill(&s->work, now_ms);
    unsigned left = acting_budget(s->system);
    struct pending *p;
    act_reconsider(s, now_ms);
    while (left && s->placer.work < before + allowed && (p = queue_first(&s->queue))) {
        s->placer.work++;
        left -= pod_schedule(s, p);
    }
    uint64_t own = WORK_BURST / 2; /* for placing alone */
    tell_turn(s, now_ms, left, before + (allowed > own ? allowed - own : 0));
    allowance_take(&s->work, s->placer.work - before);
}
