#include "actors/scheduler/spread.h"

#include "base/mem.h"

static size_t spread_home(const struct spread *s, uint64_t group, uint32_t place)
{
    uint64_t h = (group ^ ((uint64_t)place * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
    return (size_t)(h >> 20) & (s->cap - 1);
}

static struct spread_slot *spread_find(const struct spread *s, uint64_t group, uint32_t place)
{
    size_t i = spread_home(s, group, place);
    while (s->slots[i].group && (s->slots[i].group != group || s->slots[i].place != place))
        i = (i + 1) & (s->cap - 1);
    return &s->slots[i];
}

uint32_t spread_count(const struct spread *s, uint64_t group, uint32_t place)
{
    return s->cap && group ? spread_find(s, group, place)->count : 0;
}

/* Slots whose count fell to zero stay until the table grows; then they are left behind. */
static void spread_grow(struct spread *s)
{
    struct spread old = *s;
    size_t live = 0;
    for (size_t i = 0; i < old.cap; i++) live += old.slots[i].count > 0;
    size_t cap = 64;
    while (cap < (live + 1) * 3) cap *= 2;
    *s = (struct spread){mem_zalloc(cap * sizeof *s->slots), cap, live};
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].count)
            *spread_find(s, old.slots[i].group, old.slots[i].place) = old.slots[i];
    mem_free(old.slots);
}

void spread_add(struct spread *s, uint64_t group, uint32_t place, int sign)
{
    if (!group) return;
    if ((s->used + 1) * 3 > s->cap * 2) spread_grow(s);
    struct spread_slot *slot = spread_find(s, group, place);
    if (!slot->group) {
        if (sign < 0) return;
        slot->group = group;
        slot->place = place;
        s->used++;
    }
    if (sign > 0 || slot->count) slot->count += (uint32_t)sign;
}

void spread_free(struct spread *s)
{
    mem_free(s->slots);
    *s = (struct spread){0};
}
