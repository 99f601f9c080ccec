/* The audit of a scheduler: works everything out again from the world alone and compares. What a
 * scheduler keeps change by change must at every moment be what a scheduler born now would have. */
#ifndef LOGSHIP_TESTS_ACTORS_AUDIT_H
#define LOGSHIP_TESTS_ACTORS_AUDIT_H

#include "actors/deciding.h"
#include "actors/scheduler/inside.h"
#include "stage.h"

static inline void audit_fill(struct placer *fresh, struct scheduler *s, struct world *w)
{
    placer_init(fresh);
    fresh->nodes.names = s->placer.nodes.names; /* views of pods count by these places */
    for (struct actor *a = world_first(w, kind_node, NULL); a; a = world_next(a, NULL))
        placer_put_node(fresh, a->object);
    for (struct actor *a = world_first(w, kind_pod, NULL); a; a = world_next(a, NULL))
        if (a->object->node && !pod_finished(a->object))
            placer_use(fresh, a->object->node, placer_view(&s->placer, a->object->body), 1);
    struct pending *p;
    for (size_t i = 0; (p = map_next(&s->queue.by_uid, &i));)
        if (p->assumed) placer_use(fresh, p->assumed, placer_view(&s->placer, p->body), 1);
}

static inline void audit_row(const struct node_table *kept, const struct node_row *row,
                             const struct node_table *fresh)
{
    int64_t place = node_table_place(fresh, row->name);
    if (place < 0) fail_msg("%s has a place, but is no node and has no pods", row->name);
    const struct node_row *want = &fresh->rows[place];
    assert_ptr_equal(row->object, want->object);
    assert_int_equal(row->pods, want->pods);
    assert_memory_equal(&row->used, &want->used, sizeof row->used);
    assert_int_equal(row->ports.count, want->ports.count);
    if (!row->object) return;
    assert_int_equal(row->pods_max, want->pods_max);
    assert_int_equal(row->ready, want->ready);
    assert_int_equal(row->unschedulable, want->unschedulable);
    assert_int_equal(row->tainted, want->tainted);
    assert_memory_equal(&row->allocatable, &want->allocatable, sizeof row->allocatable);
    assert_ptr_equal(kept->zones[row->zone], fresh->zones[want->zone]);
}

static inline void audit_nodes(const struct node_table *kept, const struct node_table *fresh)
{
    uint32_t free = 0, named = 0;
    assert_int_equal(kept->present, fresh->present);
    for (uint32_t i = kept->free; i; i = kept->rows[i - 1].next_free) {
        assert_null(kept->rows[i - 1].name);
        free++;
    }
    for (uint32_t i = 0; i < kept->count; i++) {
        if (!kept->rows[i].name) continue;
        assert_int_equal(node_table_place(kept, kept->rows[i].name), i);
        audit_row(kept, &kept->rows[i], fresh);
        named++;
    }
    assert_int_equal(named, fresh->count);
    assert_int_equal(named + free, kept->count);
}

/* Every count of one is in the other; zones have numbers of their own in each, so they are summed
 * up from the places. */
static inline void audit_spread(const struct placer *kept, const struct placer *fresh)
{
    size_t live = 0, wanted = 0;
    struct spread again = {0};
    for (size_t i = 0; i < fresh->spread.cap; i++) {
        const struct spread_slot *slot = &fresh->spread.slots[i];
        if (!slot->count || slot->where >= SPREAD_MARKS) continue;
        int64_t place = node_table_place(&kept->nodes, fresh->nodes.rows[slot->where].name);
        assert_true(place >= 0);
        for (uint32_t n = 0; n < slot->count; n++)
            spread_add(&again, slot->group, (uint32_t)place, kept->nodes.rows[place].zone, 1);
    }
    for (size_t i = 0; i < again.cap; i++) {
        const struct spread_slot *slot = &again.slots[i];
        wanted += slot->count > 0;
        assert_int_equal(spread_count(&kept->spread, slot->group, slot->where), slot->count);
    }
    for (size_t i = 0; i < kept->spread.cap; i++) live += kept->spread.slots[i].count > 0;
    assert_int_equal(live, wanted);
    spread_free(&again);
}

/* Each pod without a node stands in exactly one place of the queue. */
static inline void audit_queue(const struct scheduler *s, struct world *w)
{
    size_t wanting = 0, in_lines = 0, later = 0, assumed = 0, in_line_trees = 0, lines = 0;
    for (struct actor *a = world_first(w, kind_pod, NULL); a; a = world_next(a, NULL)) {
        const struct object *o = a->object;
        struct str by = mp_str(doc_path(o->body, "spec.schedulerName"));
        bool wants = !o->node && !o->deleted_s && !pod_finished(o) &&
                     (!by.n || str_is(by, "default-scheduler"));
        struct pending *p = queue_find(&s->queue, &o->id->uid);
        if (wants != (p != NULL)) fail_msg("%s is %s", a->name, p ? "pending still" : "lost");
        if (p && p->line) assert_ptr_equal(p->body, o->body);
        wanting += wants;
    }
    assert_int_equal(s->queue.by_uid.count, wanting);
    struct pending *p;
    for (size_t i = 0; (p = map_next(&s->queue.by_uid, &i));) {
        bool listed = !list_empty(&p->link);
        assert_int_equal((p->line != NULL) + (p->assumed != NULL) + listed, 1);
        in_lines += p->line != NULL;
        assumed += p->assumed != NULL;
        later += listed;
    }
    list_each(it, &s->queue.later) later--;
    assert_int_equal(later, 0);
    struct line *line;
    for (size_t i = 0; (line = map_next(&s->queue.lines, &i)); lines++) {
        assert_non_null(line->pods.root);
        assert_int_equal(line->blocked, !list_empty(&line->link));
        if (!line->blocked) assert_int_equal(line->order, line_first(line)->order);
        for (p = line_first(line); p; p = line_after(line, p->order)) {
            assert_ptr_equal(p->line, line);
            in_line_trees++;
        }
    }
    assert_int_equal(in_line_trees, in_lines);
    size_t blocked = 0;
    list_each(it, &s->queue.blocked) blocked++;
    assert_int_equal(blocked + s->queue.ready.count, lines);
}

/* What waits would be sent to the same node by both, and so would pods that stand already. */
static inline void audit_choice(struct scheduler *s, struct placer *fresh, struct doc *body)
{
    const struct pod_view *pod = placer_view(&s->placer, body);
    int64_t here = placer_best(&s->placer, pod), there = placer_best(fresh, pod);
    istr one = here < 0 ? NULL : s->placer.nodes.rows[here].name,
         other = there < 0 ? NULL : fresh->nodes.rows[there].name;
    if (one != other) fail_msg("kept says %s, fresh says %s", one ? one : "-", other ? other : "-");
}

static inline void audit_choices(struct scheduler *s, struct placer *fresh, struct world *w)
{
    struct pending *p;
    unsigned some = 20;
    for (size_t i = 0; (p = map_next(&s->queue.by_uid, &i));) audit_choice(s, fresh, p->body);
    for (struct actor *a = world_first(w, kind_pod, NULL); a && some--; a = world_next(a, NULL))
        audit_choice(s, fresh, a->object->body);
}

static inline void audit(struct scheduler *s, struct world *w)
{
    struct placer *fresh = mem_new(struct placer);
    audit_fill(fresh, s, w);
    audit_nodes(&s->placer.nodes, &fresh->nodes);
    audit_spread(&s->placer, fresh);
    audit_queue(s, w);
    audit_choices(s, fresh, w);
    placer_free(fresh);
    mem_free(fresh);
}

#endif
