/* Sets as trees: how they are built and combined. */
#include "proto/fieldset.h"

#include <stdlib.h>

static int step_order(struct step a, struct step b)
{
    /* Fields, keys, values, places: as Kubernetes sorts them, but for keys among each other. */
    static const char rank[256] = {['f'] = 0, ['k'] = 1, ['v'] = 2, ['i'] = 3};
    int order = rank[(unsigned char)a.kind] - rank[(unsigned char)b.kind];
    return order ? order : str_cmp(a.text, b.text);
}

struct fieldset_node *fieldset_add(struct arena *a, struct fieldset *s, struct step step)
{
    if (s->count == s->cap) {
        uint32_t cap = s->cap ? 2 * s->cap : 4;
        struct fieldset_node *nodes = arena_array(a, struct fieldset_node, cap);
        if (s->count) memcpy(nodes, s->nodes, s->count * sizeof *nodes);
        s->nodes = nodes;
        s->cap = cap;
    }
    struct fieldset_node *node = &s->nodes[s->count++];
    *node = (struct fieldset_node){.step = step};
    return node;
}

static int node_order(const void *x, const void *y)
{
    const struct fieldset_node *a = x, *b = y;
    return step_order(a->step, b->step);
}

/* Few nodes, and mostly in order: the usual case. */
static void fieldset_sort(struct fieldset *s)
{
    enum { FEW = 24 };
    if (s->count > FEW) {
        qsort(s->nodes, s->count, sizeof *s->nodes, node_order);
        return;
    }
    for (uint32_t i = 1; i < s->count; i++) {
        struct fieldset_node node = s->nodes[i];
        uint32_t at = i;
        for (; at && step_order(node.step, s->nodes[at - 1].step) < 0; at--)
            s->nodes[at] = s->nodes[at - 1];
        s->nodes[at] = node;
    }
}

void fieldset_finish(struct arena *a, struct fieldset *s)
{
    uint32_t kept = 0;
    fieldset_sort(s);
    for (uint32_t i = 0; i < s->count; i++) {
        struct fieldset_node node = s->nodes[i];
        fieldset_finish(a, &node.below);
        if (!node.marks && !node.below.count) continue;
        struct fieldset_node *last = kept ? &s->nodes[kept - 1] : NULL;
        if (last && step_order(last->step, node.step) == 0) {
            last->marks |= node.marks;
            last->below = fieldset_combine(a, FIELDSET_UNION, &last->below, &node.below);
        } else {
            s->nodes[kept++] = node;
        }
    }
    s->count = kept;
}

static uint8_t combine_marks(enum fieldset_op op, uint8_t x, uint8_t y)
{
    if (op == FIELDSET_UNION) return x | y;
    if (op == FIELDSET_INTERSECTION) return y ? x : 0;
    return y ? 0 : x;
}

static void combine_put(struct arena *a, struct fieldset *out, struct fieldset_node node)
{
    if (node.marks || node.below.count) *fieldset_add(a, out, node.step) = node;
}

struct fieldset fieldset_combine(struct arena *a, enum fieldset_op op, const struct fieldset *x,
                                 const struct fieldset *y)
{
    bool keep_x = op != FIELDSET_INTERSECTION, keep_y = op == FIELDSET_UNION;
    struct fieldset out = {0};
    if (!y->count && keep_x) return *x;
    if (!x->count && keep_y) return *y;
    uint32_t i = 0, j = 0;
    while (i < x->count || j < y->count) {
        int order = i == x->count   ? 1
                    : j == y->count ? -1
                                    : step_order(x->nodes[i].step, y->nodes[j].step);
        if (order < 0) {
            if (keep_x) combine_put(a, &out, x->nodes[i]);
            i++;
        } else if (order > 0) {
            if (keep_y) combine_put(a, &out, y->nodes[j]);
            j++;
        } else {
            struct fieldset_node node = x->nodes[i];
            node.marks = combine_marks(op, node.marks, y->nodes[j].marks);
            node.below = fieldset_combine(a, op, &x->nodes[i].below, &y->nodes[j].below);
            combine_put(a, &out, node);
            i++;
            j++;
        }
    }
    return out;
}

struct fieldset fieldset_without(struct arena *a, const struct fieldset *x,
                                 const struct fieldset *y)
{
    struct fieldset out = {0};
    if (!y->count) return *x;
    for (uint32_t i = 0; i < x->count; i++) {
        struct fieldset_node node = x->nodes[i];
        const struct fieldset_node *other = fieldset_find(y, node.step);
        if (other && other->marks) continue;
        if (other) node.below = fieldset_without(a, &node.below, &other->below);
        combine_put(a, &out, node);
    }
    return out;
}

struct fieldset fieldset_select(struct arena *a, const struct fieldset *s, uint8_t marks)
{
    struct fieldset out = {0};
    for (uint32_t i = 0; i < s->count; i++) {
        struct fieldset_node node = s->nodes[i];
        node.marks = node.marks & marks ? FIELDSET_MEMBER : 0;
        node.below = fieldset_select(a, &node.below, marks);
        combine_put(a, &out, node);
    }
    return out;
}

bool fieldset_equal(const struct fieldset *x, const struct fieldset *y)
{
    if (x->count != y->count) return false;
    for (uint32_t i = 0; i < x->count; i++) {
        const struct fieldset_node *a = &x->nodes[i], *b = &y->nodes[i];
        if (step_order(a->step, b->step) || !a->marks != !b->marks ||
            !fieldset_equal(&a->below, &b->below))
            return false;
    }
    return true;
}

const struct fieldset_node *fieldset_find(const struct fieldset *s, struct step step)
{
    uint32_t low = 0, high = s->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = step_order(step, s->nodes[middle].step);
        if (order == 0) return &s->nodes[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
