/* One version of a definition: its kind, its schema, its columns and subresources. */
#include "base/arena.h"
#include "proto/definition_making.h"
#include "proto/definition_type.h"
#include "proto/jsonpath.h"
#include "proto/names.h"

enum { COLUMNS_MAX = 200 };

const char *making_text(struct making *m, struct mp v, const char *otherwise)
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

int making_version(struct making *m, struct definition_version *v, const char *name,
                   struct mp given)
{
    if (!*name) return error_set(m->err, E_INVALID, "a version has no name");
    v->definition = m->d;
    making_kind(m, v);
    v->served.kind = &v->kind;
    v->served.group = v->kind.group;
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
