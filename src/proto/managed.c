/* How writes change who owns what. */
#include "proto/managed.h"

#include "proto/timefmt.h"

#include <stdlib.h>

enum { UPDATERS_MAX = 10 }; /* as in Kubernetes */

/* What the system itself writes is nobody's. */
static const char *const strip_top[] = {"apiVersion", "kind", "metadata"};
static const char *const strip_metadata[] = {"name",
                                             "namespace",
                                             "creationTimestamp",
                                             "selfLink",
                                             "uid",
                                             "generation",
                                             "managedFields",
                                             "resourceVersion",
                                             "deletionTimestamp",
                                             "deletionGracePeriodSeconds"};

static void strip_add(struct arena *a, struct fieldset *s, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fieldset_add(a, s, (struct step){STEP_FIELD, str_of(names[i])})->marks = FIELDSET_MEMBER;
}

static struct fieldset strip_set(struct arena *a, bool status)
{
    struct fieldset s = {0}, below = {0};
    strip_add(a, &below, strip_metadata, sizeof strip_metadata / sizeof *strip_metadata);
    strip_add(a, &s, strip_top, sizeof strip_top / sizeof *strip_top);
    struct fieldset_node *metadata = &s.nodes[s.count - 1];
    metadata->marks = 0;
    metadata->below = below;
    if (status) strip_add(a, &s, (const char *const[]){"status"}, 1);
    fieldset_finish(a, &s);
    return s;
}

/* Only these fields of the root. */
static struct fieldset strip_to(struct arena *a, const struct fieldset *set, const char *name)
{
    struct fieldset out = {0};
    struct step step = {STEP_FIELD, str_of(name)};
    const struct fieldset_node *node = fieldset_find(set, step);
    if (node) *fieldset_add(a, &out, step) = *node;
    return out;
}

struct fieldset managed_strip(struct arena *a, const struct writer *w, const struct fieldset *set)
{
    if (w->scope == WRITES_STATUS) return strip_to(a, set, "status");
    struct fieldset system = strip_set(a, w->scope == WRITES_BUT_STATUS);
    struct fieldset out = fieldset_without(a, set, &system);
    /* metadata as a member is nobody's, but what is below it is. */
    for (uint32_t i = 0; i < out.count; i++)
        if (str_is(out.nodes[i].step.text, "metadata")) out.nodes[i].marks = 0;
    fieldset_finish(a, &out);
    return out;
}

void managers_take(struct managers *m, const struct manager *keep, const struct fieldset *taken,
                   const struct fieldset *removed)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        struct manager *one = &m->items[i];
        if (one != keep) {
            one->fields = fieldset_combine(m->arena, FIELDSET_DIFFERENCE, &one->fields, taken);
            one->fields = fieldset_combine(m->arena, FIELDSET_DIFFERENCE, &one->fields, removed);
        }
        if (!fieldset_empty(&one->fields)) m->items[kept++] = *one;
    }
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
    managers_take(m, NULL, &(struct fieldset){0}, &(struct fieldset){0});
}

void managers_update(struct managers *m, const struct writer *w, struct mp before, struct mp after)
{
    struct arena *a = m->arena;
    struct fieldset change = typed_compare(a, w->type, before, after);
    struct fieldset taken = fieldset_select(a, &change, CHANGE_ADDED | CHANGE_MODIFIED);
    struct fieldset removed = fieldset_select(a, &change, CHANGE_REMOVED);
    taken = managed_strip(a, w, &taken);
    managers_take(m, NULL, &taken, &removed);
    if (fieldset_empty(&taken)) return;
    char time[TIME_TEXT];
    time_format_s(w->now_s, time);
    struct manager *self = managers_find(m, w, false);
    self->time = (struct str){arena_text(a, str_of(time)), strlen(time)};
    self->fields = fieldset_combine(a, FIELDSET_UNION, &self->fields, &taken);
    managers_cap(m);
}

void managed_track(const struct writer *w, struct mp before, struct mp after, struct mp given,
                   struct buf *out)
{
    struct arena *a = arena_new();
    struct managers m = managers_of(a, before, given);
    if (before.type == MP_END || m.count) managers_update(&m, w, before, after);
    if (m.count) managers_write(&m, out);
    arena_free(a);
}
