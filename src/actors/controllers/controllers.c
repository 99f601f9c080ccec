#include "actors/controllers/controllers.h"

#include "base/mem.h"

const struct controller_times controller_times_default = {
    .node_grace_ms = 40000,
    .gone_node_ms = 40000,
    .eviction_burst = 100,
    .evictions_per_s = 100,
    .status_every_ms = 100,
    .endpoints_every_ms = 500,
    .event_ttl_ms = 3600 * 1000,
};

static const struct {
    struct subscriber *(*make)(struct system *s, const struct controller_times *times);
    void (*free)(struct subscriber *s);
} controllers_table[] = {
    {namespace_controller_new, namespace_controller_free},
    {serviceaccount_controller_new, serviceaccount_controller_free},
    {replicaset_controller_new, replicaset_controller_free},
    {gc_controller_new, gc_controller_free},
    {node_lifecycle_new, node_lifecycle_free},
    {endpoints_controller_new, endpoints_controller_free},
    {event_expiry_new, event_expiry_free},
    {crd_controller_new, crd_controller_free},
    {quota_controller_new, quota_controller_free},
    {tokens_controller_new, tokens_controller_free},
    {root_ca_controller_new, root_ca_controller_free},
    {bootstrap_controller_new, bootstrap_controller_free},
    {apiservice_controller_new, apiservice_controller_free},
    {protection_controller_new, protection_controller_free},
    {ttl_controller_new, ttl_controller_free},
    {mirror_controller_new, mirror_controller_free},
    {disruption_controller_new, disruption_controller_free},
};
enum { CONTROLLER_COUNT = sizeof controllers_table / sizeof *controllers_table };

struct controllers {
    struct subscriber *all[CONTROLLER_COUNT];
    struct subscriber *node_lifecycle;
};

struct controllers *controllers_start(struct system *s, const struct controller_times *times)
{
    struct controllers *c = mem_new(struct controllers);
    for (unsigned i = 0; i < CONTROLLER_COUNT; i++) {
        c->all[i] = controllers_table[i].make(s, times ? times : &controller_times_default);
        if (controllers_table[i].make == node_lifecycle_new) c->node_lifecycle = c->all[i];
    }
    return c;
}

void controllers_free(struct controllers *c)
{
    if (!c) return;
    for (unsigned i = 0; i < CONTROLLER_COUNT; i++) controllers_table[i].free(c->all[i]);
    mem_free(c);
}

void controllers_node_beat(struct controllers *c, istr node, uint64_t now_ms)
{
    node_lifecycle_beat(c->node_lifecycle, node, now_ms);
}
