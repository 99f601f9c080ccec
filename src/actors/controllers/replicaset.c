/* The controller of ReplicaSets and ReplicationControllers: one engine for both, they differ in how
 * they select and in what their pods call them. */
#include "actors/controllers/acting.h"
#include "actors/controllers/replica_sets.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 2000 };

static struct replica_controller *controller_of(struct subscriber *s)
{
    return container_of(s, struct replica_controller, subscriber);
}

static void replicaset_changed(struct subscriber *s, const struct change *c)
{
    replica_index_changed(controller_of(s), c->before, c->after, c->revision);
}

static void replicaset_restored(struct subscriber *s)
{
    struct replica_controller *c = controller_of(s);
    const struct kind *const kinds[] = {kind_replicaset, kind_rc, kind_pod};
    enum { KINDS = 3 };
    replica_index_clear(c);
    for (unsigned i = 0; i < KINDS; i++)
        for (struct actor *a = world_first(c->world, kinds[i], NULL); a; a = world_next(a, NULL))
            replica_index_changed(c, NULL, a->object, a->object->revision);
}

/* By the shelves, not by the hash table: the order in which sets are looked at shows in the log. */
static void look_at_all(struct replica_controller *c, const struct kind *kind)
{
    for (struct actor *a = world_first(c->world, kind, NULL); a; a = world_next(a, NULL)) {
        struct replica_set *set = map_get(&c->sets, &a->object->id->uid, sizeof(struct uid));
        set->claims = true;
        set->failures = 0;
        set->tried = false;
        set->create_at_ms = 0;
        agenda_soon(&c->agenda, &set->agenda);
    }
}

static void replicaset_lead(struct subscriber *s, bool leads)
{
    struct replica_controller *c = controller_of(s);
    if (!leads) return;
    c->now_ms = acting_now_ms(c->system);
    look_at_all(c, kind_replicaset);
    look_at_all(c, kind_rc);
}

static void replicaset_turn(struct subscriber *s, uint64_t now_ms)
{
    struct replica_controller *c = controller_of(s);
    c->now_ms = now_ms;
    unsigned budget = acting_budget(c->system);
    for (unsigned looks = 0; looks < LOOKS_PER_TURN && budget; looks++) {
        struct agenda_item *item = agenda_take(&c->agenda, now_ms);
        if (!item) return;
        struct replica_set *set = container_of(item, struct replica_set, agenda);
        replica_claim(set);
        unsigned sent = replica_scale(set, budget);
        replica_status(set);
        budget -= sent < budget ? sent : budget;
    }
}

struct subscriber *replicaset_controller_new(struct system *s, const struct controller_times *times)
{
    struct replica_controller *c = mem_new(struct replica_controller);
    c->subscriber = (struct subscriber){.name = "replicaset",
                                        .changed = replicaset_changed,
                                        .restored = replicaset_restored,
                                        .lead = replicaset_lead,
                                        .turn = replicaset_turn};
    c->system = s;
    c->world = system_world(s);
    c->times = *times;
    agenda_init(&c->agenda);
    c->who[0] = istr_of("system:serviceaccount:kube-system:replicaset-controller");
    c->who[1] = istr_of("system:serviceaccount:kube-system:replication-controller");
    c->recorders[0] = recorder_new(s, "replicaset-controller");
    c->recorders[1] = recorder_new(s, "replication-controller");
    replicaset_restored(&c->subscriber);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void replicaset_controller_free(struct subscriber *s)
{
    struct replica_controller *c = controller_of(s);
    list_remove(&s->link);
    replica_index_clear(c);
    struct replica_space *space;
    for (size_t i = 0; (space = map_next(&c->spaces, &i));) mem_free(space);
    map_free(&c->sets);
    map_free(&c->spaces);
    map_free(&c->errands);
    recorder_free(c->recorders[0]);
    recorder_free(c->recorders[1]);
    mem_free(c);
}
