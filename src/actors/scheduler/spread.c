#include "actors/scheduler/spread.h"

#include "base/mem.h"

#include <assert.h>

static size_t spread_home(const struct spread *s, uint64_t group, uint32_t where)
{
    uint64_t h = (group ^ ((uint64_t)where * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
    return (size_t)(h >> 20) & (s->cap - 1);
}

static struct spread_slot *spread_find(const struct spread *s, uint64_t group, uint32_t where)
{
    size_t i = spread_home(s, group, where);
    while (s->slots[i].group && (s->slots[i].group != group || s->slots[i].where != where))
        i = (i + 1) & (s->cap - 1);
    return &s->slots[i];
}

uint32_t spread_count(const struct spread *s, uint64_t group, uint32_t where)
{
    return s->cap && group ? spread_find(s, group, where)->count : 0;
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
            *spread_find(s, old.slots[i].group, old.slots[i].where) = old.slots[i];
    mem_free(old.slots);
}

static void spread_alter(struct spread *s, uint64_t group, uint32_t where, int64_t by)
{
    if ((s->used + 1) * 3 > s->cap * 2) spread_grow(s);
    struct spread_slot *slot = spread_find(s, group, where);
    if (!slot->group) {
        slot->group = group;
        slot->where = where;
        s->used++;
    }
    assert(by > 0 || slot->count >= (uint64_t)-by);
    slot->count = (uint32_t)(slot->count + by);
}

void spread_add(struct spread *s, uint64_t group, uint32_t place, uint32_t zone, int sign)
{
    if (!group) return;
    spread_alter(s, group, place, sign);
    spread_alter(s, group, SPREAD_ZONE + zone, sign);
    spread_alter(s, group, SPREAD_ALL, sign);
}

void spread_move(struct spread *s, uint32_t place, uint32_t from, uint32_t to)
{
    struct spread_slot *moving = NULL;
    size_t count = 0;
    for (size_t i = 0; i < s->cap; i++) {
        if (!s->slots[i].count || s->slots[i].where != place) continue;
        moving = mem_resize(moving, (count + 1) * sizeof *moving);
        moving[count++] = s->slots[i];
    }
    for (size_t i = 0; i < count; i++) {
        spread_alter(s, moving[i].group, SPREAD_ZONE + from, -(int64_t)moving[i].count);
        spread_alter(s, moving[i].group, SPREAD_ZONE + to, moving[i].count);
    }
    mem_free(moving);
}

void spread_free(struct spread *s)
{
    mem_free(s->slots);
    *s = (struct spread){0};
}
