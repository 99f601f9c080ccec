/* Views: how a type says that its values are seen. */
#include "proto/typed.h"

#include "proto/schema_tables.h"

static bool field_is(const struct field *f, const char *list_type)
{
    return f->list_type && strcmp(f->list_type, list_type) == 0;
}

/* Lists that only strategic merge speaks of are merged in the same way here, as in Kubernetes. */
static bool field_merges(const struct field *f)
{
    if (f->list_type) return !field_is(f, "atomic");
    return f->patch_merge;
}

static struct view view_field(const struct field *f, unsigned depth)
{
    struct view v = {VIEW_LEAF, f->type, f, depth};
    if (depth >= VIEW_DEPTH_MAX) return v;
    switch ((enum field_shape)f->shape) {
    case SHAPE_SCALAR:
        if (f->scalar == SCALAR_ANY && !field_is(f, "atomic")) v.how = VIEW_DEDUCED;
        break;
    case SHAPE_OBJECT:
        if (!field_is(f, "atomic")) v.how = VIEW_STRUCT;
        break;
    case SHAPE_MAP:
        if (!field_is(f, "atomic")) v.how = VIEW_MAP;
        break;
    case SHAPE_LIST:
        if (field_merges(f)) v.how = VIEW_LIST;
        break;
    }
    return v;
}

/* One of the many values of a list or map. */
static struct view view_one(const struct field *f, unsigned depth)
{
    enum view_how how = VIEW_LEAF;
    if (depth < VIEW_DEPTH_MAX && f->type)
        how = VIEW_STRUCT;
    else if (depth < VIEW_DEPTH_MAX && f->scalar == SCALAR_ANY)
        how = VIEW_DEDUCED;
    return (struct view){how, f->type, f, depth};
}

struct view view_root(const struct type *type)
{
    return (struct view){.how = VIEW_STRUCT, .type = type};
}

struct view view_member(struct view map, struct str key)
{
    unsigned depth = map.depth + 1;
    const struct field *f = map.how == VIEW_STRUCT ? type_field(map.type, key) : NULL;
    if (f) return view_field(f, depth);
    if (map.how == VIEW_MAP) return view_one(map.field, depth);
    return (struct view){.how = depth < VIEW_DEPTH_MAX ? VIEW_DEDUCED : VIEW_LEAF, .depth = depth};
}

struct view view_element(struct view list)
{
    return view_one(list.field, list.depth + 1);
}

enum view_how view_of(struct view v, struct mp value)
{
    if (v.how == VIEW_DEDUCED) return value.type == MP_MAP ? VIEW_DEDUCED : VIEW_LEAF;
    if (value.type == (v.how == VIEW_LIST ? MP_ARRAY : MP_MAP)) return v.how;
    return VIEW_LEAF;
}

bool view_names(struct view map, struct str key)
{
    return map.how == VIEW_STRUCT && type_field(map.type, key);
}

bool view_is_given(struct view map, struct view member)
{
    const struct field *f = map.how == VIEW_STRUCT ? member.field : NULL;
    return f && f->shape == SHAPE_OBJECT && (map.depth == 0 || f->required);
}

bool view_gives(struct view map, struct str key)
{
    return view_is_given(map, view_member(map, key));
}

static struct mp view_default(const struct type *type, struct str name)
{
    for (unsigned i = 0; type && i < type->default_count; i++) {
        const struct type_default *line = &type->defaults[i];
        if (line->bytes && str_is(name, line->field->name)) return mp_read(line->bytes, line->len);
    }
    return (struct mp){0};
}

struct step view_step(struct arena *a, struct view list, struct mp element)
{
    enum { KEYS_MAX = 8 };
    struct step_field fields[KEYS_MAX];
    uint32_t count = 0;
    const struct field *f = list.field;
    struct str keys = str_of(f->list_keys ? f->list_keys : f->merge_key), key;
    if (!keys.n) return step_of_value(a, element);
    while (count < KEYS_MAX && str_split(&keys, ',', &key)) {
        struct mp value = mp_get_str(element, key);
        if (value.type == MP_END) value = view_default(f->type, key);
        if (value.type != MP_END) fields[count++] = (struct step_field){key, value};
    }
    return step_of_key(a, fields, count);
}
