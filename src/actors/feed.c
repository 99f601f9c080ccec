#include "actors/gate.h"

#include "base/mem.h"

struct feed_batch *feed_batch_new(size_t capacity)
{
    struct feed_batch *b = mem_zalloc(sizeof *b + capacity * sizeof b->changes[0]);
    b->refs = 1;
    return b;
}

void feed_batch_ref(struct feed_batch *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
}

void feed_batch_unref(struct feed_batch *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < b->count; i++) {
        object_unref(b->changes[i].before);
        object_unref(b->changes[i].after);
    }
    mem_free(b);
}
