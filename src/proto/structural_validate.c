/* Validation: types, and the way through the document. */
#include "proto/structural_walk.h"

#include "base/mem.h"

#include <math.h>

static bool type_fits(enum structural_type type, struct mp v)
{
    bool integer = v.type == MP_INT || v.type == MP_UINT ||
                   (v.type == MP_DOUBLE && isfinite(v.d) && v.d == trunc(v.d));
    switch (type) {
    case STRUCTURAL_ANY:
        return true;
    case STRUCTURAL_OBJECT:
        return v.type == MP_MAP;
    case STRUCTURAL_ARRAY:
        return v.type == MP_ARRAY;
    case STRUCTURAL_STRING:
        return v.type == MP_STR;
    case STRUCTURAL_INTEGER:
        return integer;
    case STRUCTURAL_NUMBER:
        return integer || v.type == MP_DOUBLE;
    case STRUCTURAL_BOOLEAN:
        return v.type == MP_BOOL;
    case STRUCTURAL_INT_OR_STRING:
        return integer || v.type == MP_STR;
    }
    return false;
}

static const char *type_name(enum structural_type type)
{
    static const char *const names[] = {
        [STRUCTURAL_ANY] = "any",         [STRUCTURAL_OBJECT] = "object",
        [STRUCTURAL_ARRAY] = "array",     [STRUCTURAL_STRING] = "string",
        [STRUCTURAL_INTEGER] = "integer", [STRUCTURAL_NUMBER] = "number",
        [STRUCTURAL_BOOLEAN] = "boolean", [STRUCTURAL_INT_OR_STRING] = "integer,string",
    };
    return names[type];
}

static void walk_fields(struct walk *w, const struct structural *s, struct mp map)
{
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
        const struct structural_property *p = structural_property(s, it.key);
        const struct structural *below = p ? p->schema : s->additional;
        if (!below) continue;
        size_t mark = path_field(&w->path, it.key);
        walk_value(w, below, it.value);
        path_cut(&w->path, mark);
    }
}

static void walk_items(struct walk *w, const struct structural *s, struct mp list)
{
    unsigned i = 0;
    for (struct mp_iter it = mp_items(list); s->items && mp_iter_next(&it); i++) {
        size_t mark = path_index(&w->path, i);
        walk_value(w, s->items, it.value);
        path_cut(&w->path, mark);
    }
    if (s->list != STRUCTURAL_ATOMIC) walk_list_keys(w, s, list);
}

/* An embedded object says what it is. */
static void walk_embedded(struct walk *w, struct mp v)
{
    static const char *const needed[] = {"apiVersion", "kind"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        struct mp text = mp_get(v, needed[i]);
        if (text.type != MP_STR || !text.s.n) say_required(w, str_of(needed[i]));
    }
}

void walk_value(struct walk *w, const struct structural *s, struct mp v)
{
    if (!walk_spend(w, 1)) return;
    if (v.type == MP_NIL && s->nullable) return;
    if (!type_fits(s->type, v)) {
        say_type(w, type_name(s->type), v);
        return;
    }
    if (s->rules) walk_rules(w, s, v);
    if (v.type == MP_MAP) {
        if (s->embedded) walk_embedded(w, v);
        walk_fields(w, s, v);
    } else if (v.type == MP_ARRAY) {
        walk_items(w, s, v);
    }
}

void structural_validate(const struct structural *s, struct mp doc, const char *path,
                         struct causes *causes)
{
    struct walk w = {.causes = causes};
    buf_puts(&w.path, path);
    walk_value(&w, s, doc);
    if (w.spent > WALK_MAX)
        causes_add(causes, "FieldValueInvalid", path,
                   "Invalid value: the schema asks for more checks than are carried out");
    buf_free(&w.path);
}
