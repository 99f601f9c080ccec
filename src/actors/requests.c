/* A repeated request must not be carried out twice: a client, or a master that forwards for it, may
 * send a command again when a leader is lost before it answered. */
#include "actors/world_internal.h"

#include "base/mem.h"

struct request_slot {
    struct request_id id;
    uint64_t revision; /* 0: free */
};

struct requests {
    struct map by_id;
    size_t at;
    struct request_slot slots[REQUESTS_KEPT];
};

struct requests *requests_new(void)
{
    return mem_new(struct requests);
}

void requests_free(struct requests *r)
{
    if (!r) return;
    map_free(&r->by_id);
    mem_free(r);
}

void requests_add(struct requests *r, const struct request_id *id, uint64_t revision)
{
    static const struct request_id none;
    if (memcmp(id, &none, sizeof none) == 0) return;
    struct request_slot *known = map_get(&r->by_id, id, sizeof *id);
    if (known) {
        known->revision = revision;
        return;
    }
    struct request_slot *slot = &r->slots[r->at++ % REQUESTS_KEPT];
    if (slot->revision) map_del(&r->by_id, &slot->id, sizeof slot->id);
    *slot = (struct request_slot){*id, revision};
    map_put(&r->by_id, &slot->id, sizeof slot->id, slot);
}

uint64_t requests_find(const struct requests *r, const struct request_id *id)
{
    const struct request_slot *slot = map_get(&r->by_id, id, sizeof *id);
    return slot ? slot->revision : 0;
}

void requests_encode(const struct requests *r, struct buf *out)
{
    size_t first = r->at > REQUESTS_KEPT ? r->at - REQUESTS_KEPT : 0;
    mp_put_array(out, (uint32_t)(r->at - first) * 2);
    for (size_t i = first; i < r->at; i++) {
        const struct request_slot *slot = &r->slots[i % REQUESTS_KEPT];
        mp_put_bin(out, &slot->id, sizeof slot->id);
        mp_put_uint(out, slot->revision);
    }
}

int requests_decode(struct requests *r, struct mp v, struct error *err)
{
    map_free(&r->by_id);
    memset(r->slots, 0, sizeof r->slots);
    r->at = 0;
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) {
        struct request_id id;
        if (it.value.type != MP_BIN || it.value.s.n != sizeof id) goto damaged;
        memcpy(&id, it.value.s.p, sizeof id);
        if (!mp_iter_next(&it)) goto damaged;
        requests_add(r, &id, (uint64_t)mp_i64(it.value, 0));
    }
    return 0;
damaged:
    return error_set(err, E_CORRUPT, "the table of requests is not one");
}
