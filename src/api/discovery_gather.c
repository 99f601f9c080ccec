/* What is served, gathered for one answer. */
#include "api/discovery.h"

#include "base/mem.h"

static size_t gather_size(const struct definitions *definitions)
{
    size_t n = 0;
    for (unsigned i = 0; i < kind_builtin_count(); i++) n += kind_at(i)->version_count;
    for (size_t i = 0; i < definitions_count(definitions); i++)
        n += definitions_at(definitions, i)->version_count;
    return n;
}

static struct discovery_group *gather_group(struct discovery *d, const char *name)
{
    for (size_t i = d->group_count; i-- > 0;) /* the last one, mostly */
        if (strcmp(d->groups[i].name, name) == 0) return &d->groups[i];
    struct discovery_group *g = &d->groups[d->group_count++];
    *g = (struct discovery_group){.name = name};
    return g;
}

/* Versions of built-in groups are preferred in the order of their kinds, those that custom kinds
 * bring come after them, by the rules for versions. */
static void gather_version(struct discovery_group *g, const struct kind_version *v)
{
    unsigned at = 0;
    for (unsigned i = 0; i < g->count; i++)
        if (strcmp(g->versions[i], v->version) == 0) return;
    if (g->count == DISCOVERY_VERSIONS_MAX) return;
    for (at = g->count; v->kind->custom && at > 0; at--)
        if (definition_version_order(g->versions[at - 1], v->version) <= 0) break;
    memmove(g->versions + at + 1, g->versions + at, (g->count - at) * sizeof *g->versions);
    g->versions[at] = v->version;
    g->count++;
}

static void gather_one(struct discovery *d, const struct kind_version *v)
{
    d->all[d->count++] = v;
    gather_version(gather_group(d, v->group), v);
}

void discovery_gather(const struct definitions *definitions, struct discovery *out)
{
    size_t size = gather_size(definitions);
    struct discovery d = {
        .all = mem_alloc((size + 1) * sizeof(const struct kind_version *)),
        .groups = mem_alloc((size + 1) * sizeof *d.groups),
    };
    for (unsigned i = 0; i < kind_builtin_count(); i++)
        for (unsigned v = 0; v < kind_at(i)->version_count; v++)
            gather_one(&d, &kind_at(i)->versions[v]);
    for (size_t i = 0; i < definitions_count(definitions); i++) {
        const struct definition *custom = definitions_at(definitions, i);
        for (unsigned v = 0; v < custom->version_count; v++)
            if (custom->versions[v].is_served) gather_one(&d, &custom->versions[v].served);
    }
    *out = d;
}

void discovery_free(struct discovery *d)
{
    mem_free(d->all);
    mem_free(d->groups);
}

const struct discovery_group *discovery_group_called(const struct discovery *d, struct str name)
{
    for (size_t i = 0; i < d->group_count; i++)
        if (str_is(name, d->groups[i].name)) return &d->groups[i];
    return NULL;
}
