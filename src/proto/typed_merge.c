/* A configuration laid over a live document. */
#include "proto/lookup.h"
#include "proto/typed.h"

struct merging {
    struct arena *arena;
};

static void merging_value(struct merging *m, struct view v, struct mp live, struct mp config,
                          struct buf *out);

static void merging_maps(struct merging *m, struct view v, struct mp live, struct mp config,
                         struct buf *out)
{
    struct lookup lookup_auto new = lookup_map(config), old = lookup_map(live);
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    for (uint32_t i = 0; i < old.count; i++, pairs++) {
        mp_put_str(out, old.items[i].key);
        merging_value(m, view_member(v, old.items[i].key), old.items[i].value,
                      lookup_value(&new, old.items[i].key), out);
    }
    for (uint32_t i = 0; i < new.count; i++) {
        if (lookup_find(&old, new.items[i].key) != LOOKUP_NONE) continue;
        mp_put_str(out, new.items[i].key);
        mp_put(out, new.items[i].value);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}

static struct lookup merging_steps(struct merging *m, struct view v, struct mp list)
{
    struct lookup steps = {0};
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        lookup_add(&steps, view_step(m->arena, v, it.value).text, it.value);
    return steps;
}

/* Elements of the configuration from *next on, up to and with the one at `last`. */
static uint32_t merging_put_until(struct merging *m, struct view v, const struct lookup *old,
                                  const struct lookup *new, uint32_t *next, uint32_t last,
                                  struct buf *out)
{
    uint32_t put = 0;
    for (; *next < new->count &&*next <= last; ++*next, put++) {
        const struct member *element = &new->items[*next];
        merging_value(m, view_element(v), lookup_value(old, element->key), element->value, out);
    }
    return put;
}

static void merging_lists(struct merging *m, struct view v, struct mp live, struct mp config,
                          struct buf *out)
{
    struct lookup lookup_auto old = merging_steps(m, v, live), new = merging_steps(m, v, config);
    uint32_t count = 0, next = 0;
    size_t mark = mp_begin(out);
    for (uint32_t i = 0; i < old.count; i++) {
        uint32_t at = lookup_find(&new, old.items[i].key);
        if (at != LOOKUP_NONE) {
            count += merging_put_until(m, v, &old, &new, &next, at, out);
        } else {
            mp_put(out, old.items[i].value);
            count++;
        }
    }
    count += merging_put_until(m, v, &old, &new, &next, UINT32_MAX, out);
    mp_end_array(out, mark, count);
}

static void merging_value(struct merging *m, struct view v, struct mp live, struct mp config,
                          struct buf *out)
{
    if (config.type == MP_END || live.type == MP_END) {
        mp_put(out, config.type == MP_END ? live : config);
        return;
    }
    v.how = view_of(v, config);
    if (v.how == VIEW_LEAF || view_of(v, live) != v.how)
        mp_put(out, config);
    else if (v.how == VIEW_LIST)
        merging_lists(m, v, live, config, out);
    else
        merging_maps(m, v, live, config, out);
}

void typed_merge(const struct type *type, struct mp live, struct mp config, struct buf *out)
{
    struct merging m = {arena_new()};
    merging_value(&m, view_root(type), live, config, out);
    arena_free(m.arena);
}
