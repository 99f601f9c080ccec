/* A document without some of its fields. */
#include "proto/typed.h"

struct removing {
    struct arena *arena;
};

static void removing_value(struct removing *r, struct view v, struct mp value,
                           const struct fieldset *set, struct buf *out);

static void removing_map(struct removing *r, struct view v, struct mp map,
                         const struct fieldset *set, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        const struct fieldset_node *node = fieldset_find(set, (struct step){STEP_FIELD, it.key});
        if (node && node->marks) continue;
        mp_put_str(out, it.key);
        removing_value(r, view_member(v, it.key), it.value, node ? &node->below : NULL, out);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}

static void removing_list(struct removing *r, struct view v, struct mp list,
                          const struct fieldset *set, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        const struct fieldset_node *node = fieldset_find(set, view_step(r->arena, v, it.value));
        if (node && node->marks) continue;
        removing_value(r, view_element(v), it.value, node ? &node->below : NULL, out);
        count++;
    }
    mp_end_array(out, mark, count);
}

static void removing_value(struct removing *r, struct view v, struct mp value,
                           const struct fieldset *set, struct buf *out)
{
    v.how = view_of(v, value);
    if (!set || !set->count || v.how == VIEW_LEAF)
        mp_put(out, value);
    else if (v.how == VIEW_LIST)
        removing_list(r, v, value, set, out);
    else
        removing_map(r, v, value, set, out);
}

void typed_remove(const struct type *type, struct mp doc, const struct fieldset *set,
                  struct buf *out)
{
    struct removing r = {arena_new()};
    removing_value(&r, view_root(type), doc, set, out);
    arena_free(r.arena);
}
