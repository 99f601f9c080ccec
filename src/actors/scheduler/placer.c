#include "actors/scheduler/placer.h"

#include "base/mem.h"

#include <assert.h>

static void placer_forget(struct placer *p, struct class *c)
{
    map_del(&p->classes, &c->id, sizeof c->id);
    list_remove(&c->link);
    p->class_count--;
    class_free(c);
}

static uint32_t placer_classes_max(const struct placer *p)
{
    uint32_t max = p->nodes.count ? CLASSES_SEATS / p->nodes.count : CLASSES_MOST;
    return max < CLASSES_LEAST ? CLASSES_LEAST : max > CLASSES_MOST ? CLASSES_MOST : max;
}

static struct class *placer_class(struct placer *p, const struct class_id *id)
{
    struct class *c = map_get(&p->classes, id, sizeof *id);
    if (c) {
        list_remove(&c->link);
    } else {
        while (p->class_count >= placer_classes_max(p))
            placer_forget(p, container_of(p->recent.prev, struct class, link));
        c = class_new(id);
        map_put(&p->classes, &c->id, sizeof c->id, c);
        p->class_count++;
    }
    list_push(p->recent.next, &c->link); /* before the first */
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

const struct pod_view *placer_view(struct placer *p, struct doc *body)
{
    return pod_view(&p->nodes.names, body);
}

int64_t placer_best(struct placer *p, const struct pod_view *pod)
{
    bool large = spread_total(&p->spread, pod->group) >= CLASS_SMALL_GROUP;
    struct class_id id = {pod->shape, large ? pod->group : 0};
    struct nodes_and_pods world = {&p->nodes, &p->spread};
    struct class *c = placer_class(p, &id);
    p->work += class_catch_up(c, &world, pod);
    return class_best(c, &world, pod->group);
}

bool placer_helped(struct placer *p, const struct pod_view *pod, uint64_t since)
{
    const struct node_table *t = &p->nodes;
    uint64_t behind = t->sequence - since;
    if (behind > t->count || behind >= NODE_LOG) return true;
    for (; since < t->sequence; since++) {
        const struct node_row *row = &t->rows[t->altered[since & (NODE_LOG - 1)]];
        p->work++;
        if (fit_room(t, row, pod) && fit_allowed(row, pod)) return true;
    }
    return false;
}

void placer_use(struct placer *p, istr node, const struct pod_view *pod, int sign)
{
    /* The place may go with its last pod: the spread is told while it is there. */
    if (sign > 0) node_table_use(&p->nodes, node, pod, sign);
    int64_t place = node_table_place(&p->nodes, node);
    assert(place >= 0);
    spread_add(&p->spread, pod->group, (uint32_t)place, p->nodes.rows[place].zone, sign);
    if (sign < 0) node_table_use(&p->nodes, node, pod, sign);
}

static uint32_t placer_zone(const struct placer *p, istr node)
{
    int64_t place = node_table_place(&p->nodes, node);
    return place < 0 ? 0 : p->nodes.rows[place].zone;
}

/* The pods of a node are counted in the zone where it is now. */
static void placer_rezone(struct placer *p, istr node, uint32_t before)
{
    int64_t place = node_table_place(&p->nodes, node);
    if (place < 0 || !p->nodes.rows[place].pods || p->nodes.rows[place].zone == before) return;
    spread_move(&p->spread, (uint32_t)place, before, p->nodes.rows[place].zone);
}

bool placer_put_node(struct placer *p, struct object *node)
{
    istr name = istr_get(object_name(node));
    uint32_t zone = placer_zone(p, name);
    bool altered = node_table_put(&p->nodes, node);
    placer_rezone(p, name, zone);
    return altered;
}

void placer_drop_node(struct placer *p, istr name)
{
    uint32_t zone = placer_zone(p, name);
    node_table_drop(&p->nodes, name);
    placer_rezone(p, name, zone);
}
