/* What differs by more than names in the versions of ingresses and endpoint slices. */
#include "proto/schema_tables.h"

/* serviceName and servicePort of the beta versions are an object in the stable one. */
static void backend_put_service(struct mp name, struct mp port, struct buf *out)
{
    bool numbered = port.type != MP_STR, has_port = port.type != MP_END;
    mp_put_z(out, "service");
    mp_put_map(out, 1 + (uint32_t)has_port);
    mp_put_z(out, "name");
    mp_put_str(out, mp_str(name).p ? mp_str(name) : STR(""));
    if (!has_port) return;
    mp_put_z(out, "port");
    mp_put_map(out, 1);
    mp_put_z(out, numbered ? "number" : "name");
    mp_put(out, port);
}

static uint32_t backend_put_names(struct mp service, struct buf *out)
{
    struct mp name = mp_get(service, "name"), port = mp_get(service, "port");
    struct mp named = mp_get(port, "name"), number = mp_get(port, "number");
    struct mp shown = mp_str(named).n ? named : number;
    mp_put_z(out, "serviceName");
    mp_put(out, name);
    if (shown.type == MP_END) return 1;
    mp_put_z(out, "servicePort");
    mp_put(out, shown);
    return 2;
}

convert_fn convert_ingress_backend;
void convert_ingress_backend(enum conversion how, struct mp object, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    struct mp name = mp_get(object, "serviceName"), port = mp_get(object, "servicePort");
    struct mp service = mp_get(object, "service"), resource = mp_get(object, "resource");
    if (how == TO_STORED && (name.type != MP_END || port.type != MP_END)) {
        backend_put_service(name, port, out);
        count++;
    }
    if (how == FROM_STORED && mp_get(service, "name").type != MP_END)
        count += backend_put_names(service, out);
    if (resource.type != MP_END) {
        mp_put_z(out, "resource");
        mp_put(out, resource);
        count++;
    }
    mp_end_map(out, mark, count);
}

/* ---- endpoint slices */

static const char topology_zone[] = "topology.kubernetes.io/zone";
static const char topology_host[] = "kubernetes.io/hostname";

/* The beta version's topology: of its labels, zone and host have fields of their own. */
static void endpoint_put_stored(struct mp object, struct buf *out)
{
    buf_auto struct buf rest = BUF_INIT;
    uint32_t count = 0, kept = 0;
    size_t mark = mp_begin(out), inner = mp_begin(&rest);
    struct mp node = mp_get(object, "nodeName"), zone = {0};
    for (struct mp_iter it = mp_items(object); mp_iter_next(&it);) {
        if (str_is(it.key, "topology")) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    for (struct mp_iter it = mp_items(mp_get(object, "topology")); mp_iter_next(&it);) {
        bool is_zone = str_is(it.key, topology_zone);
        if (is_zone) zone = it.value;
        if (is_zone || (str_is(it.key, topology_host) && mp_same(it.value, node))) continue;
        mp_put_str(&rest, it.key);
        mp_put(&rest, it.value);
        kept++;
    }
    mp_end_map(&rest, inner, kept);
    if (zone.type != MP_END) {
        mp_put_z(out, "zone");
        mp_put(out, zone);
        count++;
    }
    if (kept) {
        mp_put_z(out, "deprecatedTopology");
        mp_put_raw(out, (struct str){rest.data, rest.len});
        count++;
    }
    mp_end_map(out, mark, count);
}

static uint32_t topology_put(struct mp labels, const char *key, struct mp value, struct buf *out)
{
    if (value.type == MP_END || mp_get(labels, key).type != MP_END) return 0;
    mp_put_z(out, key);
    mp_put(out, value);
    return 1;
}

static void endpoint_put_beta(struct mp object, struct buf *out)
{
    struct mp node = mp_get(object, "nodeName"), zone = mp_get(object, "zone");
    struct mp labels = mp_get(object, "deprecatedTopology");
    uint32_t count = 0, labelled = 0;
    size_t mark = mp_begin(out), start, inner;
    for (struct mp_iter it = mp_items(object); mp_iter_next(&it);) {
        if (str_is(it.key, "zone") || str_is(it.key, "hints")) continue;
        if (str_is(it.key, "deprecatedTopology")) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    start = out->len;
    mp_put_z(out, "topology");
    inner = mp_begin(out);
    for (struct mp_iter it = mp_items(labels); mp_iter_next(&it); labelled++) {
        mp_put_str(out, it.key);
        mp_put(out, it.value);
    }
    labelled += topology_put(labels, topology_zone, zone, out);
    labelled += topology_put(labels, topology_host, node, out);
    mp_end_map(out, inner, labelled);
    if (!labelled) out->len = start;
    mp_end_map(out, mark, count + (labelled > 0));
}

convert_fn convert_endpoint;
void convert_endpoint(enum conversion how, struct mp object, struct buf *out)
{
    (how == TO_STORED ? endpoint_put_stored : endpoint_put_beta)(object, out);
}
