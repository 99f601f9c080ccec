#include "actors/scheduler/node_table.h"

#include "base/mem.h"

#include <assert.h>
#include <xxhash.h>

void node_table_init(struct node_table *t)
{
    *t = (struct node_table){.zone_count = 1};
    resource_names_init(&t->names);
}

void node_table_clear(struct node_table *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        object_unref(t->rows[i].object);
        host_ports_free(&t->rows[i].ports);
    }
    map_free(&t->by_name);
    t->count = t->present = t->free = 0;
    t->sequence += NODE_LOG; /* whatever was derived is out of date */
}

void node_table_free(struct node_table *t)
{
    node_table_clear(t);
    mem_free(t->rows);
    mem_free(t->lot);
}

int64_t node_table_place(const struct node_table *t, istr name)
{
    const struct node_row *row = map_get(&t->by_name, &name, sizeof name);
    return row ? row - t->rows : -1;
}

bool node_table_before(const struct node_table *t, uint32_t a, uint32_t b)
{
    if (t->lot[a] != t->lot[b]) return t->lot[a] < t->lot[b];
    istr one = t->rows[a].name, other = t->rows[b].name;
    return one && other ? strcmp(one, other) < 0 : a < b;
}

static void node_table_grow(struct node_table *t)
{
    t->cap = t->cap ? t->cap * 2 : 64;
    t->rows = mem_resize(t->rows, t->cap * sizeof *t->rows);
    t->lot = mem_resize(t->lot, t->cap * sizeof *t->lot);
    map_free(&t->by_name); /* it points into the rows, which moved */
    for (uint32_t i = 0; i < t->count; i++)
        if (t->rows[i].name)
            map_put(&t->by_name, &t->rows[i].name, sizeof t->rows[i].name, &t->rows[i]);
}

static uint32_t node_table_make(struct node_table *t, istr name)
{
    int64_t known = node_table_place(t, name);
    if (known >= 0) return (uint32_t)known;
    uint32_t place;
    if (t->free) {
        place = t->free - 1;
        t->free = t->rows[place].next_free;
    } else {
        if (t->count == t->cap) node_table_grow(t);
        place = t->count++;
    }
    struct node_row *row = &t->rows[place];
    *row = (struct node_row){.name = name, .version = ++t->versions};
    t->lot[place] = XXH3_64bits(name, strlen(name));
    map_put(&t->by_name, &row->name, sizeof row->name, row);
    return place;
}

static void node_table_alter(struct node_table *t, uint32_t place)
{
    t->altered[t->sequence++ & (NODE_LOG - 1)] = place;
}

/* Nobody needs the place any more: no node of this name, and no pods on it. */
static void node_table_settle(struct node_table *t, uint32_t place)
{
    struct node_row *row = &t->rows[place];
    if (row->object || row->pods) return;
    assert(!row->ports.count);
    map_del(&t->by_name, &row->name, sizeof row->name);
    host_ports_free(&row->ports);
    *row = (struct node_row){.version = ++t->versions, .next_free = t->free};
    t->free = place + 1;
}

static bool condition_is_true(struct mp status, const char *type)
{
    for (struct mp_iter it = mp_items(mp_get(status, "conditions")); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "type"), type)) return mp_is(mp_get(it.value, "status"), "True");
    return false;
}

static uint32_t zone_of(struct node_table *t, const struct object *node)
{
    struct mp labels = object_labels(node);
    struct str zone = mp_str(mp_get(labels, "topology.kubernetes.io/zone"));
    if (!zone.n) zone = mp_str(mp_get(labels, "failure-domain.beta.kubernetes.io/zone"));
    if (!zone.n) return 0;
    for (uint32_t i = 1; i < t->zone_count; i++)
        if (str_is(zone, t->zones[i])) return i;
    if (t->zone_count == ZONES_MAX) return 0;
    t->zones[t->zone_count] = istr_get(zone);
    return t->zone_count++;
}

/* What the status says: is it ready, and how much is there. */
static bool row_read_status(struct node_table *t, struct node_row *row, struct mp status)
{
    struct mp allocatable = mp_get(status, "allocatable");
    if (allocatable.type != MP_MAP) allocatable = mp_get(status, "capacity");
    struct resource_row amounts = {0};
    resource_row_add(&t->names, allocatable, &amounts);
    int64_t pods = resource_count(mp_get(allocatable, "pods"));
    uint32_t pods_max = pods > UINT32_MAX ? UINT32_MAX : (uint32_t)pods;
    bool ready = condition_is_true(status, "Ready");
    bool altered = ready != row->ready || pods_max != row->pods_max ||
                   memcmp(&amounts, &row->allocatable, sizeof amounts) != 0;
    row->ready = ready;
    row->pods_max = pods_max;
    row->allocatable = amounts;
    return altered;
}

bool node_table_put(struct node_table *t, struct object *node)
{
    uint32_t place = node_table_make(t, istr_get(object_name(node)));
    struct node_row *row = &t->rows[place];
    struct object *before = row->object;
    bool altered = !before || before->body != node->body;
    row->object = object_ref(node);
    t->present += before == NULL;
    if (altered) {
        struct mp spec = doc_path(node->body, "spec");
        row->unschedulable = mp_bool(mp_get(spec, "unschedulable"), false);
        struct mp taints = mp_get(spec, "taints");
        row->tainted = taints.type == MP_ARRAY && taints.count > 0;
        row->zone = zone_of(t, node);
    }
    if (!before || before->status != node->status)
        altered |= row_read_status(t, row, doc_root(node->status));
    object_unref(before);
    if (!altered) return false;
    row->version = ++t->versions;
    node_table_alter(t, place);
    return true;
}

void node_table_drop(struct node_table *t, istr name)
{
    int64_t place = node_table_place(t, name);
    if (place < 0 || !t->rows[place].object) return;
    struct node_row *row = &t->rows[place];
    object_unref(row->object);
    row->object = NULL; /* the place stays for its pods, and for its return */
    row->zone = 0;
    row->version = ++t->versions;
    t->present--;
    node_table_alter(t, (uint32_t)place);
    node_table_settle(t, (uint32_t)place);
}

void node_table_use(struct node_table *t, istr node, const struct pod_view *pod, int sign)
{
    uint32_t place = node_table_make(t, node);
    struct node_row *row = &t->rows[place];
    assert(sign > 0 || row->pods);
    for (unsigned i = 0; i < t->names.count; i++)
        row->used.amount[i] += sign * (__int128)pod->requests.amount[i];
    row->pods += (uint32_t)sign;
    if (sign > 0)
        host_ports_add(&row->ports, &pod->ports);
    else
        host_ports_drop(&row->ports, &pod->ports);
    node_table_alter(t, place);
    node_table_settle(t, place);
}
