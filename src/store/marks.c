#include "store/marks.h"

#include <stdatomic.h>

static _Atomic uint64_t marks[STORE_MARK_COUNT];

void store_mark(enum store_mark which)
{
    atomic_fetch_add_explicit(&marks[which], 1, memory_order_relaxed);
}

uint64_t store_marked(enum store_mark which)
{
    return atomic_load_explicit(&marks[which], memory_order_relaxed);
}
