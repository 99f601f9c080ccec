#include "actors/controllers/slices.h"
#include "base/mem.h"

#include <arpa/inet.h>

struct slice_endpoint *slice_wish(struct slice_wishes *w)
{
    if (w->count == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 16;
        w->items = mem_resize(w->items, w->cap * sizeof *w->items);
    }
    struct slice_endpoint *e = &w->items[w->count++];
    *e = (struct slice_endpoint){0};
    return e;
}

void slice_wishes_free(struct slice_wishes *w)
{
    mem_free(w->items);
    buf_free(&w->arena);
}

const char *slice_address_type(struct str address)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    if (!address.n || address.n >= sizeof text) return NULL;
    memcpy(text, address.p, address.n);
    text[address.n] = 0;
    if (inet_pton(AF_INET, text, bytes) == 1) return "IPv4";
    return inet_pton(AF_INET6, text, bytes) == 1 ? "IPv6" : NULL;
}

struct slice_span slice_put_ports(struct slice_wishes *w, struct mp ports)
{
    struct buf *b = &w->arena;
    size_t start = b->len;
    mp_put_array(b, ports.type == MP_ARRAY ? ports.count : 0);
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);) {
        static const char *const fields[] = {"appProtocol", "port", "protocol"};
        struct str name = mp_str(mp_get(it.value, "name"));
        uint32_t pairs = 1;
        size_t mark = mp_begin(b);
        mp_put_z(b, "name");
        mp_put_str(b, name.p ? name : STR(""));
        for (unsigned i = 0; i < 3; i++) {
            struct mp value = mp_get(it.value, fields[i]);
            if (value.type == MP_END) continue;
            mp_put_z(b, fields[i]);
            mp_put(b, value);
            pairs++;
        }
        mp_end_map(b, mark, pairs);
    }
    return (struct slice_span){start, b->len - start};
}
