/* What changed between two documents. */
#include "proto/lookup.h"
#include "proto/typed.h"

struct compare {
    struct arena *arena;
};

static void compare_value(struct compare *c, struct view v, struct mp before, struct mp after,
                          struct fieldset_node *node);

static void compare_member(struct compare *c, struct view v, struct str key, struct mp before,
                           struct mp after, struct fieldset *out)
{
    struct fieldset_node *node = fieldset_add(c->arena, out, (struct step){STEP_FIELD, key});
    struct view member = view_member(v, key);
    compare_value(c, member, before, after, node);
    if (node->below.count && view_is_given(v, member)) node->marks = 0;
}

static void compare_maps(struct compare *c, struct view v, struct mp before, struct mp after,
                         struct fieldset *out)
{
    struct lookup lookup_auto old = lookup_map(before), new = {0};
    if (old.count) new = lookup_map(after);
    for (struct mp_iter it = mp_items(after); mp_iter_next(&it);) {
        compare_member(c, v, it.key, lookup_value(&old, it.key), it.value, out);
    }
    for (uint32_t i = 0; i < old.count; i++)
        if (lookup_find(&new, old.items[i].key) == LOOKUP_NONE)
            compare_member(c, v, old.items[i].key, old.items[i].value, (struct mp){0}, out);
}

/* The elements under their steps; `again` gets those whose step was there already. */
static struct lookup compare_steps(struct compare *c, struct view v, struct mp list,
                                   struct lookup *again)
{
    struct lookup steps = {0};
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct str step = view_step(c->arena, v, it.value).text;
        bool known = lookup_find(&steps, step) != LOOKUP_NONE;
        lookup_add(known ? again : &steps, step, it.value);
    }
    return steps;
}

/* Several elements of one step are one value: nobody can say which is which. */
static bool compare_repeats(const struct lookup *x, const struct lookup *y, struct str step)
{
    return lookup_find(x, step) != LOOKUP_NONE || lookup_find(y, step) != LOOKUP_NONE;
}

static void compare_lists(struct compare *c, struct view v, struct mp before, struct mp after,
                          struct fieldset *out)
{
    struct lookup lookup_auto old_again = {0}, new_again = {0};
    struct lookup lookup_auto old = compare_steps(c, v, before, &old_again);
    struct lookup lookup_auto new = compare_steps(c, v, after, &new_again);
    enum step_kind kind = v.field->list_keys || v.field->merge_key ? STEP_KEY : STEP_VALUE;
    for (uint32_t i = 0; i < new.count + old.count; i++) {
        bool is_new = i < new.count;
        const struct member *m = is_new ? &new.items[i] : &old.items[i - new.count];
        struct mp was = is_new ? lookup_value(&old, m->key) : m->value;
        if (!is_new && lookup_find(&new, m->key) != LOOKUP_NONE) continue; /* compared above */
        struct fieldset_node *node = fieldset_add(c->arena, out, (struct step){kind, m->key});
        compare_value(c, view_element(v), was, is_new ? m->value : (struct mp){0}, node);
        if (compare_repeats(&old_again, &new_again, m->key) && !node->marks)
            node->marks = CHANGE_MODIFIED;
    }
}

static void compare_value(struct compare *c, struct view v, struct mp before, struct mp after,
                          struct fieldset_node *node)
{
    bool was = before.type != MP_END, is = after.type != MP_END;
    enum view_how how = is ? view_of(v, after) : view_of(v, before);
    bool leaf = how == VIEW_LEAF || (was && is && view_of(v, before) != how) ||
                (before.count == 0 && after.count == 0 && how != VIEW_LEAF);
    if (!was || !is)
        node->marks = is ? CHANGE_ADDED : CHANGE_REMOVED;
    else if (leaf && !mp_same(before, after))
        node->marks = CHANGE_MODIFIED;
    if (leaf) return;
    if (was && is && before.raw.n == after.raw.n &&
        memcmp(before.raw.p, after.raw.p, after.raw.n) == 0)
        return;
    v.how = how;
    if (how == VIEW_LIST)
        compare_lists(c, v, before, after, &node->below);
    else
        compare_maps(c, v, before, after, &node->below);
}

struct fieldset typed_compare(struct arena *a, const struct type *type, struct mp before,
                              struct mp after)
{
    struct compare c = {a};
    struct fieldset out = {0};
    compare_maps(&c, view_root(type), before, after, &out);
    fieldset_finish(a, &out);
    return out;
}
