/* How writes change who owns what. */
#include "proto/managed_versions.h"

#include "proto/timefmt.h"

#include <stdlib.h>

enum { UPDATERS_MAX = 10 }; /* as in Kubernetes */

/* What the system itself writes is nobody's; metadata as such neither, only what is below it. */
bool managed_skips_metadata(struct str name)
{
    static const struct str names[] = {
        STR("creationTimestamp"), STR("deletionGracePeriodSeconds"),
        STR("deletionTimestamp"), STR("generation"),
        STR("managedFields"),     STR("name"),
        STR("namespace"),         STR("resourceVersion"),
        STR("selfLink"),          STR("uid"),
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, names[i])) return true;
    return false;
}

bool managed_skips(const struct writer *w, struct str name)
{
    bool status = str_is(name, "status");
    if (w->scope == WRITES_STATUS) return !status;
    return (status && w->scope == WRITES_BUT_STATUS) || str_is(name, "apiVersion") ||
           str_is(name, "kind");
}

static struct fieldset strip_metadata(struct arena *a, const struct fieldset *set)
{
    struct fieldset out = {0};
    for (uint32_t i = 0; i < set->count; i++)
        if (!managed_skips_metadata(set->nodes[i].step.text))
            *fieldset_add(a, &out, set->nodes[i].step) = set->nodes[i];
    return out;
}

struct fieldset managed_strip(struct arena *a, const struct writer *w, const struct fieldset *set)
{
    struct fieldset out = {0};
    for (uint32_t i = 0; i < set->count; i++) {
        struct fieldset_node node = set->nodes[i];
        if (managed_skips(w, node.step.text)) continue;
        if (str_is(node.step.text, "metadata")) {
            node.below = strip_metadata(a, &node.below);
            node.marks = 0;
            if (!node.below.count) continue;
        }
        *fieldset_add(a, &out, node.step) = node;
    }
    return out;
}

void managers_drop_empty(struct managers *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->count; i++)
        if (!fieldset_empty(&m->items[i].fields)) m->items[kept++] = m->items[i];
    m->count = kept;
}

static int updater_order(const void *x, const void *y)
{
    const struct manager *a = *(const struct manager *const *)x,
                         *b = *(const struct manager *const *)y;
    int order = str_cmp(a->time, b->time);
    return order ? order : str_cmp(a->name, b->name);
}

/* Puts what `old` owns to the bucket of its version, which is the first that was found of it; it
 * takes the common name when a second one comes. */
static bool cap_merge(struct managers *m, struct manager **buckets, uint32_t *bucket_count,
                      struct manager *old)
{
    for (uint32_t i = 0; i < *bucket_count; i++) {
        struct manager *bucket = buckets[i];
        if (!str_eq(bucket->api_version, old->api_version)) continue;
        bucket->name = STR("ancient-changes");
        bucket->subresource = (struct str){0};
        bucket->time = old->time;
        bucket->fields = fieldset_combine(m->arena, FIELDSET_UNION, &bucket->fields, &old->fields);
        old->fields = (struct fieldset){0};
        return true;
    }
    buckets[(*bucket_count)++] = old;
    return false;
}

static void managers_cap(struct managers *m)
{
    struct manager **updaters = arena_array(m->arena, struct manager *, m->count + 1);
    struct manager **buckets = arena_array(m->arena, struct manager *, m->count + 1);
    uint32_t count = 0, bucket_count = 0;
    for (uint32_t i = 0; i < m->count; i++)
        if (!m->items[i].applies) updaters[count++] = &m->items[i];
    if (count <= UPDATERS_MAX) return;
    qsort(updaters, count, sizeof(struct manager *), updater_order);
    uint32_t left = count;
    for (uint32_t i = 0; i < count && left > UPDATERS_MAX; i++)
        left -= cap_merge(m, buckets, &bucket_count, updaters[i]);
    managers_drop_empty(m);
}

/* Takes over what was added and changed, as of now. */
static void managers_give(struct managers *m, const struct writer *w, const struct fieldset *taken)
{
    char time[TIME_TEXT];
    time_format_s(w->now_s, time);
    struct manager *self = managers_find(m, w, false);
    self->time = (struct str){arena_text(m->arena, str_of(time)), strlen(time)};
    self->fields = fieldset_combine(m->arena, FIELDSET_UNION, &self->fields, taken);
    managers_cap(m);
}

/* Of what nobody owned before, all was added. */
static struct fieldset managers_lose(struct managers *m, const struct writer *w, struct mp before,
                                     struct mp after)
{
    if (before.type == MP_END && !m->count) return typed_compare(m->arena, w->type, before, after);
    struct changes changes = {.arena = m->arena, .writer = w, .before = before, .after = after};
    managers_take(m, NULL, &changes);
    return changes_seen(&changes, w->api_version)->taken;
}

void managers_update(struct managers *m, const struct writer *w, struct mp before, struct mp after)
{
    struct fieldset taken = managers_lose(m, w, before, after);
    taken = managed_strip(m->arena, w, &taken);
    if (!fieldset_empty(&taken)) managers_give(m, w, &taken);
}

void managed_track(const struct writer *w, struct mp before, struct mp after, struct mp given,
                   struct buf *out)
{
    struct arena *a = arena_new();
    struct managers m = managers_of(a, before, given);
    bool fresh = before.type == MP_END && !m.count;
    bool tracked = before.type == MP_END || m.count;
    if (tracked && !(fresh && managers_create(&m, w, after))) managers_update(&m, w, before, after);
    if (m.count) managers_write(&m, out);
    arena_free(a);
}
