/* Compiling a CustomResourceDefinition. */
#include "proto/definition.h"

#include "base/arena.h"
#include "base/mem.h"
#include "proto/definition_type.h"
#include "proto/jsonpath.h"
#include "proto/names.h"

#include <assert.h>
#include <stdlib.h>

enum { VERSIONS_MAX = 100, COLUMNS_MAX = 200 };

struct making {
    struct definition *d;
    struct mp spec, names; /* the names that were accepted, if any were */
    struct error *err;
};

static const char *making_text(struct making *m, struct mp v, const char *otherwise)
{
    struct str s = mp_str(v);
    return s.n ? arena_text(m->d->memory, s) : otherwise;
}

static const char *making_printf(struct making *m, const char *a, const char *b)
{
    buf_auto struct buf text = BUF_INIT;
    buf_printf(&text, "%s%s", a, b);
    return arena_text(m->d->memory, (struct str){text.data, text.len});
}

static const char *const *making_texts(struct making *m, struct mp list)
{
    size_t n = 0;
    const char **texts =
        arena_array(m->d->memory, const char *, (list.type == MP_ARRAY ? list.count : 0) + 1);
    for (struct mp_iter it = mp_items(list); !it.map && mp_iter_next(&it);)
        if (mp_str(it.value).n) texts[n++] = making_text(m, it.value, "");
    return texts;
}

/* ---- columns */

static void column_add(struct making *m, struct definition_version *v, struct column *columns,
                       const struct jsonpath **cells, struct column c, struct str path)
{
    const struct jsonpath *cell = NULL;
    columns[v->kind.column_count] = c;
    /* A path that we cannot follow shows nothing. */
    if (path.n && jsonpath_compile(m->d->memory, path, &cell, NULL)) cell = NULL;
    cells[v->kind.column_count++] = cell;
}

static void making_columns(struct making *m, struct definition_version *v, struct mp list)
{
    uint32_t count = list.type == MP_ARRAY ? list.count : 0;
    if (count > COLUMNS_MAX) count = COLUMNS_MAX;
    struct column *columns = arena_array(m->d->memory, struct column, count + 2);
    const struct jsonpath **cells = arena_array(m->d->memory, const struct jsonpath *, count + 2);
    v->kind.columns = columns;
    v->cells = cells;
    column_add(m, v, columns, cells,
               (struct column){"Name", "string", "name", "The object's name", 0}, (struct str){0});
    for (struct mp_iter it = mp_items(list); count && mp_iter_next(&it); count--) {
        int64_t priority = mp_i64(mp_get(it.value, "priority"), 0);
        struct column c = {
            .name = making_text(m, mp_get(it.value, "name"), ""),
            .type = making_text(m, mp_get(it.value, "type"), "string"),
            .format = making_text(m, mp_get(it.value, "format"), ""),
            .description = making_text(m, mp_get(it.value, "description"), ""),
            .priority = (uint8_t)(priority < 0           ? 0
                                  : priority > UINT8_MAX ? UINT8_MAX
                                                         : priority),
        };
        column_add(m, v, columns, cells, c, mp_str(mp_get(it.value, "jsonPath")));
    }
    if (v->kind.column_count == 1)
        column_add(m, v, columns, cells,
                   (struct column){"Age", "date", "", "Time since the object was created", 0},
                   STR(".metadata.creationTimestamp"));
}

/* ---- subresources */

static const char *making_path(struct making *m, struct mp path)
{
    struct str s = mp_str(path);
    if (s.n < 2 || s.p[0] != '.') return NULL;
    return arena_text(m->d->memory, (struct str){s.p + 1, s.n - 1});
}

static void making_subresources(struct making *m, struct definition_version *v, struct mp given)
{
    struct mp status = mp_get(given, "status"), scale = mp_get(given, "scale");
    struct subresource *subs = arena_array(m->d->memory, struct subresource, 2);
    uint32_t verbs = VERB_GET | VERB_PATCH | VERB_UPDATE;
    v->kind.subresources = subs;
    v->scale = (struct definition_scale){
        .spec_replicas = making_path(m, mp_get(scale, "specReplicasPath")),
        .status_replicas = making_path(m, mp_get(scale, "statusReplicasPath")),
        .selector = making_path(m, mp_get(scale, "labelSelectorPath")),
    };
    v->has_scale = v->scale.spec_replicas && v->scale.status_replicas;
    v->kind.has_status = status.type == MP_MAP;
    if (v->has_scale)
        subs[v->kind.subresource_count++] = (struct subresource){
            "scale", "autoscaling", "v1", "Scale", verbs, type_by_name("autoscaling.v1.Scale")};
    if (v->kind.has_status)
        subs[v->kind.subresource_count++] =
            (struct subresource){"status", "", "", v->kind.kind, verbs, v->served.type};
}

/* ---- versions */

static int making_schema(struct making *m, struct definition_version *v, struct mp given)
{
    v->schema = mp_path(given, "schema.openAPIV3Schema");
    int rc = structural_compile(m->d->memory, v->schema, &v->structural, m->err);
    if (rc) return rc;
    if (v->structural->type != STRUCTURAL_OBJECT)
        return error_set(m->err, E_INVALID, "the schema is not one of objects");
    const char *name = making_printf(m, v->served.api_version, ".");
    v->served.type =
        definition_type(m->d->memory, v->structural, making_printf(m, name, v->kind.kind));
    return 0;
}

static void making_kind(struct making *m, struct definition_version *v)
{
    const struct kind *id = m->d->identity;
    const char *plain = making_text(m, mp_get(m->names, "kind"), id->kind);
    v->kind = (struct kind){
        .index = id->index,
        .key = id->key,
        .kind = plain,
        .group = id->group,
        .resource = id->resource,
        .singular = making_text(m, mp_get(m->names, "singular"), ""),
        .short_names = making_texts(m, mp_get(m->names, "shortNames")),
        .categories = making_texts(m, mp_get(m->names, "categories")),
        .namespaced = !mp_is(mp_get(m->spec, "scope"), "Cluster"),
        .custom = true,
        .has_generation = true,
        .name_check = name_check_dns_subdomain,
        .verbs = VERB_GET | VERB_LIST | VERB_WATCH | VERB_CREATE | VERB_UPDATE | VERB_PATCH |
                 VERB_DELETE | VERB_DELETECOLLECTION,
        .versions = &v->served,
        .version_count = 1,
    };
    v->list_kind = making_text(m, mp_get(m->names, "listKind"), making_printf(m, plain, "List"));
}

static int making_version(struct making *m, struct definition_version *v, const char *name,
                          struct mp given)
{
    if (!*name) return error_set(m->err, E_INVALID, "a version has no name");
    v->definition = m->d;
    making_kind(m, v);
    v->served.kind = &v->kind;
    v->served.version = name;
    v->served.api_version =
        making_printf(m, making_printf(m, v->kind.group, "/"), v->served.version);
    v->is_served = mp_bool(mp_get(given, "served"), false);
    v->is_storage = mp_bool(mp_get(given, "storage"), false);
    v->deprecated = mp_bool(mp_get(given, "deprecated"), false);
    v->warning = making_text(m, mp_get(given, "deprecationWarning"), NULL);
    int rc = making_schema(m, v, given);
    if (rc) return error_wrap(m->err, rc, "version %s", v->served.version);
    making_subresources(m, v, mp_get(given, "subresources"));
    making_columns(m, v, mp_get(given, "additionalPrinterColumns"));
    return 0;
}

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

const struct definition_version *definition_storage(const struct definition *d)
{
    for (unsigned i = 0; i < d->version_count; i++)
        if (d->versions[i].is_storage) return &d->versions[i];
    return NULL;
}
