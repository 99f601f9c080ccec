#include "api/definitions.h"

#include "api/watch.h"
#include "base/mem.h"

struct definitions {
    struct api *api;
    struct definition **all; /* by group, then resource */
    size_t count, cap;
};

/* Reads every definition there is, on the core's thread. */
struct census {
    struct ask ask;
    struct definitions *definitions;
    struct object **objects;
    size_t count;
};

struct definitions *definitions_new(struct api *a)
{
    struct definitions *d = mem_new(struct definitions);
    d->api = a;
    return d;
}

static void definitions_clear(struct definitions *d)
{
    for (size_t i = 0; i < d->count; i++) definition_unref(d->all[i]);
    d->count = 0;
}

void definitions_free(struct definitions *d)
{
    if (!d) return;
    definitions_clear(d);
    mem_free(d->all);
    mem_free(d);
}

static int definitions_order(const struct definition *d, struct str group, struct str resource)
{
    int order = str_cmp(group, str_of(d->identity->group));
    return order ? order : str_cmp(resource, str_of(d->identity->resource));
}

/* The place of a kind, or where it would be. */
static size_t definitions_place(const struct definitions *d, struct str group, struct str resource,
                                bool *found)
{
    size_t low = 0, high = d->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = definitions_order(d->all[middle], group, resource);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void definitions_insert(struct definitions *d, size_t at, struct definition *new)
{
    if (d->count == d->cap) {
        d->cap = d->cap * 2 + 8;
        d->all = mem_resize(d->all, d->cap * sizeof(struct definition *));
    }
    memmove(d->all + at + 1, d->all + at, (d->count - at) * sizeof(struct definition *));
    d->all[at] = new;
    d->count++;
}

/* Its watches end: what they would tell next is no longer what they told first. Clients come back
 * and see the kind as it is now, or that it is gone. */
static void definitions_drop(struct definitions *d, size_t at, bool end_watches)
{
    struct definition *old = d->all[at];
    memmove(d->all + at, d->all + at + 1, (d->count - at - 1) * sizeof(struct definition *));
    d->count--;
    if (end_watches && d->api) watch_hub_end_kind(d->api->watches, old->identity);
    definition_unref(old);
}

void definitions_remove(struct definitions *d, struct str key)
{
    bool found;
    const struct kind *k = kind_by_key(key);
    if (!k || !k->custom) return;
    size_t at = definitions_place(d, str_of(k->group), str_of(k->resource), &found);
    if (found) definitions_drop(d, at, true);
}

void definitions_put(struct definitions *d, const struct object *crd)
{
    bool found;
    struct definition *new;
    if (definition_compile(crd, &new, NULL)) { /* an older build let it in; nothing is served */
        definitions_remove(d, object_name(crd));
        return;
    }
    const struct kind *k = new->identity;
    size_t at = definitions_place(d, str_of(k->group), str_of(k->resource), &found);
    struct definition *old = found ? d->all[at] : NULL;
    bool older = old && old->revision >= new->revision;
    if (older || !new->established) {
        if (old && !older) definitions_drop(d, at, true);
        definition_unref(new);
        return;
    }
    bool same = old && str_eq(doc_path(old->body, "spec").raw, doc_path(new->body, "spec").raw);
    if (old) definitions_drop(d, at, !same);
    definitions_insert(d, at, new);
}

void definitions_batch(struct definitions *d, const struct feed_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct feed_change *c = &b->changes[i];
        const struct object *any = c->after ? c->after : c->before;
        if (any->id->kind != kind_crd) continue;
        if (c->after)
            definitions_put(d, c->after);
        else
            definitions_remove(d, object_name(any));
    }
}

static void census_on_core(struct ask *a, struct system *s)
{
    struct census *c = container_of(a, struct census, ask);
    struct world *w = system_world(s);
    c->objects = mem_alloc((world_count(w, kind_crd) + 1) * sizeof(struct object *));
    for (struct actor *actor = world_first(w, kind_crd, NULL); actor;
         actor = world_next(actor, NULL))
        c->objects[c->count++] = object_ref(actor->object);
}

static void census_done(struct ask *a, int status)
{
    struct census *c = container_of(a, struct census, ask);
    for (size_t i = 0; i < c->count && !status; i++) definitions_put(c->definitions, c->objects[i]);
    objects_free(c->objects, c->count);
    mem_free(c);
}

void definitions_started(struct definitions *d)
{
    struct census *c = mem_new(struct census);
    definitions_clear(d);
    c->definitions = d;
    c->ask = (struct ask){.home = d->api->options.home,
                          .freshness = FRESH_ANY,
                          .on_core = census_on_core,
                          .done = census_done};
    gate_ask(d->api->options.gate, &c->ask);
}

size_t definitions_count(const struct definitions *d)
{
    return d ? d->count : 0;
}

struct definition *definitions_at(const struct definitions *d, size_t i)
{
    return d->all[i];
}

const struct definition_version *definitions_find(const struct definitions *d, struct str group,
                                                  struct str version, struct str resource)
{
    bool found = false;
    size_t at = d ? definitions_place(d, group, resource, &found) : 0;
    if (!found) return NULL;
    const struct definition_version *v = definition_version(d->all[at], version);
    return v && v->is_served ? v : NULL;
}

static bool definition_serves(const struct definition *d, struct str version)
{
    for (unsigned i = 0; i < d->version_count; i++)
        if (d->versions[i].is_served &&
            (!version.p || str_is(version, d->versions[i].served.version)))
            return true;
    return false;
}

bool definitions_have(const struct definitions *d, struct str group, struct str version)
{
    bool found;
    if (!d) return false;
    for (size_t i = definitions_place(d, group, STR(""), &found); i < d->count; i++) {
        if (!str_is(group, d->all[i]->identity->group)) return false;
        if (definition_serves(d->all[i], version)) return true;
    }
    return false;
}
