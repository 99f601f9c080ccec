#include "actors/scheduler/class.h"

#include "base/mem.h"

/* A key, from the top: 16 bits of dislike, 20 of pods of the same owner, 12 of how busy the node
 * is, 16 of how many pods it has. */
enum { KEY_SAME_SHIFT = 28, KEY_BUSY_SHIFT = 16, KEY_SAME_MAX = 0xfffff, KEY_PODS_MAX = 0xffff };
#define UNFIT UINT64_MAX

struct class *class_new(const struct class_id *id)
{
    struct class *c = mem_new(struct class);
    c->id = *id;
    return c;
}

void class_free(struct class *c)
{
    for (unsigned i = 0; i < ZONES_MAX; i++) mem_free(c->zones[i].items);
    mem_free(c->seats);
    mem_free(c);
}

/* The order within a heap. */

static bool item_before(const struct node_table *t, const struct heap_item *a,
                        const struct heap_item *b)
{
    if (a->key != b->key) return a->key < b->key;
    return a->lot != b->lot ? a->lot < b->lot : node_table_before(t, a->place, b->place);
}

static void heap_set(struct class *c, struct zone_heap *h, uint32_t i, struct heap_item item)
{
    h->items[i] = item;
    c->seats[item.place].at = i;
}

static void heap_up(struct class *c, const struct node_table *t, struct zone_heap *h, uint32_t i)
{
    struct heap_item item = h->items[i];
    for (; i && item_before(t, &item, &h->items[(i - 1) / 2]); i = (i - 1) / 2)
        heap_set(c, h, i, h->items[(i - 1) / 2]);
    heap_set(c, h, i, item);
}

static void heap_down(struct class *c, const struct node_table *t, struct zone_heap *h, uint32_t i)
{
    struct heap_item item = h->items[i];
    for (uint32_t child; (child = 2 * i + 1) < h->count; i = child) {
        if (child + 1 < h->count && item_before(t, &h->items[child + 1], &h->items[child])) child++;
        if (!item_before(t, &h->items[child], &item)) break;
        heap_set(c, h, i, h->items[child]);
    }
    heap_set(c, h, i, item);
}

static void heap_append(struct class *c, struct zone_heap *h, struct heap_item item)
{
    if (h->count == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 64;
        h->items = mem_resize(h->items, h->cap * sizeof *h->items);
    }
    heap_set(c, h, h->count++, item);
}

static void heap_remove(struct class *c, const struct node_table *t, struct zone_heap *h,
                        uint32_t i)
{
    struct heap_item last = h->items[--h->count];
    if (i == h->count) return;
    heap_set(c, h, i, last);
    heap_up(c, t, h, i);
    heap_down(c, t, h, c->seats[last.place].at);
}

/* What a node is worth. */

/* Share of a resource that would be in use, in 1/1024. */
static uint64_t share_used(__int128 used, int64_t allocatable)
{
    if (allocatable <= 0 || used >= allocatable) return 1024;
    uint64_t part = (uint64_t)used, whole = (uint64_t)allocatable;
    unsigned wide = (unsigned)(64 - __builtin_clzll(whole));
    if (wide > 53) {
        part >>= wide - 53;
        whole >>= wide - 53;
    }
    return part * 1024 / whole;
}

/* The pods of the same owner, then the mean of the shares of cpu, memory and pods in use. */
static uint64_t class_key(const struct class *c, const struct nodes_and_pods *w, uint32_t place,
                          const struct pod_view *pod)
{
    const struct node_row *row = &w->nodes->rows[place];
    const struct seat *seat = &c->seats[place];
    if (seat->dislike == UINT16_MAX || !fit_room(w->nodes, row, pod)) return UNFIT;
    uint64_t same = spread_count(w->spread, c->id.group, place), busy = 0;
    for (unsigned i = RESOURCE_CPU; i <= RESOURCE_MEMORY; i++)
        busy +=
            share_used(row->used.amount[i] + pod->requests.amount[i], row->allocatable.amount[i]);
    busy += share_used((__int128)row->pods + 1, row->pods_max);
    return (uint64_t)seat->dislike << (KEY_SAME_SHIFT + 20) |
           (same > KEY_SAME_MAX ? KEY_SAME_MAX : same) << KEY_SAME_SHIFT | busy << KEY_BUSY_SHIFT |
           (row->pods > KEY_PODS_MAX ? KEY_PODS_MAX : row->pods);
}

static struct heap_item seat_refresh(struct class *c, const struct nodes_and_pods *w,
                                     uint32_t place, const struct pod_view *pod)
{
    const struct node_row *row = &w->nodes->rows[place];
    struct seat *seat = &c->seats[place];
    if (seat->version != row->version) {
        seat->version = row->version;
        seat->dislike =
            fit_allowed(row, pod) ? (uint16_t)fit_dislike(row, pod) : (uint16_t)UINT16_MAX;
    }
    return (struct heap_item){.key = class_key(c, w, place, pod),
                              .lot = (uint32_t)(w->nodes->lot[place] >> 32),
                              .place = place};
}

/* Catching up. */

static void class_make_room(struct class *c, uint32_t count)
{
    if (count > c->cap) {
        c->cap = count + count / 2;
        c->seats = mem_resize(c->seats, c->cap * sizeof *c->seats);
    }
    for (; c->count < count; c->count++) c->seats[c->count] = (struct seat){0};
}

static void class_build(struct class *c, const struct nodes_and_pods *w, const struct pod_view *pod)
{
    const struct node_table *t = w->nodes;
    if (c->count > t->count) c->count = t->count;
    class_make_room(c, t->count);
    for (unsigned z = 0; z < ZONES_MAX; z++) c->zones[z].count = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        c->seats[i].zone = (uint16_t)t->rows[i].zone;
        heap_append(c, &c->zones[t->rows[i].zone], seat_refresh(c, w, i, pod));
    }
    for (unsigned z = 0; z < ZONES_MAX; z++)
        for (uint32_t i = c->zones[z].count / 2; i-- > 0;) heap_down(c, t, &c->zones[z], i);
}

static void class_refresh(struct class *c, const struct nodes_and_pods *w, uint32_t place,
                          const struct pod_view *pod)
{
    const struct node_table *t = w->nodes;
    uint32_t zone = t->rows[place].zone;
    struct seat *seat = &c->seats[place];
    struct zone_heap *h = &c->zones[zone];
    struct heap_item item = seat_refresh(c, w, place, pod);
    if (seat->zone != zone) {
        heap_remove(c, t, &c->zones[seat->zone], seat->at);
        seat->zone = (uint16_t)zone;
        heap_append(c, h, item);
        heap_up(c, t, h, seat->at);
        return;
    }
    uint64_t before = h->items[seat->at].key;
    h->items[seat->at] = item;
    /* Another node may stand here now, whose lot is another: so both ways. */
    if (item.key <= before) heap_up(c, t, h, seat->at);
    if (item.key >= before) heap_down(c, t, h, seat->at);
}

uint32_t class_catch_up(struct class *c, const struct nodes_and_pods *w, const struct pod_view *pod)
{
    const struct node_table *t = w->nodes;
    uint64_t behind = t->sequence - c->sequence;
    if (c->count != t->count || behind >= NODE_LOG || behind > t->count) {
        class_build(c, w, pod);
        c->sequence = t->sequence;
        return t->count;
    }
    for (; c->sequence < t->sequence; c->sequence++)
        class_refresh(c, w, t->altered[c->sequence & (NODE_LOG - 1)], pod);
    return (uint32_t)behind;
}

/* Choosing. */

struct choice {
    int64_t place; /* -1: none yet */
    uint64_t liking, zone_pods, busy;
};

static bool choice_improves(const struct choice *best, const struct choice *next,
                            const struct node_table *t)
{
    if (best->place < 0) return true;
    if (next->liking != best->liking) return next->liking < best->liking;
    if (next->zone_pods != best->zone_pods) return next->zone_pods < best->zone_pods;
    if (next->busy != best->busy) return next->busy < best->busy;
    return node_table_before(t, (uint32_t)next->place, (uint32_t)best->place);
}

/* The best of one zone when `same` is not in the keys: walks the heap from its top, in order, until
 * a node has no pod of the group, or is less liked than one that was seen. */
static uint32_t zone_walk(const struct nodes_and_pods *w, const struct zone_heap *h, uint64_t group,
                          uint64_t *least)
{
    uint32_t frontier[CLASS_SMALL_GROUP + 3] = {0}, width = 1, found = h->items[0].place;
    uint64_t found_liking = UINT64_MAX;
    for (unsigned step = 0; width && step <= CLASS_SMALL_GROUP; step++) {
        uint32_t next = 0;
        for (uint32_t i = 1; i < width; i++)
            if (item_before(w->nodes, &h->items[frontier[i]], &h->items[frontier[next]])) next = i;
        uint32_t at = frontier[next], place = h->items[at].place;
        frontier[next] = frontier[--width];
        uint64_t key = h->items[at].key, same = spread_count(w->spread, group, place);
        if (key == UNFIT) break;
        uint64_t liking = (key >> KEY_SAME_SHIFT) + same;
        if (key >> KEY_SAME_SHIFT > found_liking) break;
        if (liking < found_liking) {
            found_liking = liking;
            found = place;
        }
        if (!same) break;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < h->count; child++)
            frontier[width++] = child;
    }
    *least = found_liking;
    return found;
}

int64_t class_best(const struct class *c, const struct nodes_and_pods *w, uint64_t group)
{
    struct choice best = {.place = -1};
    bool walks = group != c->id.group && spread_total(w->spread, group) > 0;
    for (unsigned z = 0; z < w->nodes->zone_count; z++) {
        const struct zone_heap *h = &c->zones[z];
        if (!h->count || h->items[0].key == UNFIT) continue;
        struct choice next = {.place = h->items[0].place};
        uint64_t liking = h->items[0].key >> KEY_SAME_SHIFT;
        if (walks) next.place = zone_walk(w, h, group, &liking);
        next.liking = liking;
        if (w->nodes->zone_count > 1) next.zone_pods = spread_in_zone(w->spread, group, z);
        next.busy = h->items[c->seats[next.place].at].key & ((1ULL << KEY_SAME_SHIFT) - 1);
        if (choice_improves(&best, &next, w->nodes)) best = next;
    }
    return best.place;
}
