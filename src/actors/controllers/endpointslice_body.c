/* From a service and its pods to the bodies of its EndpointSlices, in the form of
 * discovery.k8s.io/v1.
 */
#include "actors/controllers/service_sets.h"
#include "base/mem.h"

enum { SLICE_MAX = 100, NAME_BASE_MAX = 57 };

static void put_pair(struct buf *b, const char *key, struct str value)
{
    mp_put_z(b, key);
    mp_put_str(b, value);
}

static void put_labels(struct buf *b, const struct object *service)
{
    static const char named[] = "kubernetes.io/service-name",
                      managed[] = "endpointslice.kubernetes.io/managed-by",
                      headless[] = "service.kubernetes.io/headless";
    uint32_t count = 2;
    size_t mark = mp_begin(b);
    for (struct mp_iter it = mp_items(object_labels(service)); mp_iter_next(&it);) {
        if (str_is(it.key, named) || str_is(it.key, managed) || str_is(it.key, headless)) continue;
        mp_put_str(b, it.key);
        mp_put(b, it.value);
        count++;
    }
    put_pair(b, named, object_name(service));
    put_pair(b, managed, STR("endpointslice-controller.k8s.io"));
    if (mp_is(doc_path(service->body, "spec.clusterIP"), "None")) {
        put_pair(b, headless, STR(""));
        count++;
    }
    mp_end_map(b, mark, count);
}

static void put_owner(struct buf *b, const struct object *service)
{
    char uid[UID_TEXT];
    uid_text(&service->id->uid, uid);
    mp_put_array(b, 1);
    mp_put_map(b, 6);
    put_pair(b, "apiVersion", STR("v1"));
    put_pair(b, "kind", STR("Service"));
    put_pair(b, "name", object_name(service));
    put_pair(b, "uid", str_of(uid));
    mp_put_z(b, "controller");
    mp_put_bool(b, true);
    mp_put_z(b, "blockOwnerDeletion");
    mp_put_bool(b, true);
}

static void put_metadata(struct buf *b, const struct object *service)
{
    char generate[NAME_BASE_MAX + 1];
    struct str name = object_name(service);
    size_t n = name.n < NAME_BASE_MAX ? name.n : NAME_BASE_MAX;
    memcpy(generate, name.p, n);
    generate[n] = '-';
    mp_put_map(b, 3);
    put_pair(b, "generateName", (struct str){generate, n + 1});
    mp_put_z(b, "labels");
    put_labels(b, service);
    mp_put_z(b, "ownerReferences");
    put_owner(b, service);
}

static void put_endpoint(struct buf *b, const struct endpoint *e)
{
    mp_put_map(b, 4);
    mp_put_z(b, "addresses");
    mp_put_array(b, 1);
    mp_put_str(b, e->ip);
    mp_put_z(b, "conditions");
    mp_put_map(b, 1);
    mp_put_z(b, "ready");
    mp_put_bool(b, e->ready);
    put_pair(b, "nodeName", istr_str(e->pod->node));
    endpoint_put_target(b, e);
}

/* A port of a slice always has a name. */
static void put_ports(struct buf *b, struct str ports)
{
    struct mp list = mp_read(ports.p, ports.n);
    mp_put_array(b, list.count);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct str name = mp_str(mp_get(it.value, "name"));
        mp_put_map(b, 3);
        put_pair(b, "name", name.p ? name : STR(""));
        mp_put_z(b, "port");
        mp_put(b, mp_get(it.value, "port"));
        mp_put_z(b, "protocol");
        mp_put(b, mp_get(it.value, "protocol"));
    }
}

/* A slice of those from `from` on that offer the same ports and were not told yet. */
static void slice_add(struct slice_bodies *out, const struct object *service,
                      const struct endpoint_list *l, size_t from, bool *told)
{
    buf_auto struct buf b = BUF_INIT;
    struct str ports = l->count ? endpoint_ports(l, &l->items[from]) : (struct str){0};
    uint32_t count = 0;
    mp_put_map(&b, l->count ? 4 : 3);
    mp_put_z(&b, "metadata");
    put_metadata(&b, service);
    put_pair(&b, "addressType", STR("IPv4"));
    mp_put_z(&b, "endpoints");
    size_t mark = mp_begin(&b);
    for (size_t i = from; i < l->count && count < SLICE_MAX; i++) {
        if (told[i] || !str_eq(endpoint_ports(l, &l->items[i]), ports)) continue;
        put_endpoint(&b, &l->items[i]);
        told[i] = true;
        count++;
    }
    mp_end_array(&b, mark, count);
    if (l->count) {
        mp_put_z(&b, "ports");
        put_ports(&b, ports);
    }
    out->items[out->count++] = doc_from_buf(&b);
}

/* A service without pods has one empty slice, as in Kubernetes. */
struct slice_bodies slice_bodies_make(const struct service_set *s)
{
    struct endpoint_list l = endpoints_collect(s);
    struct slice_bodies out = {.items = mem_alloc((l.count + 1) * sizeof(struct doc *))};
    mem_auto bool *told = mem_zalloc(l.count + 1);
    for (size_t i = 0; i < l.count; i++)
        if (!told[i]) slice_add(&out, s->object, &l, i, told);
    if (!l.count) slice_add(&out, s->object, &l, 0, told);
    endpoint_list_free(&l);
    return out;
}

void slice_bodies_free(struct slice_bodies *b)
{
    for (size_t i = 0; i < b->count; i++) doc_unref(b->items[i]);
    mem_free(b->items);
}
