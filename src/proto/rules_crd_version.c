/* The versions of a CustomResourceDefinition: their schemas, subresources and columns. */
#include "base/arena.h"
#include "base/mem.h"
#include "proto/checker.h"
#include "proto/jsonpath.h"
#include "proto/structural_check.h"

enum { VERSIONS_MAX = 100, COLUMNS_MAX = 200, WARNING_MAX = 256 };

static void version_scale(struct checker *c, const char *at, struct mp scale)
{
    static const struct {
        const char *field, *below;
        bool needed;
    } paths[] = {{"specReplicasPath", ".spec.", true},
                 {"statusReplicasPath", ".status.", true},
                 {"labelSelectorPath", ".s", false}};
    if (scale.type != MP_MAP) return;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct mp value = mp_get(scale, paths[i].field);
        mem_auto char *field = mem_printf("%s.subresources.scale.%s", at, paths[i].field);
        struct str s = mp_str(value);
        if (!s.n) {
            if (paths[i].needed) check_required(c, field, NULL);
            continue;
        }
        bool selector = str_starts(s, ".spec.") || str_starts(s, ".status.");
        bool good = paths[i].needed ? str_starts(s, paths[i].below) : selector;
        mem_auto char *why =
            mem_printf("should be a json path under %s", i == 0   ? ".spec"
                                                         : i == 1 ? ".status"
                                                                  : "either .spec or .status");
        if (!good)
            check_invalid(c, field, value, why);
        else if (memchr(s.p, '[', s.n))
            check_invalid(c, field, value, "should not contain arrays");
    }
}

static void version_column(struct checker *c, const char *at, struct mp column)
{
    static const char *const types[] = {"boolean", "date", "integer", "number", "string", NULL};
    static const char *const needed[] = {"name", "type", "jsonPath"};
    bool known = false;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        mem_auto char *field = mem_printf("%s.%s", at, needed[i]);
        if (!mp_str(mp_get(column, needed[i])).n) check_required(c, field, NULL);
    }
    struct mp type = mp_get(column, "type"), path = mp_get(column, "jsonPath");
    for (size_t i = 0; types[i]; i++) known |= mp_is(type, types[i]);
    mem_auto char *in_type = mem_printf("%s.type", at), *in_path = mem_printf("%s.jsonPath", at);
    if (mp_str(type).n && !known) check_unsupported(c, in_type, mp_str(type), types);
    if (mp_str(path).n && path.s.p[0] != '.')
        check_invalid(c, in_path, path, "must be a simple json path starting with .");
}

static void version_columns(struct checker *c, const char *at, struct mp list)
{
    unsigned i = 0;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it); i++) {
        mem_auto char *field = mem_printf("%s.additionalPrinterColumns[%u]", at, i);
        version_column(c, field, it.value);
    }
    mem_auto char *field = mem_printf("%s.additionalPrinterColumns", at);
    if (i > COLUMNS_MAX) check_forbidden(c, field, "there are more columns than can be shown");
}

static void version_schema(struct checker *c, const char *at, struct mp schema)
{
    mem_auto char *field = mem_printf("spec.versions%s.schema.openAPIV3Schema", at);
    if (schema.type != MP_MAP)
        causes_add(c->causes, "FieldValueRequired", field, "Required value: schemas are required");
    else
        structural_check(schema, field, c->causes);
}

static void version_warning(struct checker *c, const char *at, struct mp version)
{
    struct mp text = mp_get(version, "deprecationWarning");
    mem_auto char *field = mem_printf("%s.deprecationWarning", at);
    if (text.type != MP_STR) return;
    if (!mp_bool(mp_get(version, "deprecated"), false))
        check_invalid(c, field, text, "can only be set for deprecated versions");
    if (!text.s.n || text.s.n > WARNING_MAX)
        check_invalid(c, field, text, "must be between 1 and 256 bytes long");
}

static void version_check(struct checker *c, const char *at, struct mp version)
{
    struct str name = mp_str(mp_get(version, "name"));
    const char *wrong = name_check_dns_1035(name);
    mem_auto char *field = mem_printf("%s.name", at);
    if (!name.n)
        check_required(c, field, NULL);
    else if (wrong)
        check_invalid_str(c, field, name, wrong);
    version_schema(c, at, mp_path(version, "schema.openAPIV3Schema"));
    version_scale(c, at, mp_path(version, "subresources.scale"));
    version_columns(c, at, mp_get(version, "additionalPrinterColumns"));
    version_warning(c, at, version);
}

static bool versions_differ(struct mp list)
{
    for (struct mp_iter a = mp_items(list); mp_iter_next(&a);)
        for (struct mp_iter b = a; mp_iter_next(&b);)
            if (str_eq(mp_str(mp_get(a.value, "name")), mp_str(mp_get(b.value, "name"))))
                return false;
    return true;
}

/* Of the field spec.versions. */
check_fn check_crd_versions;
void check_crd_versions(struct checker *c, const struct check_scope *at)
{
    struct mp list = at->value;
    unsigned i = 0, stored = 0;
    size_t mark = path_field(&c->path, STR("versions"));
    if (list.type == MP_ARRAY && list.count > VERSIONS_MAX)
        check_forbidden(c, "", "there are more versions than can be served");
    for (struct mp_iter it = mp_items(list); i < VERSIONS_MAX && mp_iter_next(&it); i++) {
        mem_auto char *index = mem_printf("[%u]", i);
        version_check(c, index, it.value);
        stored += mp_bool(mp_get(it.value, "storage"), false);
    }
    if (!i)
        check_required(c, "", "must have at least one version");
    else if (stored != 1)
        check_invalid(c, "", list, "must have exactly one version marked as storage version");
    if (i && !versions_differ(list))
        check_invalid(c, "", list, "must contain unique version names");
    path_cut(&c->path, mark);
}
