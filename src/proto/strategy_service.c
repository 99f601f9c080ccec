/* Services: addresses and node ports stay with updates that do not name them, and go with the type
 * that needed them. */
#include "proto/strategy.h"

#include "base/map.h"

struct means {
    struct mp now, old; /* specs */
    bool updates;
    struct buf *patch;
    uint32_t pairs;
};

static void put(struct means *m, const char *key, struct str value)
{
    mp_put_z(m->patch, key);
    if (value.p)
        mp_put_raw(m->patch, value);
    else
        mp_put_nil(m->patch);
    m->pairs++;
}

/* What a merge patch takes away, if it is there. */
static void drop(struct means *m, const char *key)
{
    if (mp_get(m->now, key).type != MP_END) put(m, key, (struct str){0});
}

static bool empty(struct mp v)
{
    return v.type == MP_END || v.type == MP_NIL || (v.type == MP_STR && !v.s.n) ||
           ((v.type == MP_ARRAY || v.type == MP_MAP) && !v.count);
}

static bool same(struct mp a, struct mp b)
{
    return empty(a) || empty(b) ? empty(a) && empty(b) : mp_same(a, b);
}

static bool has_address(struct mp spec)
{
    return spec.type == MP_MAP && !mp_is(mp_get(spec, "type"), "ExternalName");
}

static bool has_node_ports(struct mp spec)
{
    struct mp type = mp_get(spec, "type");
    return mp_is(type, "NodePort") || mp_is(type, "LoadBalancer");
}

static bool has_health_port(struct mp spec)
{
    return mp_is(mp_get(spec, "type"), "LoadBalancer") &&
           mp_is(mp_get(spec, "externalTrafficPolicy"), "Local");
}

/* Clusters of one family do not tell families, unless they have begun to. */
static bool tells_families(struct mp spec)
{
    return !empty(mp_get(spec, "ipFamilies")) || !empty(mp_get(spec, "ipFamilyPolicy")) ||
           mp_get(spec, "clusterIPs").count > 1;
}

static void mean_families(struct means *m)
{
    if (!tells_families(m->old)) {
        drop(m, "ipFamilies");
        drop(m, "ipFamilyPolicy");
    }
    if (empty(mp_get(m->old, "topologyKeys"))) drop(m, "topologyKeys");
}

/* ---- addresses */

static struct mp list_of(struct mp address, struct buf *own)
{
    if (empty(address)) return (struct mp){0};
    mp_put_array(own, 1);
    mp_put(own, address);
    return mp_whole(own->data, own->len);
}

static void mean_addresses(struct means *m)
{
    buf_auto struct buf old_own = BUF_INIT, now_own = BUF_INIT, first = BUF_INIT;
    struct mp ip = mp_get(m->now, "clusterIP"), ips = mp_get(m->now, "clusterIPs");
    struct mp had = mp_get(m->old, "clusterIP"), had_all = mp_get(m->old, "clusterIPs");
    bool stays = same(ip, had), all_stay;
    if (empty(had_all)) had_all = list_of(had, &old_own);
    all_stay = same(ips, had_all);
    /* Clients that know one address only mean the list by it, too. */
    if (m->updates && stays && empty(ips))
        ips = had_all;
    else if (!stays && all_stay)
        ips = list_of(ip, &now_own);
    if (has_address(m->old) && has_address(m->now)) {
        if (empty(ip)) ip = had;
        if (empty(ips)) ips = had_all;
    } else if (has_address(m->old) && stays && all_stay) {
        ip = ips = (struct mp){0};
    }
    if (ips.type == MP_ARRAY && ips.count > 1 && !tells_families(m->old))
        ips = list_of(mp_at(ips, 0), &first);
    if (!same(ip, mp_get(m->now, "clusterIP"))) put(m, "clusterIP", ip.raw);
    if (!same(ips, mp_get(m->now, "clusterIPs"))) put(m, "clusterIPs", ips.raw);
}

/* ---- node ports */

enum { PORT_BITS = 64, PORTS = 65536 };
struct port_set {
    uint64_t bits[PORTS / PORT_BITS];
};

static void port_set_of(struct mp ports, struct port_set *out)
{
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);) {
        int64_t port = mp_i64(mp_get(it.value, "nodePort"), 0);
        if (port > 0 && port < PORTS)
            out->bits[port / PORT_BITS] |= (uint64_t)1 << port % PORT_BITS;
    }
}

static bool port_set_has(const struct port_set *set, int64_t port)
{
    return port > 0 && port < PORTS && set->bits[port / PORT_BITS] >> port % PORT_BITS & 1;
}

static struct str name_of(struct mp port)
{
    struct str name = mp_str(mp_get(port, "name"));
    return name.p ? name : STR("");
}

/* The port with another node port, or none (0). */
static void put_port(struct buf *out, struct mp port, int64_t node_port)
{
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(port); mp_iter_next(&it);) {
        if (str_is(it.key, "nodePort")) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        pairs++;
    }
    if (node_port) {
        mp_put_z(out, "nodePort");
        mp_put_int(out, node_port);
    }
    mp_end_map(out, mark, pairs + (node_port != 0));
}

/* By their names, unless another port has been given the number. */
static void keep_node_ports(struct means *m, struct mp ports)
{
    struct port_set used = {{0}};
    struct map old = {0};
    struct mp before = mp_get(m->old, "ports");
    buf_auto struct buf list = BUF_INIT;
    bool kept = false;
    port_set_of(ports, &used);
    for (struct mp_iter it = mp_items(before); mp_iter_next(&it);) {
        struct str name = name_of(it.value);
        int64_t port = mp_i64(mp_get(it.value, "nodePort"), 0);
        if (port > 0 && !port_set_has(&used, port))
            map_put(&old, name.p, name.n, (void *)(uintptr_t)port); // NOLINT(*-int-to-ptr)
    }
    mp_put_array(&list, ports.count);
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);) {
        struct str name = name_of(it.value);
        int64_t port = mp_i64(mp_get(it.value, "nodePort"), 0);
        int64_t had = port ? 0 : (int64_t)(uintptr_t)map_get(&old, name.p, name.n);
        put_port(&list, it.value, had ? had : port);
        kept |= had != 0;
    }
    map_free(&old);
    if (kept) put(m, "ports", (struct str){list.data, list.len});
}

/* None that the client has not seen before may go unnoticed. */
static void drop_node_ports(struct means *m, struct mp ports)
{
    struct port_set before = {{0}};
    buf_auto struct buf list = BUF_INIT;
    port_set_of(mp_get(m->old, "ports"), &before);
    mp_put_array(&list, ports.count);
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);) {
        int64_t port = mp_i64(mp_get(it.value, "nodePort"), 0);
        if (port && !port_set_has(&before, port)) return;
        put_port(&list, it.value, 0);
    }
    put(m, "ports", (struct str){list.data, list.len});
}

static void mean_ports(struct means *m)
{
    struct mp ports = mp_get(m->now, "ports"), health = mp_get(m->old, "healthCheckNodePort");
    bool balanced = mp_is(mp_get(m->now, "type"), "LoadBalancer");
    bool was = has_node_ports(m->old), is = has_node_ports(m->now);
    if (was && is && ports.type == MP_ARRAY) keep_node_ports(m, ports);
    if (was && !is && ports.type == MP_ARRAY) drop_node_ports(m, ports);
    if (was && !is) drop(m, "externalTrafficPolicy");
    if (has_health_port(m->old) && !has_health_port(m->now)) drop(m, "healthCheckNodePort");
    if (has_health_port(m->old) && has_health_port(m->now) && mp_i64(health, 0) &&
        !mp_i64(mp_get(m->now, "healthCheckNodePort"), 0))
        put(m, "healthCheckNodePort", health.raw);
    if (mp_is(mp_get(m->old, "type"), "LoadBalancer") && !balanced)
        drop(m, "allocateLoadBalancerNodePorts");
}

uint32_t strategy_service(struct mp spec, struct mp old, struct buf *patch)
{
    struct means m = {.now = spec, .old = old, .updates = old.type == MP_MAP, .patch = patch};
    mean_addresses(&m);
    mean_families(&m);
    mean_ports(&m);
    return m.pairs;
}
