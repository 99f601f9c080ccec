/* A document without some of its fields. */
#include "proto/typed.h"

/* What goes and what stays below one place; either may be NULL: nothing. */
struct removal {
    struct arena *arena;
    const struct fieldset *set, *kept;
};

static bool removal_value(struct removal r, struct view v, struct mp value, struct buf *out);

static const struct fieldset_node *removal_find(const struct fieldset *set, struct step step)
{
    return set ? fieldset_find(set, step) : NULL;
}

static struct removal removal_below(struct removal r, struct step step)
{
    const struct fieldset_node *goes = removal_find(r.set, step);
    const struct fieldset_node *stays = removal_find(r.kept, step);
    return (struct removal){r.arena, goes ? &goes->below : NULL, stays ? &stays->below : NULL};
}

/* Appends the member, or nothing and returns false. A named field stays with what is kept in it. */
static bool removal_member(struct removal r, struct view v, struct str key, struct mp value,
                           struct buf *out)
{
    struct step step = {STEP_FIELD, key};
    const struct fieldset_node *goes = removal_find(r.set, step);
    const struct fieldset_node *stays = removal_find(r.kept, step);
    size_t before = out->len;
    if (goes && goes->marks && !(stays && view_names(v, key))) return false;
    mp_put_str(out, key);
    bool emptied = removal_value(removal_below(r, step), view_member(v, key), value, out);
    bool holds = !emptied || (stays && stays->marks) || view_gives(v, key);
    if (!holds) out->len = before;
    return holds;
}

static uint32_t removal_map(struct removal r, struct view v, struct mp map, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);)
        pairs += removal_member(r, v, it.key, it.value, out);
    mp_end_map(out, mark, pairs);
    return pairs;
}

static uint32_t removal_list(struct removal r, struct view v, struct mp list, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct step step = view_step(r.arena, v, it.value);
        const struct fieldset_node *goes = removal_find(r.set, step);
        if (goes && goes->marks) continue;
        removal_value(removal_below(r, step), view_element(v), it.value, out);
        count++;
    }
    mp_end_array(out, mark, count);
    return count;
}

/* Appends the value without what goes; true: it had something, and has nothing left. */
static bool removal_value(struct removal r, struct view v, struct mp value, struct buf *out)
{
    v.how = view_of(v, value);
    if (!r.set || !r.set->count || v.how == VIEW_LEAF) {
        mp_put(out, value);
        return false;
    }
    uint32_t left =
        v.how == VIEW_LIST ? removal_list(r, v, value, out) : removal_map(r, v, value, out);
    return left == 0 && value.count > 0;
}

void typed_remove(const struct type *type, struct mp doc, const struct fieldset *set,
                  const struct fieldset *kept, struct buf *out)
{
    struct removal r = {arena_new(), set, kept};
    removal_value(r, view_root(type), doc, out);
    arena_free(r.arena);
}
