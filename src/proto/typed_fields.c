/* The set of a document's values. */
#include "proto/lookup.h"
#include "proto/typed.h"

struct gather {
    struct arena *arena;
    struct buf path;
    struct error *err;
};

static int gather_value(struct gather *g, struct view v, struct mp value,
                        struct fieldset_node *node);

static int gather_map(struct gather *g, struct view v, struct mp map, struct fieldset *out)
{
    size_t mark = g->path.len;
    int rc = 0;
    for (struct mp_iter it = mp_items(map); !rc && mp_iter_next(&it);) {
        struct step step = {STEP_FIELD, it.key};
        struct fieldset_node *node = fieldset_add(g->arena, out, step);
        if (!view_names(v, it.key)) node->marks = FIELDSET_MEMBER;
        step_format(step, &g->path);
        rc = gather_value(g, view_member(v, it.key), it.value, node);
        g->path.len = mark;
    }
    return rc;
}

static int gather_list(struct gather *g, struct view v, struct mp list, struct fieldset *out)
{
    struct lookup lookup_auto seen = {0};
    size_t mark = g->path.len;
    int rc = 0;
    for (struct mp_iter it = mp_items(list); !rc && mp_iter_next(&it);) {
        struct step step = view_step(g->arena, v, it.value);
        struct fieldset_node *node = fieldset_add(g->arena, out, step);
        if (lookup_find(&seen, step.text) != LOOKUP_NONE) {
            buf_auto struct buf key = BUF_INIT;
            step_format(step, &key);
            return error_set(g->err, E_INVALID, "%s: duplicate entries for key %s",
                             g->path.len ? g->path.data : ".", key.data);
        }
        lookup_add(&seen, step.text, it.value);
        node->marks = FIELDSET_MEMBER;
        step_format(step, &g->path);
        rc = gather_value(g, view_element(v), it.value, node);
        g->path.len = mark;
        g->path.data[mark] = '\0';
    }
    return rc;
}

static int gather_value(struct gather *g, struct view v, struct mp value,
                        struct fieldset_node *node)
{
    v.how = view_of(v, value);
    bool leaf = v.how == VIEW_LEAF || value.count == 0;
    if (leaf) node->marks = FIELDSET_MEMBER;
    if (leaf) return 0;
    return v.how == VIEW_LIST ? gather_list(g, v, value, &node->below)
                              : gather_map(g, v, value, &node->below);
}

int typed_fields(struct arena *a, const struct type *type, struct mp doc, struct fieldset *out,
                 struct error *err)
{
    struct gather g = {.arena = a, .err = err};
    struct fieldset s = {0};
    int rc = gather_map(&g, view_root(type), doc, &s);
    buf_free(&g.path);
    if (rc) return rc;
    fieldset_finish(a, &s);
    *out = s;
    return 0;
}
