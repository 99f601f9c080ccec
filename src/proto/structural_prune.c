/* Pruning and defaulting: the two walks that make a document what its schema says. */
#include "base/mem.h"
#include "proto/admit_path.h"
#include "proto/structural.h"

struct pruner {
    struct buf path;
    struct causes *unknown; /* or NULL */
    struct buf *out;
};

static void prune_value(struct pruner *p, const struct structural *s, struct mp v, bool root);

static bool prune_is_own(struct str key)
{
    return str_is(key, "metadata") || str_is(key, "apiVersion") || str_is(key, "kind");
}

/* What the schema says of this field; false: it knows nothing of it, and it goes. */
static bool prune_field(const struct structural *s, struct str key, bool root,
                        const struct structural **below, bool *whole)
{
    const struct structural_property *named = s ? structural_property(s, key) : NULL;
    *below = named ? named->schema : NULL;
    *whole = false;
    if (root && prune_is_own(key)) {
        *whole = true;
        return true;
    }
    if (*below) return true;
    if (!s) return false;
    *below = s->additional;
    *whole = s->preserves && !s->additional;
    return s->additional || s->additional_any || s->preserves;
}

static void prune_map(struct pruner *p, const struct structural *s, struct mp map, bool root)
{
    uint32_t kept = 0;
    size_t mark = mp_begin(p->out);
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        const struct structural *below;
        bool whole;
        size_t path = path_field(&p->path, it.key);
        if (prune_field(s, it.key, root, &below, &whole)) {
            mp_put_str(p->out, it.key);
            if (whole)
                mp_put(p->out, it.value);
            else
                prune_value(p, below, it.value, below && below->embedded);
            kept++;
        } else if (p->unknown) {
            causes_add(p->unknown, "FieldValueInvalid", path_text(&p->path), "unknown field");
        }
        path_cut(&p->path, path);
    }
    mp_end_map(p->out, mark, kept);
}

static void prune_value(struct pruner *p, const struct structural *s, struct mp v, bool root)
{
    if (v.type == MP_MAP) {
        prune_map(p, s, v, root);
    } else if (v.type == MP_ARRAY) {
        unsigned i = 0;
        const struct structural *items = s ? s->items : NULL;
        if (s && s->preserves && !items) { /* nothing is known of the items, and all is kept */
            mp_put(p->out, v);
            return;
        }
        mp_put_array(p->out, v.count);
        for (struct mp_iter it = mp_items(v); mp_iter_next(&it); i++) {
            size_t path = path_index(&p->path, i);
            prune_value(p, items, it.value, items && items->embedded);
            path_cut(&p->path, path);
        }
    } else {
        mp_put(p->out, v);
    }
}

void structural_prune(const struct structural *s, struct mp doc, bool root, struct causes *unknown,
                      struct buf *out)
{
    struct pruner p = {.unknown = unknown, .out = out};
    prune_value(&p, s, doc, root || s->embedded);
    buf_free(&p.path);
}

/* ---- defaults */

static bool preset_wanted(const struct structural *s, struct mp given)
{
    return s && s->preset.type != MP_END &&
           (given.type == MP_END || (given.type == MP_NIL && !s->nullable));
}

static void default_field(const struct structural *s, struct mp v, struct buf *out)
{
    if (preset_wanted(s, v)) v = s->preset;
    if (s && s->presets_below)
        structural_default(s, v, out);
    else
        mp_put(out, v);
}

static void default_map(const struct structural *s, struct mp map, struct buf *out)
{
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    mem_auto bool *given = mem_zalloc(s->property_count + 1);
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it); pairs++) {
        const struct structural_property *p = structural_property(s, it.key);
        if (p) given[p - s->properties] = true;
        mp_put_str(out, it.key);
        default_field(p ? p->schema : s->additional, it.value, out);
    }
    for (uint32_t i = 0; i < s->property_count; i++) {
        const struct structural_property *p = &s->properties[i];
        if (p->schema->preset.type == MP_END || given[i]) continue;
        mp_put_str(out, p->name);
        default_field(p->schema, (struct mp){0}, out);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}

void structural_default(const struct structural *s, struct mp doc, struct buf *out)
{
    if (!s->presets_below) {
        mp_put(out, doc);
    } else if (doc.type == MP_MAP) {
        default_map(s, doc, out);
    } else if (doc.type == MP_ARRAY) {
        mp_put_array(out, doc.count);
        for (struct mp_iter it = mp_items(doc); mp_iter_next(&it);)
            default_field(s->items, it.value, out);
    } else {
        mp_put(out, doc);
    }
}
