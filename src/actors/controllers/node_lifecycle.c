/* Node health: who was heard when, what silence means, and what follows from it.
 *
 * Heartbeats are not facts and are not logged: they live here, in the leader's memory. A new leader
 * has heard nobody yet and grants every node a full grace period. Silence becomes a fact
 * (Ready=Unknown) once, and so does what follows: taints, evictions. Time is the leader's monotonic
 * clock throughout. */
#include "actors/controllers/acting.h"
#include "actors/controllers/node_health.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 1000, STANDSTILL_MS = 500 };

static struct lifecycle *lifecycle_of(struct subscriber *s)
{
    return container_of(s, struct lifecycle, subscriber);
}

void node_lifecycle_beat(struct subscriber *s, istr node, uint64_t now_ms)
{
    struct lifecycle *l = lifecycle_of(s);
    struct watched_node *n = map_get(&l->nodes, node, strlen(node));
    if (n && n->object) watched_heard(n, now_ms);
}

static void silence(struct lifecycle *l)
{
    while (!list_empty(&l->fresh)) {
        struct watched_node *n = container_of(l->fresh.next, struct watched_node, by_beat);
        if (l->now_ms < n->beat_ms + l->times.node_grace_ms) return;
        list_remove(&n->by_beat);
        watched_look(n, 0);
    }
}

static void act_on_health(struct watched_node *n)
{
    struct lifecycle *l = n->lifecycle;
    int64_t now_s = acting_wall_s(l->system);
    struct doc *status = watched_stale(n) ? node_silent_status(n->object, now_s) : NULL;
    if (status) {
        recorder_tell(l->recorder, n->object, "Normal", "NodeNotReady",
                      "Node %s status is now: NodeNotReady", n->name);
        struct command *c = acting_on_version(COMMAND_STATUS, n->object, l->who, n->cause);
        c->status = status;
        watched_send(n, c);
        return; /* the taints follow when it is a fact */
    }
    struct doc *body = node_tainted_body(n->object, now_s);
    if (!body) return;
    struct command *c = acting_on_version(COMMAND_UPDATE, n->object, l->who, n->cause);
    c->body = body;
    watched_send(n, c);
}

static void look(struct watched_node *n)
{
    if (n->flying) return; /* its answer looks again */
    n->flying++;
    if (n->object) {
        act_on_health(n);
        if (n->flying == 1 && n->marks) node_mark_pods(n);
        if (n->flying == 1 && node_has_no_execute(n->object)) node_evict(n);
    } else if (n->pods.count) {
        node_collect_pods(n);
    }
    n->flying--;
    watched_release(n);
}

static uint64_t later_by(uint64_t then_ms, uint64_t gap_ms, uint64_t now_ms)
{
    return then_ms + gap_ms < now_ms ? then_ms + gap_ms : now_ms;
}

/* This process stood still, or its machine did: whoever was not heard meanwhile was not silent. */
static void pass_over(struct lifecycle *l, uint64_t gap_ms, uint64_t now_ms)
{
    struct watched_node *n;
    for (size_t i = 0; (n = map_next(&l->nodes, &i));) {
        n->beat_ms = later_by(n->beat_ms, gap_ms, now_ms);
        if (n->since_ms) n->since_ms = later_by(n->since_ms, gap_ms, now_ms);
    }
}

static void lifecycle_turn(struct subscriber *s, uint64_t now_ms)
{
    struct lifecycle *l = lifecycle_of(s);
    if (now_ms - l->now_ms >= STANDSTILL_MS) pass_over(l, now_ms - l->now_ms, now_ms);
    l->now_ms = now_ms;
    silence(l);
    for (unsigned looks = 0; looks < LOOKS_PER_TURN && acting_budget(l->system); looks++) {
        struct agenda_item *item = agenda_take(&l->agenda, now_ms);
        if (!item) return;
        look(container_of(item, struct watched_node, agenda));
    }
}

static void lifecycle_changed(struct subscriber *s, const struct change *c)
{
    struct lifecycle *l = lifecycle_of(s);
    const struct object *any = c->after ? c->after : c->before;
    if (any->id->kind == kind_pod) {
        watched_pod(l, c->before, c->after, c->revision);
    } else if (any->id->kind == kind_node) {
        struct watched_node *n = watched_of(l, istr_get(object_name(any)));
        bool ours = str_eq(c->txn->who, istr_str(l->who));
        bool beats = c->type == EVENT_CREATED ||
                     (!ours && (c->type == EVENT_STATUS || c->type == EVENT_CONDITION));
        watched_object(l, n, c->before != NULL, c->after, c->revision);
        if (c->after && beats) watched_heard(n, acting_now_ms(l->system));
        watched_release(n);
    } else if (any->id->kind == kind_lease && c->after &&
               str_is(istr_str(any->id->ns), "kube-node-lease")) {
        node_lifecycle_beat(s, istr_get(object_name(any)), acting_now_ms(l->system));
    }
}

static void lifecycle_restored(struct subscriber *s)
{
    struct lifecycle *l = lifecycle_of(s);
    watched_forget(l);
    uint64_t now_ms = acting_now_ms(l->system);
    for (struct actor *a = world_first(l->world, kind_node, NULL); a; a = world_next(a, NULL)) {
        struct watched_node *n = watched_of(l, istr_get(actor_name(a)));
        watched_object(l, n, false, a->object, a->object->revision);
        watched_heard(n, now_ms);
    }
    for (struct actor *a = world_first(l->world, kind_pod, NULL); a; a = world_next(a, NULL))
        watched_pod(l, NULL, a->object, a->object->revision);
}

static int by_name(const void *left, const void *right)
{
    const struct watched_node *a = *(struct watched_node *const *)left;
    const struct watched_node *b = *(struct watched_node *const *)right;
    return strcmp(a->name, b->name);
}

/* A new leader has heard nobody: all clocks start now. */
static void lifecycle_lead(struct subscriber *s, bool leads)
{
    struct lifecycle *l = lifecycle_of(s);
    if (!leads) return;
    l->now_ms = l->filled_ms = acting_now_ms(l->system);
    l->tokens = (uint64_t)l->times.eviction_burst * 1000;
    /* In the order of names: who is looked at first shows in the log. */
    mem_auto struct watched_node **all =
        mem_alloc((l->nodes.count + 1) * sizeof(struct watched_node *));
    struct watched_node *n;
    size_t count = 0;
    for (size_t i = 0; (n = map_next(&l->nodes, &i));) all[count++] = n;
    qsort(all, count, sizeof(struct watched_node *), by_name);
    for (size_t i = 0; i < count; i++) {
        n = all[i];
        if (n->since_ms) n->since_ms = l->now_ms;
        if (n->object) watched_heard(n, l->now_ms);
        n->marks = !n->ready;
        watched_look(n, n->object ? n->object->revision : 0);
    }
}

struct subscriber *node_lifecycle_new(struct system *s, const struct controller_times *times)
{
    struct lifecycle *l = mem_new(struct lifecycle);
    l->subscriber = (struct subscriber){.name = "node-lifecycle",
                                        .changed = lifecycle_changed,
                                        .restored = lifecycle_restored,
                                        .lead = lifecycle_lead,
                                        .turn = lifecycle_turn};
    l->system = s;
    l->world = system_world(s);
    l->times = *times;
    l->who = istr_of("system:serviceaccount:kube-system:node-controller");
    l->recorder = recorder_new(s, "node-controller");
    list_init(&l->fresh);
    agenda_init(&l->agenda);
    lifecycle_restored(&l->subscriber);
    world_subscribe(l->world, &l->subscriber);
    return &l->subscriber;
}

void node_lifecycle_free(struct subscriber *s)
{
    struct lifecycle *l = lifecycle_of(s);
    list_remove(&s->link);
    watched_forget(l);
    map_free(&l->nodes);
    recorder_free(l->recorder);
    mem_free(l);
}
