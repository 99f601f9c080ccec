#include "actors/scheduler/placer.h"

#include "base/list.h"
#include "base/mem.h"

#include <assert.h>

#define UNFIT UINT64_MAX

struct class
{
    struct list link;
    struct digest shape;
    uint64_t sequence; /* of the first alteration not yet taken in */
    uint32_t count;    /* nodes in the heap */
    uint32_t cap;
    uint64_t *key;  /* by place: smaller suits better */
    uint32_t *heap; /* places */
    uint32_t *at;   /* by place: position in the heap */
};

static void class_swap(struct class *c, uint32_t i, uint32_t j)
{
    uint32_t a = c->heap[i], b = c->heap[j];
    c->heap[i] = b;
    c->heap[j] = a;
    c->at[a] = j;
    c->at[b] = i;
}

/* Equal keys: the lower place wins, on every master. */
static bool class_before(const struct class *c, uint32_t a, uint32_t b)
{
    return c->key[a] != c->key[b] ? c->key[a] < c->key[b] : a < b;
}

static void class_sift_down(struct class *c, uint32_t i)
{
    for (;;) {
        uint32_t best = i, left = 2 * i + 1, right = left + 1;
        if (left < c->count && class_before(c, c->heap[left], c->heap[best])) best = left;
        if (right < c->count && class_before(c, c->heap[right], c->heap[best])) best = right;
        if (best == i) return;
        class_swap(c, i, best);
        i = best;
    }
}

static void class_sift_up(struct class *c, uint32_t i)
{
    while (i && class_before(c, c->heap[i], c->heap[(i - 1) / 2])) {
        class_swap(c, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

/* Share of a resource that would be in use, in 1/1024. */
static uint64_t share_used(int64_t used, int64_t allocatable)
{
    if (allocatable <= 0) return 1024;
    uint64_t share =
        (uint64_t)((unsigned __int128)(used < 0 ? 0 : used) * 1024 / (uint64_t)allocatable);
    return share > 1024 ? 1024 : share;
}

/* Spread first, then the mean of the shares of cpu, memory and pods in use. */
static uint64_t class_key(const struct placer *p, const struct pod_view *view, uint32_t place)
{
    const struct node_row *row = &p->nodes.rows[place];
    if (!fit_allowed(row, view) || !fit_resources(&p->nodes, row, view)) return UNFIT;
    uint64_t same = spread_count(&p->spread, view->group, place);
    uint64_t busy =
        share_used(row->used.amount[RESOURCE_CPU] + view->requests.amount[RESOURCE_CPU],
                   row->allocatable.amount[RESOURCE_CPU]) +
        share_used(row->used.amount[RESOURCE_MEMORY] + view->requests.amount[RESOURCE_MEMORY],
                   row->allocatable.amount[RESOURCE_MEMORY]) +
        share_used(row->pods + 1, row->pods_max);
    return same << 32 | busy << 16 | (row->pods > 0xffff ? 0xffff : row->pods);
}

static void class_build(struct placer *p, struct class *c, const struct pod_view *view)
{
    uint32_t n = p->nodes.count;
    if (n > c->cap) {
        c->cap = p->nodes.cap;
        c->key = mem_resize(c->key, c->cap * sizeof *c->key);
        c->heap = mem_resize(c->heap, c->cap * sizeof *c->heap);
        c->at = mem_resize(c->at, c->cap * sizeof *c->at);
    }
    c->count = n;
    for (uint32_t i = 0; i < n; i++) {
        c->key[i] = class_key(p, view, i);
        c->heap[i] = c->at[i] = i;
    }
    for (uint32_t i = n / 2; i-- > 0;) class_sift_down(c, i);
    c->sequence = p->nodes.sequence;
}

static void class_catch_up(struct placer *p, struct class *c, const struct pod_view *view)
{
    uint64_t behind = p->nodes.sequence - c->sequence;
    if (!behind && c->count == p->nodes.count) return;
    if (c->count != p->nodes.count || behind >= NODE_LOG || behind > p->nodes.count) {
        class_build(p, c, view);
        return;
    }
    for (; c->sequence < p->nodes.sequence; c->sequence++) {
        uint32_t place = p->nodes.altered[c->sequence & (NODE_LOG - 1)];
        uint64_t key = class_key(p, view, place), before = c->key[place];
        c->key[place] = key;
        if (key < before)
            class_sift_up(c, c->at[place]);
        else
            class_sift_down(c, c->at[place]);
    }
}

static void class_free(struct class *c)
{
    mem_free(c->key);
    mem_free(c->heap);
    mem_free(c->at);
    mem_free(c);
}

static void placer_forget(struct placer *p, struct class *c)
{
    map_del(&p->classes, &c->shape, sizeof c->shape);
    list_remove(&c->link);
    p->class_count--;
    class_free(c);
}

static struct class *placer_class(struct placer *p, const struct pod_view *view)
{
    struct class *c = map_get(&p->classes, &view->shape, sizeof view->shape);
    if (c) {
        list_remove(&c->link);
    } else {
        if (p->class_count == CLASSES_MAX)
            placer_forget(p, container_of(p->recent.prev, struct class, link));
        c = mem_new(struct class);
        c->shape = view->shape;
        map_put(&p->classes, &c->shape, sizeof c->shape, c);
        p->class_count++;
        class_build(p, c, view);
    }
    c->link = (struct list){p->recent.next, &p->recent};
    p->recent.next->prev = &c->link;
    p->recent.next = &c->link;
    return c;
}

void placer_init(struct placer *p)
{
    *p = (struct placer){0};
    node_table_init(&p->nodes);
    list_init(&p->recent);
}

void placer_clear(struct placer *p)
{
    while (!list_empty(&p->recent))
        placer_forget(p, container_of(p->recent.next, struct class, link));
    spread_free(&p->spread);
    node_table_clear(&p->nodes);
}

void placer_free(struct placer *p)
{
    placer_clear(p);
    map_free(&p->classes);
    node_table_free(&p->nodes);
}

int64_t placer_best(struct placer *p, const struct pod_view *view)
{
    struct class *c = placer_class(p, view);
    class_catch_up(p, c, view);
    if (!c->count || c->key[c->heap[0]] == UNFIT) return -1;
    return c->heap[0];
}

void placer_use(struct placer *p, istr node, const struct pod_view *view, int sign)
{
    node_table_use(&p->nodes, node, &view->requests, sign);
    int64_t place = node_table_place(&p->nodes, node);
    assert(place >= 0);
    spread_add(&p->spread, view->group, (uint32_t)place, sign);
}
