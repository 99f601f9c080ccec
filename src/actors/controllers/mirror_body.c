#include "actors/controllers/mirror.h"

/* Of one subset, as Kubernetes bounds it. */
enum { SUBSET_MAX = 1000 };

static void put_endpoint(struct buf *b, struct mp address, bool ready)
{
    static const char *const fields[] = {"hostname", "nodeName", "targetRef"};
    uint32_t pairs = 2;
    size_t mark = mp_begin(b);
    mp_put_z(b, "addresses");
    mp_put_array(b, 1);
    mp_put(b, mp_get(address, "ip"));
    mp_put_z(b, "conditions");
    mp_put_map(b, 1);
    mp_put_z(b, "ready");
    mp_put_bool(b, ready);
    for (unsigned i = 0; i < 3; i++) {
        struct mp value = mp_get(address, fields[i]);
        if (value.type == MP_END) continue;
        mp_put_z(b, fields[i]);
        mp_put(b, value);
        pairs++;
    }
    mp_end_map(b, mark, pairs);
}

static void add_addresses(struct slice_wishes *w, struct mp addresses, bool ready,
                          struct slice_span ports, unsigned *left)
{
    for (struct mp_iter it = mp_items(addresses); *left && mp_iter_next(&it);) {
        struct str ip = mp_str(mp_get(it.value, "ip"));
        const char *type = slice_address_type(ip);
        if (!type) continue;
        size_t start = w->arena.len;
        put_endpoint(&w->arena, it.value, ready);
        struct slice_endpoint *wish = slice_wish(w);
        if (!uid_parse(mp_str(mp_path(it.value, "targetRef.uid")), &wish->target))
            wish->target = (struct uid){0};
        wish->address = ip;
        wish->type = type;
        wish->ports = ports;
        wish->doc = (struct slice_span){start, w->arena.len - start};
        --*left;
    }
}

struct slice_wishes mirror_wishes(const struct object *endpoints)
{
    struct slice_wishes w = {0};
    for (struct mp_iter it = mp_items(doc_path(endpoints->body, "subsets")); mp_iter_next(&it);) {
        unsigned left = SUBSET_MAX;
        struct slice_span ports = slice_put_ports(&w, mp_get(it.value, "ports"));
        add_addresses(&w, mp_get(it.value, "addresses"), true, ports, &left);
        add_addresses(&w, mp_get(it.value, "notReadyAddresses"), false, ports, &left);
    }
    return w;
}
