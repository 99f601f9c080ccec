/* Nodes: what is bound to one fits into it, and nobody is driven off a node because masters were
 * away. */
#include "sim.h"

#include "proto/quantity.h"

/* What is known of a node's silence, by its number. */
struct silence {
    uint64_t unheard_us;    /* that a leader ran, by its clock, without a word of it */
    uint64_t verdict_index; /* up to this entry it was decided before the node was heard again */
    uint64_t since, until;  /* its own last silence */
};

struct node_watch {
    struct silence nodes[NODES_MAX];
    struct life *leader;
    uint64_t reading;
};

enum {
    TICK_US = 250 * MS,  /* as finely as time is counted here */
    SILENT_US = 30 * US, /* before a node may be declared so */
};

static const char *const lifecycle = "system:serviceaccount:kube-system:node-controller";

enum { CPU, MEMORY, PODS, RESOURCES };
static const char *const resource_names[] = {"cpu", "memory", "pods"};

static int64_t amount(struct mp resources, int which)
{
    int64_t n = 0;
    struct str text = mp_str(mp_get(resources, resource_names[which]));
    if (text.n) quantity_milli(text, &n);
    return n;
}

static void pod_adds(const struct object *pod, int64_t sum[RESOURCES])
{
    struct mp containers = doc_path(pod->body, "spec.containers");
    for (struct mp_iter it = mp_items(containers); mp_iter_next(&it);) {
        struct mp requests = mp_path(it.value, "resources.requests");
        sum[CPU] += amount(requests, CPU);
        sum[MEMORY] += amount(requests, MEMORY);
    }
    sum[PODS] += 1000;
}

static struct silence *silence_of(struct sim *s, const char *name)
{
    unsigned n = (unsigned)atoi(name + 1) - 1;
    if (n >= NODES_MAX) sim_fail(s, "a node called %s", name);
    return &s->nodes->nodes[n];
}

/* What was decided before is in flight, or waits for what is. */
void nodes_heard(struct life *leader, const char *name)
{
    struct silence *n = silence_of(leader->m->sim, name);
    if (n->unheard_us + TICK_US >= SILENT_US)
        n->verdict_index = quorum_status(leader->core.quorum).last_index + 1;
    n->unheard_us = 0;
}

void nodes_silent(struct sim *s, const char *name, uint64_t until)
{
    struct silence *n = silence_of(s, name);
    if (n->until < s->now_us) n->since = s->now_us;
    n->until = until;
}

/* Time passes for the leader's ears, unless it stands still itself. */
static void nodes_tick(void *arg)
{
    struct sim *s = arg;
    struct node_watch *w = s->nodes;
    struct sim_master *m = sim_leader(s);
    struct life *l = m ? m->life : NULL;
    uint64_t reading = l ? life_now_us(l) : 0;
    bool runs = l && l == w->leader && l->paused_until <= s->now_us;
    for (unsigned i = 0; runs && i < s->node_count; i++)
        w->nodes[i].unheard_us += reading - w->reading;
    w->leader = l;
    w->reading = reading;
    sim_after(s, NULL, TICK_US, nodes_tick, s);
}

void nodes_start(struct sim *s)
{
    s->nodes = mem_new(struct node_watch);
    nodes_tick(s);
}

/* Whoever bound the last one, and whatever raced with it. */
static void node_check_room(struct sim *s, struct world *w, istr node)
{
    int64_t sum[RESOURCES] = {0};
    unsigned times = lie_now(s, LIE_BOUND_TWICE) ? 1000 : 1;
    struct object *o = world_get(w, kind_node, NULL, istr_str(node));
    if (!o) return; /* it was deleted meanwhile; its pods follow */
    struct mp has = doc_path(o->status, "allocatable");
    for (struct actor *a = world_first(w, kind_pod, NULL); a; a = world_next(a, NULL)) {
        struct str phase = mp_str(doc_path(a->object->status, "phase"));
        if (a->object->node != node || str_is(phase, "Failed") || str_is(phase, "Succeeded"))
            continue;
        for (unsigned i = 0; i < times; i++) pod_adds(a->object, sum);
    }
    for (int i = 0; i < RESOURCES; i++)
        if (sum[i] > amount(has, i))
            sim_fail(s, "too much is bound to node %s: %lld of %lld thousandths of %s", node,
                     (long long)sum[i], (long long)amount(has, i), resource_names[i]);
}

/* A pod is driven off when its node was silent for its whole patience (300 s, here never less); the
 * node's own silence counts, not that of the masters. */
static void node_check_eviction(struct sim *s, const struct change *c)
{
    enum { PATIENCE_US = 300 * US };
    const struct object *pod = c->before;
    bool goes = !c->after || (c->after->deleted_s && !pod->deleted_s);
    if (!goes || !pod->node || !str_is(c->txn->who, lifecycle)) return;
    const struct silence *n = silence_of(s, pod->node);
    uint64_t until = n->until < s->now_us ? n->until : s->now_us, silent = until - n->since;
    if (lie_now(s, LIE_EVICTED)) silent = 0;
    if (silent < PATIENCE_US)
        sim_fail(s, "pod %s is driven off node %s, which was silent for %.1f s", pod->id->name,
                 pod->node, (double)silent / US);
}

/* A node is declared silent only when its agent was, or no master could hear it: never because the
 * masters themselves stood still. */
static void node_check_verdict(struct life *l, const struct change *c)
{
    struct sim *s = l->m->sim;
    if (c->type != EVENT_STATUS || !str_is(c->txn->who, lifecycle)) return;
    const struct silence *n = silence_of(s, c->after->id->name);
    uint64_t index = quorum_status(l->core.quorum).applied_index + 1, unheard = n->unheard_us;
    if (index <= n->verdict_index) unheard = SILENT_US;
    if (lie_now(s, LIE_SILENCE)) unheard = 0;
    if (unheard + TICK_US < SILENT_US)
        sim_fail(s,
                 "node %s is declared silent, but a leader ran for %.1f s only without hearing it",
                 c->after->id->name, (double)unheard / US);
}

void nodes_check(struct life *l, const struct change *c)
{
    struct sim *s = l->m->sim;
    const struct object *o = c->after ? c->after : c->before;
    if (o->id->kind == kind_pod) {
        if (c->after && c->after->node && (!c->before || !c->before->node))
            node_check_room(s, l->core.world, c->after->node);
        if (c->before) node_check_eviction(s, c);
    } else if (o->id->kind == kind_node && c->after) {
        node_check_verdict(l, c);
    }
}
