/* From a service and its pods to the endpoints that its EndpointSlices have to hold, in the form of
 * discovery.k8s.io/v1. */
#include "actors/controllers/service_sets.h"

static void put_pair(struct buf *b, const char *key, struct str value)
{
    mp_put_z(b, key);
    mp_put_str(b, value);
}

/* The zone that the pod's node says it is in. */
static struct str zone_of(struct world *w, const struct object *pod)
{
    const struct object *node = world_get(w, kind_node, NULL, istr_str(pod->node));
    if (!node) return (struct str){0};
    return mp_str(mp_get(object_labels(node), "topology.kubernetes.io/zone"));
}

static void put_endpoint(struct buf *b, const struct endpoint *e, struct str zone)
{
    mp_put_map(b, 4 + (e->hostname.n > 0) + (zone.n > 0));
    mp_put_z(b, "addresses");
    mp_put_array(b, 1);
    mp_put_str(b, e->ip);
    mp_put_z(b, "conditions");
    mp_put_map(b, 1);
    mp_put_z(b, "ready");
    mp_put_bool(b, e->ready);
    if (e->hostname.n) put_pair(b, "hostname", e->hostname);
    put_pair(b, "nodeName", istr_str(e->pod->node));
    endpoint_put_target(b, e);
    if (zone.n) put_pair(b, "zone", zone);
}

struct slice_wishes service_wishes(const struct service_set *s)
{
    struct slice_wishes w = {0};
    struct endpoint_list l = endpoints_collect(s);
    struct slice_span ports = {0};
    for (size_t i = 0; i < l.count; i++) {
        const struct endpoint *e = &l.items[i];
        struct str own = endpoint_ports(&l, e);
        const char *type = slice_address_type(e->ip);
        if (!i || !str_eq(own, endpoint_ports(&l, e - 1)))
            ports = slice_put_ports(&w, mp_read(own.p, own.n));
        if (!type) continue;
        size_t start = w.arena.len;
        put_endpoint(&w.arena, e, zone_of(s->controller->world, e->pod));
        struct slice_endpoint *wish = slice_wish(&w);
        wish->address = e->ip;
        wish->type = type;
        wish->target = e->pod->id->uid;
        wish->ports = ports;
        wish->doc = (struct slice_span){start, w.arena.len - start};
    }
    endpoint_list_free(&l);
    return w;
}
