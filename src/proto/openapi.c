/* Whole documents, put together from their parts. */
#include "proto/openapi.h"

#include "proto/json.h"
#include "proto/openapi_paths.h"
#include "proto/openapi_protobuf.h"
#include "proto/openapi_schema.h"

#include <pthread.h>

static const char openapi_version[] = "v1.20.2";

/* Pairs of a map whose count is told elsewhere. */
struct openapi_part {
    struct buf pairs;
    uint32_t count;
};

static void part_write(struct openapi_part *part, bool v3,
                       void (*put)(struct spec *s, const struct openapi_kind *k),
                       const struct openapi_kind *k)
{
    struct spec s = {.v3 = v3, .out = &part->pairs};
    put(&s, k);
    part->count += s.entries;
}

static void part_free(struct openapi_part *part)
{
    buf_free(&part->pairs);
}
#define part_auto __attribute__((cleanup(part_free)))

static void part_put_types(struct openapi_part *part, bool v3, const struct openapi_types *types)
{
    struct spec s = {.v3 = v3, .out = &part->pairs};
    openapi_put_types(&s, types);
    part->count += s.entries;
}

/* A kind's paths, its list, and where it is not a type of the tables, itself. */
static void openapi_add(const struct openapi_kind *k, bool v3, struct openapi_part *paths,
                        struct openapi_part *definitions)
{
    part_write(paths, v3, openapi_put_paths, k);
    if (k->version->kind->custom) part_write(definitions, v3, openapi_put_custom, k);
    if (k->version->kind->verbs & VERB_LIST) part_write(definitions, v3, openapi_put_list, k);
}

/* Bindings are posted and never kept, so that the tables have no kind for them. */
static void openapi_add_bindings(bool v3, struct openapi_part *paths)
{
    const struct kind kind = {.kind = "Binding",
                              .group = "",
                              .resource = "bindings",
                              .namespaced = true,
                              .verbs = VERB_CREATE};
    const struct kind_version version = {&kind, "", "v1", "v1", type_by_name("core.v1.Binding")};
    part_write(paths, v3, openapi_put_paths, &(struct openapi_kind){.version = &version});
}

/* The built-in kinds of a group and version, or all. */
static void openapi_add_builtin(struct str group, struct str version, bool v3,
                                struct openapi_part *paths, struct openapi_part *definitions,
                                struct openapi_types *types)
{
    openapi_types_add_common(types);
    for (unsigned i = 0; i < kind_builtin_count(); i++) {
        const struct kind *k = kind_at(i);
        for (unsigned v = 0; v < k->version_count; v++) {
            if (group.p && !str_is(group, k->versions[v].group)) continue;
            if (version.p && !str_is(version, k->versions[v].version)) continue;
            struct openapi_kind kind = {.version = &k->versions[v]};
            openapi_add(&kind, v3, paths, definitions);
            openapi_types_add(types, k->versions[v].type);
            for (unsigned n = 0; n < k->subresource_count; n++)
                openapi_types_add(types, k->subresources[n].type);
        }
    }
    if (!group.p || !group.n) openapi_add_bindings(v3, paths);
}

static void openapi_put_info(struct spec *s)
{
    spec_key(s, "info");
    spec_map(s);
    spec_put(s, "title", "Kubernetes");
    spec_put(s, "version", openapi_version);
    spec_end(s);
}

static void openapi_put_security(struct spec *s)
{
    spec_key(s, s->v3 ? "securitySchemes" : "securityDefinitions");
    spec_map(s);
    spec_key(s, "BearerToken");
    spec_map(s);
    spec_put(s, "description", "A bearer token");
    spec_put(s, "in", "header");
    spec_put(s, "name", "authorization");
    spec_put(s, "type", "apiKey");
    spec_end(s);
    spec_end(s);
}

static void openapi_put_secured(struct spec *s)
{
    spec_key(s, "security");
    spec_list(s);
    spec_map(s);
    spec_key(s, "BearerToken");
    spec_list(s);
    spec_end(s);
    spec_end(s);
    spec_end(s);
}

/* A key whose value is a map of these pairs, and more. */
static void openapi_put_parts(struct spec *s, const char *key, const struct openapi_part *one,
                              const struct openapi_part *more)
{
    buf_auto struct buf map = BUF_INIT;
    buf_reserve(&map, 8 + one->pairs.len + more->pairs.len);
    mp_put_map(&map, one->count + more->count);
    buf_append(&map, one->pairs.data, one->pairs.len);
    buf_append(&map, more->pairs.data, more->pairs.len);
    spec_key(s, key);
    spec_value(s, (struct mp){.type = MP_MAP, .raw = {map.data, map.len}});
}

/* ---- version 2 */

static struct openapi_part openapi_builtin_paths, openapi_builtin_definitions;

static void openapi_make_builtin(void)
{
    struct openapi_types types = {0};
    openapi_add_builtin((struct str){0}, (struct str){0}, false, &openapi_builtin_paths,
                        &openapi_builtin_definitions, &types);
    part_put_types(&openapi_builtin_definitions, false, &types);
    openapi_types_free(&types);
}

static void openapi_v2_document(const struct openapi_kind *more, size_t count, struct buf *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, openapi_make_builtin);
    part_auto struct openapi_part paths = {0}, definitions = {0};
    for (size_t i = 0; i < count; i++) openapi_add(&more[i], false, &paths, &definitions);

    size_t mark = mp_begin(out);
    struct spec s = {.v3 = false, .out = out};
    spec_put(&s, "swagger", "2.0");
    openapi_put_info(&s);
    openapi_put_parts(&s, "paths", &openapi_builtin_paths, &paths);
    openapi_put_parts(&s, "definitions", &openapi_builtin_definitions, &definitions);
    spec_key(&s, "parameters");
    spec_map(&s);
    openapi_put_shared_parameters(&s);
    spec_end(&s);
    openapi_put_security(&s);
    openapi_put_secured(&s);
    mp_end_map(out, mark, s.entries);
}

void openapi_v2_put(enum openapi_form form, const struct openapi_kind *more, size_t count,
                    struct buf *out)
{
    buf_auto struct buf document = BUF_INIT;
    openapi_v2_document(more, count, &document);
    struct mp root = mp_read(document.data, document.len);
    if (form == OPENAPI_JSON)
        json_write(root, out);
    else
        openapi_put_protobuf(root, out);
}

/* ---- version 3 */

static void openapi_v3_put_components(struct spec *s, const struct openapi_part *one,
                                      const struct openapi_part *more)
{
    spec_key(s, "components");
    spec_map(s);
    openapi_put_parts(s, "schemas", one, more);
    spec_key(s, "parameters");
    spec_map(s);
    openapi_put_shared_parameters(s);
    spec_end(s);
    openapi_put_security(s);
    spec_end(s);
}

void openapi_v3_put(struct str group, struct str version, const struct openapi_kind *more,
                    size_t count, struct buf *out)
{
    part_auto struct openapi_part paths = {0}, kinds = {0}, types = {0};
    struct openapi_types set = {0};
    openapi_add_builtin(group, version, true, &paths, &kinds, &set);
    for (size_t i = 0; i < count; i++) {
        const struct kind_version *v = more[i].version;
        if (!str_is(group, v->group) || !str_is(version, v->version)) continue;
        openapi_add(&more[i], true, &paths, &kinds);
        for (unsigned n = 0; n < v->kind->subresource_count; n++)
            if (v->kind->subresources[n].version[0])
                openapi_types_add(&set, v->kind->subresources[n].type);
    }
    part_put_types(&types, true, &set);
    openapi_types_free(&set);

    buf_auto struct buf document = BUF_INIT;
    size_t mark = mp_begin(&document);
    struct spec s = {.v3 = true, .out = &document};
    spec_put(&s, "openapi", "3.0.0");
    openapi_put_info(&s);
    openapi_put_parts(&s, "paths", &paths, &(struct openapi_part){0});
    openapi_v3_put_components(&s, &kinds, &types);
    openapi_put_secured(&s);
    mp_end_map(&document, mark, s.entries);
    json_write(mp_read(document.data, document.len), out);
}
