/* The disruption controller: for every PodDisruptionBudget, how many of the pods that it selects
 * are healthy, how many have to be, and so how many may be evicted (api/evict.c counts that down).
 * Which pods those are: disruption_index.c. */
#include "actors/controllers/disruption.h"

#include "actors/controllers/acting.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 200 };

static struct disruption *disruption_of(struct subscriber *s)
{
    return container_of(s, struct disruption, subscriber);
}

static void disruption_changed(struct subscriber *s, const struct change *change)
{
    struct disruption *c = disruption_of(s);
    const struct kind *kind = (change->after ? change->after : change->before)->id->kind;
    if (kind == kind_pod)
        disruption_pod(c, change->before, change->after, change->revision);
    else if (kind == c->kind_budget)
        disruption_budget(c, change->before, change->after, change->revision);
    else if (budget_is_scaled(c, kind))
        disruption_set(c, change->before, change->after, change->revision);
}

/* One pass over the pods for all budgets. */
static void disruption_restored(struct subscriber *s)
{
    struct disruption *c = disruption_of(s);
    struct actor *a;
    disruption_forget(c);
    for (a = world_first(c->world, c->kind_budget, NULL); a; a = world_next(a, NULL))
        budget_make(c, a->object);
    for (a = world_first(c->world, kind_pod, NULL); a && c->budgets.count; a = world_next(a, NULL))
        disruption_pod(c, NULL, a->object, a->object->revision);
}

static void disruption_lead(struct subscriber *s, bool leads)
{
    struct disruption *c = disruption_of(s);
    struct budget *b;
    for (size_t i = 0; leads && (b = map_next(&c->budgets, &i));)
        budget_look(b, b->object->revision);
}

static void disruption_turn(struct subscriber *s, uint64_t now_ms)
{
    struct disruption *c = disruption_of(s);
    c->now_ms = now_ms;
    for (unsigned looks = 0; looks < LOOKS_PER_TURN && acting_budget(c->system); looks++) {
        struct agenda_item *item = agenda_take(&c->agenda, now_ms);
        if (!item) return;
        struct budget *b = container_of(item, struct budget, agenda);
        if (!b->object->deleted_s) budget_tell(b);
    }
}

struct subscriber *disruption_controller_new(struct system *s, const struct controller_times *times)
{
    struct disruption *c = mem_new(struct disruption);
    c->subscriber = (struct subscriber){.name = "disruption",
                                        .changed = disruption_changed,
                                        .restored = disruption_restored,
                                        .lead = disruption_lead,
                                        .turn = disruption_turn};
    c->system = s;
    c->world = system_world(s);
    c->who = istr_of("system:serviceaccount:kube-system:disruption-controller");
    c->every_ms = times->status_every_ms;
    c->kind_budget = kind_by_key(STR("poddisruptionbudgets.policy"));
    c->kind_deployment = kind_by_key(STR("deployments.apps"));
    c->kind_statefulset = kind_by_key(STR("statefulsets.apps"));
    c->recorder = recorder_new(s, "controllermanager");
    agenda_init(&c->agenda);
    disruption_restored(&c->subscriber);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void disruption_controller_free(struct subscriber *s)
{
    struct disruption *c = disruption_of(s);
    list_remove(&s->link);
    disruption_forget(c);
    recorder_free(c->recorder);
    mem_free(c);
}
