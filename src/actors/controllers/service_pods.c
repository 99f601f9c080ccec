/* The pods behind a service as endpoints: what Endpoints and EndpointSlices have in common. */
#include "actors/behavior.h"
#include "actors/controllers/service_sets.h"
#include "base/mem.h"

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
        struct str app = mp_str(mp_get(it.value, "appProtocol"));
        mp_put_map(b, 2 + (name.n > 0) + (app.n > 0));
        if (app.n) {
            mp_put_z(b, "appProtocol");
            mp_put_str(b, app);
        }
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

static bool endpoint_ready(const struct object *service, const struct object *pod)
{
    return mp_bool(doc_path(service->body, "spec.publishNotReadyAddresses"), false) ||
           mp_is(mp_get(status_condition(pod->status, "Ready"), "status"), "True");
}

/* A pod that says it belongs to the domain of this service has a name in it. */
static struct str endpoint_hostname(const struct object *service, const struct object *pod)
{
    struct str domain = mp_str(doc_path(pod->body, "spec.subdomain"));
    if (!domain.n || !str_eq(domain, object_name(service))) return (struct str){0};
    return mp_str(doc_path(pod->body, "spec.hostname"));
}

struct endpoint_list endpoints_collect(const struct service_set *s)
{
    struct endpoint_list l = {.items = mem_alloc((s->pods.count + 1) * sizeof *l.items)};
    struct object *pod;
    for (size_t i = 0; (pod = map_next(&s->pods, &i));)
        l.items[l.count++] = (struct endpoint){.pod = pod,
                                               .ip = mp_str(doc_path(pod->status, "podIP")),
                                               .hostname = endpoint_hostname(s->object, pod),
                                               .ready = endpoint_ready(s->object, pod)};
    qsort(l.items, l.count, sizeof *l.items, endpoint_compare);
    for (size_t i = 0; i < l.count; i++) {
        l.items[i].ports = l.arena.len;
        put_ports(&l.arena, s->object, l.items[i].pod);
        l.items[i].ports_len = l.arena.len - l.items[i].ports;
    }
    return l;
}

static int endpoint_compare_ready(const void *left, const void *right)
{
    const struct endpoint *a = left, *b = right;
    return a->ready != b->ready ? (a->ready ? -1 : 1) : endpoint_compare(left, right);
}

bool endpoint_list_cut(struct endpoint_list *l, size_t max)
{
    if (l->count <= max) return false;
    qsort(l->items, l->count, sizeof *l->items, endpoint_compare_ready);
    l->count = max;
    qsort(l->items, l->count, sizeof *l->items, endpoint_compare);
    return true;
}

void endpoint_list_free(struct endpoint_list *l)
{
    mem_free(l->items);
    buf_free(&l->arena);
}

struct str endpoint_ports(const struct endpoint_list *l, const struct endpoint *e)
{
    return (struct str){l->arena.data + e->ports, e->ports_len};
}

static void put_pair(struct buf *b, const char *key, struct str value)
{
    mp_put_z(b, key);
    mp_put_str(b, value);
}

void endpoint_put_target(struct buf *b, const struct endpoint *e)
{
    char uid[UID_TEXT];
    uid_text(&e->pod->id->uid, uid);
    mp_put_z(b, "targetRef");
    mp_put_map(b, 4);
    put_pair(b, "kind", STR("Pod"));
    put_pair(b, "namespace", istr_str(e->pod->id->ns));
    put_pair(b, "name", object_name(e->pod));
    put_pair(b, "uid", str_of(uid));
}
