/* Managers as they stand in an object's metadata. */
#include "proto/managed.h"

#include <stdlib.h>

enum { MANAGERS_MAX = 1000 }; /* that a client may set at once */

static bool entry_is(struct mp entry, const char *key, const char *text)
{
    return mp_is(mp_get(entry, key), text);
}

static int manager_read(struct arena *a, struct mp entry, struct manager *out, struct error *err)
{
    struct manager m = {
        .name = mp_str(mp_get(entry, "manager")),
        .api_version = mp_str(mp_get(entry, "apiVersion")),
        .subresource = mp_str(mp_get(entry, "subresource")),
        .time = mp_str(mp_get(entry, "time")),
        .applies = entry_is(entry, "operation", "Apply"),
    };
    if (!m.applies && !entry_is(entry, "operation", "Update"))
        return error_set(err, E_INVALID, "operation: Invalid value: must be `Apply` or `Update`");
    if (!entry_is(entry, "fieldsType", "FieldsV1"))
        return error_set(err, E_INVALID, "fieldsType: Invalid value: must be `FieldsV1`");
    if (m.name.n > MANAGER_NAME_MAX)
        return error_set(err, E_INVALID, "manager: Too long: must have at most %d bytes",
                         MANAGER_NAME_MAX);
    int rc = fieldset_read(a, mp_get(entry, "fieldsV1"), &m.fields, err);
    if (!rc) *out = m;
    return rc;
}

static struct manager *managers_add(struct managers *m)
{
    if (m->count == m->cap) {
        uint32_t cap = m->cap ? 2 * m->cap : 8;
        struct manager *items = arena_array(m->arena, struct manager, cap);
        if (m->count) memcpy(items, m->items, m->count * sizeof *items);
        m->items = items;
        m->cap = cap;
    }
    m->items[m->count] = (struct manager){0};
    return &m->items[m->count++];
}

int managers_read(struct arena *a, struct mp list, struct managers *out, struct error *err)
{
    struct managers m = {.arena = a};
    int rc = 0;
    if (list.type != MP_ARRAY && list.type != MP_END && list.type != MP_NIL)
        return error_set(err, E_INVALID, "must be a list");
    for (struct mp_iter it = mp_items(list); !rc && mp_iter_next(&it);)
        rc = manager_read(a, it.value, managers_add(&m), err);
    if (!rc) *out = m;
    return rc;
}

struct managers managers_of(struct arena *a, struct mp live, struct mp given)
{
    struct managers m = {.arena = a};
    bool reset = given.type == MP_ARRAY && given.count == 1 && mp_at(given, 0).type == MP_MAP &&
                 mp_at(given, 0).count == 0;
    if (reset) return m;
    bool few = given.type == MP_ARRAY && given.count <= MANAGERS_MAX;
    if (few && managers_read(a, given, &m, NULL) == 0 && m.count) return m;
    if (managers_read(a, mp_path(live, "metadata.managedFields"), &m, NULL) == 0) return m;
    return (struct managers){.arena = a};
}

struct manager *managers_find(struct managers *m, const struct writer *w, bool applies)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct manager *known = &m->items[i];
        if (known->applies == applies && str_eq(known->name, w->manager) &&
            str_eq(known->subresource, w->subresource) &&
            (applies || str_eq(known->api_version, w->api_version)))
            return known;
    }
    struct manager *new = managers_add(m);
    new->name = w->manager;
    new->api_version = w->api_version;
    new->subresource = w->subresource;
    new->applies = applies;
    return new;
}

static int manager_order(const void *x, const void *y)
{
    const struct manager *a = x, *b = y;
    if (a->applies != b->applies) return a->applies ? -1 : 1;
    int order = str_cmp(a->time, b->time);
    if (!order) order = str_cmp(a->name, b->name);
    if (!order) order = str_cmp(a->api_version, b->api_version);
    return order ? order : str_cmp(a->subresource, b->subresource);
}

static void manager_write(const struct manager *m, struct buf *out)
{
    const struct {
        const char *key;
        struct str text;
    } texts[] = {
        {"manager", m->name},
        {"operation", m->applies ? STR("Apply") : STR("Update")},
        {"apiVersion", m->api_version},
        {"time", m->time},
        {"fieldsType", STR("FieldsV1")},
        {"subresource", m->subresource},
    };
    enum { TEXTS = sizeof texts / sizeof *texts };
    uint32_t pairs = 1;
    for (int i = 0; i < TEXTS; i++) pairs += texts[i].text.n > 0;
    mp_put_map(out, pairs);
    for (int i = 0; i < TEXTS; i++) {
        if (i == TEXTS - 1) {
            mp_put_z(out, "fieldsV1");
            if (m->written.n)
                mp_put_raw(out, m->written);
            else
                fieldset_write(&m->fields, out);
        }
        if (!texts[i].text.n) continue;
        mp_put_z(out, texts[i].key);
        mp_put_str(out, texts[i].text);
    }
}

void managers_write(struct managers *m, struct buf *out)
{
    if (m->count > 1) qsort(m->items, m->count, sizeof *m->items, manager_order);
    mp_put_array(out, m->count);
    for (uint32_t i = 0; i < m->count; i++) manager_write(&m->items[i], out);
}
