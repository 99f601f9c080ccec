#include "actors/scheduler/node_table.h"

#include "base/mem.h"
#include "proto/quantity.h"

void node_table_init(struct node_table *t)
{
    *t = (struct node_table){0};
    resource_names_init(&t->names);
}

void node_table_clear(struct node_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) object_unref(t->rows[i].object);
    map_free(&t->by_name);
    t->count = t->present = 0;
    t->sequence += NODE_LOG; /* whatever was derived is out of date */
}

void node_table_free(struct node_table *t)
{
    node_table_clear(t);
    mem_free(t->rows);
}

int64_t node_table_place(const struct node_table *t, istr name)
{
    uintptr_t place = (uintptr_t)map_get(&t->by_name, &name, sizeof name);
    return (int64_t)place - 1;
}

static uint32_t node_table_make(struct node_table *t, istr name)
{
    int64_t place = node_table_place(t, name);
    if (place >= 0) return (uint32_t)place;
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->rows = mem_resize(t->rows, t->cap * sizeof *t->rows);
        map_free(&t->by_name); /* its keys lie in the rows, which moved */
        for (uint32_t i = 0; i < t->count; i++)
            map_put(&t->by_name, &t->rows[i].name, sizeof name, (void *)(uintptr_t)(i + 1));
    }
    struct node_row *row = &t->rows[t->count];
    *row = (struct node_row){.name = name};
    map_put(&t->by_name, &row->name, sizeof name, (void *)(uintptr_t)(t->count + 1));
    return t->count++;
}

static void node_table_alter(struct node_table *t, uint32_t place)
{
    t->altered[t->sequence++ & (NODE_LOG - 1)] = place;
}

static bool condition_is_true(struct mp status, const char *type)
{
    for (struct mp_iter it = mp_items(mp_get(status, "conditions")); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "type"), type)) return mp_is(mp_get(it.value, "status"), "True");
    return false;
}

void node_table_put(struct node_table *t, struct object *node)
{
    uint32_t place = node_table_make(t, istr_get(object_name(node)));
    struct node_row *row = &t->rows[place];
    struct mp spec = doc_path(node->body, "spec"), status = doc_root(node->status);
    struct mp allocatable = mp_get(status, "allocatable");
    if (allocatable.type != MP_MAP) allocatable = mp_get(status, "capacity");
    t->present += row->object == NULL;
    object_unref(row->object);
    row->object = object_ref(node);
    row->unschedulable = mp_bool(mp_get(spec, "unschedulable"), false);
    row->tainted = mp_get(spec, "taints").count > 0;
    row->ready = condition_is_true(status, "Ready");
    row->allocatable = (struct resource_row){0};
    resource_row_add(&t->names, allocatable, &row->allocatable);
    struct mp pods = mp_get(allocatable, "pods");
    int64_t pods_max = mp_i64(pods, 0);
    if (pods.type == MP_STR) quantity_value(pods.s, &pods_max);
    row->pods_max = pods_max < 0 ? 0 : pods_max > UINT32_MAX ? UINT32_MAX : (uint32_t)pods_max;
    node_table_alter(t, place);
}

void node_table_drop(struct node_table *t, istr name)
{
    int64_t place = node_table_place(t, name);
    if (place < 0 || !t->rows[place].object) return;
    object_unref(t->rows[place].object);
    t->rows[place].object = NULL; /* the place stays for its pods, and for its return */
    t->present--;
    node_table_alter(t, (uint32_t)place);
}

void node_table_use(struct node_table *t, istr node, const struct resource_row *amounts, int sign)
{
    uint32_t place = node_table_make(t, node);
    struct node_row *row = &t->rows[place];
    for (unsigned i = 0; i < t->names.count; i++) row->used.amount[i] += sign * amounts->amount[i];
    row->pods += (uint32_t)sign;
    node_table_alter(t, place);
}
