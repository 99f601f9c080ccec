#include "proto/managed_versions.h"

#include "proto/convert.h"
#include "proto/definition.h"

#include <assert.h>

static const struct kind_version *version_custom(const struct kind *kind, struct str api_version)
{
    const struct definition *d = definition_of(kind)->definition;
    for (unsigned i = 0; i < d->version_count; i++)
        if (str_is(api_version, d->versions[i].served.api_version)) return &d->versions[i].served;
    return NULL;
}

const struct kind_version *version_of_writer(const struct writer *w, struct str api_version)
{
    if (!w->served || str_eq(api_version, w->api_version)) return w->served;
    const struct kind *kind = w->served->kind;
    if (kind->custom) return version_custom(kind, api_version);
    for (unsigned i = 0; i < kind->version_count; i++)
        if (str_is(api_version, kind->versions[i].api_version)) return &kind->versions[i];
    return NULL;
}

static struct mp version_keep(struct arena *a, const struct buf *doc)
{
    return mp_whole(arena_text(a, (struct str){doc->data, doc->len}), doc->len);
}

struct mp version_document(struct arena *a, const struct kind_version *from,
                           const struct kind_version *to, struct mp doc)
{
    if (from == to || doc.type == MP_END) return doc;
    if (!convert_needed(from) && !convert_needed(to)) return doc;
    buf_auto struct buf stored = BUF_INIT, shown = BUF_INIT;
    struct mp whole = doc;
    if (convert_needed(from)) {
        convert_to_stored(from, doc, &stored);
        whole = mp_whole(stored.data, stored.len);
    }
    if (!convert_needed(to)) return version_keep(a, &stored);
    convert_from_stored(to, whole, &shown);
    return version_keep(a, &shown);
}

static struct change_seen changes_compare(const struct changes *c, struct str api_version)
{
    const struct writer *w = c->writer;
    struct change_seen seen = {.api_version = api_version};
    const struct kind_version *v = version_of_writer(w, api_version);
    if (w->served && !v) return seen;
    const struct type *type = w->type;
    struct mp before = c->before, after = c->after;
    if (w->served && v) {
        type = v->type;
        before = version_document(c->arena, w->served, v, before);
        after = version_document(c->arena, w->served, v, after);
    }
    struct fieldset change = typed_compare(c->arena, type, before, after);
    seen.known = true;
    seen.taken = fieldset_select(c->arena, &change, CHANGE_ADDED | CHANGE_MODIFIED);
    seen.removed = fieldset_select(c->arena, &change, CHANGE_REMOVED);
    if (c->written_only) seen.taken = managed_strip(c->arena, w, &seen.taken);
    return seen;
}

const struct change_seen *changes_seen(struct changes *c, struct str api_version)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (str_eq(c->items[i].api_version, api_version)) return &c->items[i];
    if (c->count == c->cap) {
        uint32_t cap = c->cap ? 2 * c->cap : 2;
        struct change_seen *items = arena_array(c->arena, struct change_seen, cap);
        if (c->count) memcpy(items, c->items, c->count * sizeof *items);
        c->items = items;
        c->cap = cap;
    }
    c->items[c->count] = changes_compare(c, api_version);
    return &c->items[c->count++];
}

void managers_take(struct managers *m, const struct manager *keep, struct changes *changes)
{
    assert(m->items || !m->count);
    for (uint32_t i = 0; i < m->count; i++) {
        struct manager *one = &m->items[i];
        if (one == keep) continue;
        const struct change_seen *seen = changes_seen(changes, one->api_version);
        one->fields = seen->known ? fieldset_combine(m->arena, FIELDSET_DIFFERENCE, &one->fields,
                                                     &seen->taken)
                                  : (struct fieldset){0};
        one->fields = fieldset_combine(m->arena, FIELDSET_DIFFERENCE, &one->fields, &seen->removed);
    }
    managers_drop_empty(m);
}
