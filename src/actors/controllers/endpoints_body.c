/* From a service and its pods to the body of its Endpoints. */
#include "actors/behavior.h"
#include "actors/controllers/service_sets.h"
#include "base/mem.h"

/* As Kubernetes bounds it: beyond, the object would grow past what anybody can watch. */
enum { ADDRESSES_MAX = 1000 };

struct endpoint {
    const struct object *pod;
    struct str ip;
    bool ready;
    size_t ports, ports_len; /* encoded, in the arena of the builder */
};

static int endpoint_compare(const void *left, const void *right)
{
    const struct endpoint *a = left, *b = right;
    int order = str_cmp(a->ip, b->ip);
    return order ? order : str_cmp(object_name(a->pod), object_name(b->pod));
}

static int64_t container_port(const struct object *pod, struct str name, struct str protocol)
{
    struct mp containers = doc_path(pod->body, "spec.containers");
    for (struct mp_iter c = mp_items(containers); mp_iter_next(&c);) {
        struct mp ports = mp_get(c.value, "ports");
        for (struct mp_iter p = mp_items(ports); mp_iter_next(&p);) {
            struct str proto = mp_str(mp_get(p.value, "protocol"));
            if (!proto.n) proto = STR("TCP");
            if (str_eq(mp_str(mp_get(p.value, "name")), name) && str_eq(proto, protocol))
                return mp_i64(mp_get(p.value, "containerPort"), 0);
        }
    }
    return 0;
}

static int64_t target_of(struct mp port, const struct object *pod, struct str protocol)
{
    struct mp target = mp_get(port, "targetPort");
    if (target.type == MP_STR) return container_port(pod, mp_str(target), protocol);
    int64_t own = mp_i64(mp_get(port, "port"), 0), n = mp_i64(target, 0);
    return n ? n : own;
}

/* The service's ports as this pod offers them; a port whose name the pod does not know is left out.
 */
static void put_ports(struct buf *b, const struct object *service, const struct object *pod)
{
    uint32_t count = 0;
    size_t mark = mp_begin(b);
    struct mp ports = doc_path(service->body, "spec.ports");
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);) {
        struct str name = mp_str(mp_get(it.value, "name")),
                   protocol = mp_str(mp_get(it.value, "protocol"));
        if (!protocol.n) protocol = STR("TCP");
        int64_t number = target_of(it.value, pod, protocol);
        if (number <= 0) continue;
        mp_put_map(b, name.n ? 3 : 2);
        if (name.n) {
            mp_put_z(b, "name");
            mp_put_str(b, name);
        }
        mp_put_z(b, "port");
        mp_put_int(b, number);
        mp_put_z(b, "protocol");
        mp_put_str(b, protocol);
        count++;
    }
    mp_end_array(b, mark, count);
}

static void put_pair(struct buf *b, const char *key, struct str value)
{
    mp_put_z(b, key);
    mp_put_str(b, value);
}

static void put_address(struct buf *b, const struct endpoint *e)
{
    char uid[UID_TEXT];
    uid_text(&e->pod->id->uid, uid);
    mp_put_map(b, 3);
    put_pair(b, "ip", e->ip);
    put_pair(b, "nodeName", istr_str(e->pod->node));
    mp_put_z(b, "targetRef");
    mp_put_map(b, 4);
    put_pair(b, "kind", STR("Pod"));
    put_pair(b, "namespace", istr_str(e->pod->id->ns));
    put_pair(b, "name", object_name(e->pod));
    put_pair(b, "uid", str_of(uid));
}

static struct str ports_of(const struct endpoint *e, const struct buf *arena)
{
    return (struct str){arena->data + e->ports, e->ports_len};
}

static bool put_addresses(struct buf *b, const char *key, bool ready, const struct endpoint *all,
                          size_t n, const struct buf *arena, struct str ports)
{
    uint32_t count = 0;
    size_t start = b->len;
    mp_put_z(b, key);
    size_t mark = mp_begin(b);
    for (size_t i = 0; i < n; i++) {
        if (all[i].ready != ready || !str_eq(ports_of(&all[i], arena), ports)) continue;
        put_address(b, &all[i]);
        count++;
    }
    mp_end_array(b, mark, count);
    if (!count) b->len = start;
    return count > 0;
}

static void put_subset(struct buf *b, const struct endpoint *all, size_t n, const struct buf *arena,
                       struct str ports)
{
    size_t mark = mp_begin(b);
    uint32_t pairs = put_addresses(b, "addresses", true, all, n, arena, ports);
    pairs += put_addresses(b, "notReadyAddresses", false, all, n, arena, ports);
    if (mp_read(ports.p, ports.n).count) {
        mp_put_z(b, "ports");
        mp_put_raw(b, ports);
        pairs++;
    }
    mp_end_map(b, mark, pairs);
}

static void put_subsets(struct buf *b, const struct endpoint *all, size_t n,
                        const struct buf *arena)
{
    uint32_t count = 0;
    size_t mark = mp_begin(b);
    for (size_t i = 0; i < n; i++) {
        struct str ports = ports_of(&all[i], arena);
        bool seen = false;
        /* Pods of one service offer the same ports but for rare exceptions: nearly always the first
         * one matches. */
        for (size_t j = 0; j < i && !seen; j++) seen = str_eq(ports_of(&all[j], arena), ports);
        if (seen) continue;
        put_subset(b, all, n, arena, ports);
        count++;
    }
    mp_end_array(b, mark, count);
}

static bool endpoint_ready(const struct object *service, const struct object *pod)
{
    return mp_bool(doc_path(service->body, "spec.publishNotReadyAddresses"), false) ||
           mp_is(mp_get(status_condition(pod->status, "Ready"), "status"), "True");
}

static size_t collect(const struct service_set *s, struct endpoint *all, struct buf *arena)
{
    size_t n = 0;
    struct object *pod;
    for (size_t i = 0; (pod = map_next(&s->pods, &i));)
        all[n++] = (struct endpoint){.pod = pod,
                                     .ip = mp_str(doc_path(pod->status, "podIP")),
                                     .ready = endpoint_ready(s->object, pod)};
    qsort(all, n, sizeof *all, endpoint_compare);
    if (n > ADDRESSES_MAX) n = ADDRESSES_MAX;
    for (size_t i = 0; i < n; i++) {
        all[i].ports = arena->len;
        put_ports(arena, s->object, all[i].pod);
        all[i].ports_len = arena->len - all[i].ports;
    }
    return n;
}

static void put_metadata(struct buf *b, const struct service_set *s, const struct object *old,
                         bool truncated)
{
    static const char over[] = "endpoints.kubernetes.io/over-capacity";
    struct mp labels = object_labels(s->object);
    uint32_t pairs = 0, notes = 0;
    size_t mark = mp_begin(b);
    if (labels.type == MP_MAP && labels.count) {
        mp_put_z(b, "labels");
        mp_put(b, labels);
        pairs++;
    }
    size_t start = b->len;
    mp_put_z(b, "annotations");
    size_t inner = mp_begin(b);
    struct mp annotations = old ? doc_path(old->body, "metadata.annotations") : (struct mp){0};
    for (struct mp_iter it = mp_items(annotations); mp_iter_next(&it);) {
        if (str_is(it.key, over)) continue;
        mp_put_str(b, it.key);
        mp_put(b, it.value);
        notes++;
    }
    if (truncated) {
        put_pair(b, over, STR("truncated"));
        notes++;
    }
    mp_end_map(b, inner, notes);
    if (!notes) b->len = start;
    mp_end_map(b, mark, pairs + (notes > 0));
}

struct doc *endpoints_body(const struct service_set *s, const struct object *old)
{
    buf_auto struct buf b = BUF_INIT, arena = BUF_INIT;
    mem_auto struct endpoint *all = mem_alloc((s->pods.count + 1) * sizeof *all);
    size_t n = collect(s, all, &arena);
    mp_put_map(&b, n ? 2 : 1);
    mp_put_z(&b, "metadata");
    put_metadata(&b, s, old, s->pods.count > ADDRESSES_MAX);
    if (n) {
        mp_put_z(&b, "subsets");
        put_subsets(&b, all, n, &arena);
    }
    return doc_from_buf(&b);
}
