/* Compiling a CustomResourceDefinition. */
#include "proto/definition_making.h"

#include "base/arena.h"
#include "base/mem.h"

#include <stdlib.h>

enum { VERSIONS_MAX = 100 };

/* v2beta10: major 2, stage beta, minor 10. Stable before beta before alpha; what has another form
 * last. */
struct version_rank {
    unsigned stage; /* 3: stable */
    long major, minor;
};

static struct version_rank version_rank(const char *text)
{
    struct version_rank r = {0};
    char *end;
    if (text[0] != 'v' || text[1] < '1' || text[1] > '9') return r;
    r.major = strtol(text + 1, &end, 10);
    r.stage = 3;
    if (!*end) return r;
    r.stage = strncmp(end, "beta", 4) == 0 ? 2 : strncmp(end, "alpha", 5) == 0 ? 1 : 0;
    if (r.stage) r.minor = strtol(end + (r.stage == 2 ? 4 : 5), &end, 10);
    return *end ? (struct version_rank){0} : r;
}

int definition_version_order(const char *a, const char *b)
{
    struct version_rank l = version_rank(a), r = version_rank(b);
    if (l.stage != r.stage) return l.stage > r.stage ? -1 : 1;
    if (!l.stage) return strcmp(a, b);
    if (l.major != r.major) return l.major > r.major ? -1 : 1;
    return l.minor > r.minor ? -1 : l.minor < r.minor;
}

struct given_version {
    const char *name;
    struct mp doc;
};

static int given_order(const void *a, const void *b)
{
    const struct given_version *l = a, *r = b;
    return definition_version_order(l->name, r->name);
}

static int making_versions(struct making *m)
{
    struct given_version given[VERSIONS_MAX];
    unsigned n = 0;
    struct mp list = mp_get(m->spec, "versions");
    for (struct mp_iter it = mp_items(list); n < VERSIONS_MAX && mp_iter_next(&it);)
        given[n++] = (struct given_version){making_text(m, mp_get(it.value, "name"), ""), it.value};
    qsort(given, n, sizeof *given, given_order);
    for (unsigned i = 0; i < n; i++) {
        int rc = making_version(m, &m->d->versions[i], given[i].name, given[i].doc);
        if (rc) return rc;
        m->d->version_count++;
    }
    return 0;
}

static bool condition_holds(const struct doc *status, const char *type)
{
    struct mp list = doc_path(status, "conditions");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "type"), type)) return mp_is(mp_get(it.value, "status"), "True");
    return false;
}

int definition_compile(const struct object *crd, struct definition **out, struct error *err)
{
    struct mp spec = doc_path(crd->body, "spec"), list = mp_get(spec, "versions");
    struct mp accepted = doc_path(crd->status, "acceptedNames");
    const struct kind *identity = kind_by_key(object_name(crd));
    if (!identity || !identity->custom)
        return error_set(err, E_INVALID, "\"%s\" cannot be the name of a custom kind",
                         crd->id->name);
    if (list.type != MP_ARRAY || !list.count || list.count > VERSIONS_MAX)
        return error_set(err, E_INVALID, "the number of versions must be between 1 and %d",
                         VERSIONS_MAX);
    struct definition *d = mem_zalloc(sizeof *d + list.count * sizeof *d->versions);
    d->refs = 1;
    d->identity = identity;
    d->body = doc_ref(crd->body);
    d->memory = arena_new();
    d->uid = crd->id->uid;
    d->revision = crd->revision;
    d->established = condition_holds(crd->status, "Established");
    d->terminating = crd->deleted_s != 0;
    struct making m = {.d = d, .spec = spec, .err = err};
    m.names = mp_str(mp_get(accepted, "kind")).n ? accepted : mp_get(spec, "names");
    int rc = making_versions(&m);
    if (rc)
        definition_unref(d);
    else
        *out = d;
    return rc;
}

struct definition *definition_ref(struct definition *d)
{
    atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
    return d;
}

void definition_unref(struct definition *d)
{
    if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1) return;
    arena_free(d->memory);
    doc_unref(d->body);
    mem_free(d);
}

const struct definition_version *definition_version(const struct definition *d, struct str version)
{
    for (unsigned i = 0; i < d->version_count; i++)
        if (str_is(version, d->versions[i].served.version)) return &d->versions[i];
    return NULL;
}
