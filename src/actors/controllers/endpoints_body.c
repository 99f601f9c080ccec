/* From a service and its pods to the body of its Endpoints. */
#include "actors/controllers/service_sets.h"
#include "base/mem.h"

/* As Kubernetes bounds it: beyond, the object would grow past what anybody can watch. */
enum { ADDRESSES_MAX = 1000 };

static void put_pair(struct buf *b, const char *key, struct str value)
{
    mp_put_z(b, key);
    mp_put_str(b, value);
}

static void put_address(struct buf *b, const struct endpoint *e)
{
    mp_put_map(b, 3 + (e->hostname.n > 0));
    if (e->hostname.n) put_pair(b, "hostname", e->hostname);
    put_pair(b, "ip", e->ip);
    put_pair(b, "nodeName", istr_str(e->pod->node));
    endpoint_put_target(b, e);
}

static bool put_addresses(struct buf *b, const char *key, bool ready, const struct endpoint_list *l,
                          struct str ports)
{
    uint32_t count = 0;
    size_t start = b->len;
    mp_put_z(b, key);
    size_t mark = mp_begin(b);
    for (size_t i = 0; i < l->count; i++) {
        const struct endpoint *e = &l->items[i];
        if (e->ready != ready || !str_eq(endpoint_ports(l, e), ports)) continue;
        put_address(b, e);
        count++;
    }
    mp_end_array(b, mark, count);
    if (!count) b->len = start;
    return count > 0;
}

static void put_subset(struct buf *b, const struct endpoint_list *l, struct str ports)
{
    size_t mark = mp_begin(b);
    uint32_t pairs = put_addresses(b, "addresses", true, l, ports);
    pairs += put_addresses(b, "notReadyAddresses", false, l, ports);
    if (mp_read(ports.p, ports.n).count) {
        mp_put_z(b, "ports");
        mp_put_raw(b, ports);
        pairs++;
    }
    mp_end_map(b, mark, pairs);
}

static void put_subsets(struct buf *b, const struct endpoint_list *l)
{
    uint32_t count = 0;
    size_t mark = mp_begin(b);
    for (size_t i = 0; i < l->count; i++) {
        struct str ports = endpoint_ports(l, &l->items[i]);
        bool seen = false;
        /* Pods of one service offer the same ports but for rare exceptions: nearly always the first
         * one matches. */
        for (size_t j = 0; j < i && !seen; j++)
            seen = str_eq(endpoint_ports(l, &l->items[j]), ports);
        if (seen) continue;
        put_subset(b, l, ports);
        count++;
    }
    mp_end_array(b, mark, count);
}

static uint32_t put_labels(struct buf *b, const struct object *service)
{
    static const char headless[] = "service.kubernetes.io/headless";
    uint32_t count = 0;
    size_t start = b->len, mark;
    mp_put_z(b, "labels");
    mark = mp_begin(b);
    for (struct mp_iter it = mp_items(object_labels(service)); mp_iter_next(&it);) {
        if (str_is(it.key, headless)) continue;
        mp_put_str(b, it.key);
        mp_put(b, it.value);
        count++;
    }
    if (services_headless(service)) {
        put_pair(b, headless, STR(""));
        count++;
    }
    mp_end_map(b, mark, count);
    if (!count) b->len = start;
    return count > 0;
}

static void put_metadata(struct buf *b, const struct service_set *s, const struct object *old,
                         bool truncated)
{
    static const char over[] = "endpoints.kubernetes.io/over-capacity";
    uint32_t notes = 0;
    size_t mark = mp_begin(b);
    uint32_t pairs = put_labels(b, s->object);
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
    buf_auto struct buf b = BUF_INIT;
    struct endpoint_list l = endpoints_collect(s);
    bool truncated = endpoint_list_cut(&l, ADDRESSES_MAX);
    mp_put_map(&b, l.count ? 2 : 1);
    mp_put_z(&b, "metadata");
    put_metadata(&b, s, old, truncated);
    if (l.count) {
        mp_put_z(&b, "subsets");
        put_subsets(&b, &l);
    }
    endpoint_list_free(&l);
    return doc_from_buf(&b);
}
