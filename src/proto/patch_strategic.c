/* Strategic merge of maps. Merging into nothing is how a new value is freed of its directives and
 * nulls. */
#include "proto/patch_strategic.h"

#define ORDER_PREFIX  "$setElementOrder/"
#define DELETE_PREFIX "$deleteFromPrimitiveList/"

int strategic_directive(struct mp map, enum directive *out, struct error *err)
{
    struct mp v = mp_get(map, "$patch");
    if (v.type == MP_END)
        *out = DIRECTIVE_NONE;
    else if (mp_is(v, "replace"))
        *out = DIRECTIVE_REPLACE;
    else if (mp_is(v, "delete"))
        *out = DIRECTIVE_DELETE;
    else if (mp_is(v, "merge"))
        *out = DIRECTIVE_MERGE;
    else
        return error_set(err, E_INVALID, "unknown patch type: '%.*s'", (int)mp_str(v).n,
                         v.type == MP_STR ? v.s.p : "");
    return 0;
}

static bool strategic_is_directive(struct str key)
{
    return str_is(key, "$patch") || str_is(key, "$retainKeys") || str_starts(key, ORDER_PREFIX) ||
           str_starts(key, DELETE_PREFIX);
}

struct map_patch {
    struct shape shape;
    struct lookup changes, before;
    struct lookup retained; /* with any_retained: the only keys that stay */
    bool any_retained, any_directive;
    struct error *err;
};

static int strategic_read_retained(struct map_patch *m)
{
    struct mp list = lookup_get(&m->changes, "$retainKeys");
    if (list.type == MP_END) return 0;
    m->any_retained = true;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        lookup_add(&m->retained, mp_str(it.value), it.value);
    for (uint32_t i = 0; i < m->changes.count; i++) {
        const struct member *change = &m->changes.items[i];
        if (change->value.type == MP_NIL || strategic_is_directive(change->key)) continue;
        if (lookup_find(&m->retained, change->key) == LOOKUP_NONE)
            return error_set(m->err, E_INVALID,
                             "invalid patch format of retainKeys: '%.*s' is patched and not in "
                             "the list",
                             (int)change->key.n, change->key.p);
    }
    return 0;
}

static const struct field *strategic_field(struct shape shape, struct str key)
{
    return shape.fields ? type_field(shape.fields, key) : NULL;
}

static struct shape strategic_inner(struct shape shape, const struct field *field)
{
    if (shape.values) return (struct shape){.fields = shape.values};
    if (!field) return (struct shape){0};
    if (field->shape == SHAPE_MAP) return (struct shape){.values = field->type};
    return (struct shape){.fields = field->type};
}

static struct mp strategic_sibling(const struct map_patch *m, const char *prefix, struct str key)
{
    if (!m->any_directive) return (struct mp){0};
    buf_auto struct buf name = BUF_INIT;
    buf_puts(&name, prefix);
    buf_append(&name, key.p, key.n);
    return lookup_get(&m->changes, name.data);
}

/* The new value of one field that is patched, or that a directive beside it speaks of. */
static int strategic_value(const struct map_patch *m, const struct list_patch *given,
                           struct str key, struct buf *out)
{
    bool list = given->patch.type == MP_ARRAY ||
                (given->patch.type == MP_END && given->target.type == MP_ARRAY);
    if (list && given->field && given->field->patch_merge)
        return strategic_list(given, out, m->err);
    if (given->patch.type == MP_MAP)
        return strategic_map(strategic_inner(m->shape, strategic_field(m->shape, key)),
                             given->target, given->patch, out, m->err);
    mp_put(out, given->patch.type == MP_END ? given->target : given->patch);
    return 0;
}

static int strategic_put(const struct map_patch *m, struct str key, struct mp target,
                         struct mp patch, struct buf *out)
{
    struct list_patch given = {
        .field = strategic_field(m->shape, key),
        .target = target,
        .patch = patch,
        .order = strategic_sibling(m, ORDER_PREFIX, key),
        .deleted = strategic_sibling(m, DELETE_PREFIX, key),
    };
    mp_put_str(out, key);
    return strategic_value(m, &given, key, out);
}

static int strategic_put_all(const struct map_patch *m, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    int rc = 0;
    for (uint32_t i = 0; i < m->before.count && !rc; i++) {
        const struct member *old = &m->before.items[i];
        if (m->any_retained && lookup_find(&m->retained, old->key) == LOOKUP_NONE) continue;
        uint32_t at = lookup_find(&m->changes, old->key);
        struct mp change = at == LOOKUP_NONE ? (struct mp){0} : m->changes.items[at].value;
        if (change.type == MP_NIL) continue;
        rc = strategic_put(m, old->key, old->value, change, out);
        pairs++;
    }
    for (uint32_t i = 0; i < m->changes.count && !rc; i++) {
        const struct member *new = &m->changes.items[i];
        if (new->value.type == MP_NIL || strategic_is_directive(new->key) ||
            lookup_find(&m->before, new->key) != LOOKUP_NONE)
            continue;
        rc = strategic_put(m, new->key, (struct mp){0}, new->value, out);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
    return rc;
}

int strategic_map(struct shape shape, struct mp target, struct mp patch, struct buf *out,
                  struct error *err)
{
    enum directive directive;
    int rc = strategic_directive(patch, &directive, err);
    if (rc) return rc;
    if (directive == DIRECTIVE_DELETE) {
        mp_put_map(out, 0);
        return 0;
    }
    if (directive == DIRECTIVE_REPLACE) target = (struct mp){0};
    struct map_patch m = {
        .shape = shape, .changes = lookup_map(patch), .before = lookup_map(target), .err = err};
    for (uint32_t i = 0; i < m.changes.count && !m.any_directive; i++)
        m.any_directive = m.changes.items[i].key.n && m.changes.items[i].key.p[0] == '$';
    rc = strategic_read_retained(&m);
    if (!rc) rc = strategic_put_all(&m, out);
    lookup_free(&m.changes);
    lookup_free(&m.before);
    lookup_free(&m.retained);
    return rc;
}

int patch_strategic(const struct type *type, struct mp target, struct mp patch, struct buf *out,
                    struct error *err)
{
    if (patch.type != MP_MAP)
        return error_set(err, E_INVALID, "a strategic merge patch must be a JSON object");
    size_t before = out->len;
    int rc = strategic_map((struct shape){.fields = type}, target, patch, out, err);
    if (rc) out->len = before;
    return rc;
}
