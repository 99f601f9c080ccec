/* CustomResourceDefinitions: names, versions and what never changes. */
#include "base/mem.h"
#include "proto/checker.h"
#include "proto/definition.h"
#include "proto/jsonpath.h"
#include "proto/structural_check.h"

#include <ctype.h>

static void crd_label(struct checker *c, const char *field, struct mp value)
{
    const char *wrong = name_check_dns_1035(mp_str(value));
    if (wrong) check_invalid_str(c, field, mp_str(value), wrong);
}

/* A kind may have capitals; else it is a label. */
static void crd_kind(struct checker *c, const char *field, struct mp value)
{
    buf_auto struct buf lower = BUF_INIT;
    struct str s = mp_str(value);
    for (size_t i = 0; i < s.n; i++) buf_putc(&lower, (char)tolower((unsigned char)s.p[i]));
    const char *wrong = name_check_dns_1035((struct str){lower.data, lower.len});
    if (wrong) check_invalid_str(c, field, s, wrong);
}

static void crd_labels(struct checker *c, const char *field, struct mp list)
{
    unsigned i = 0;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it); i++) {
        mem_auto char *at = mem_printf("%s[%u]", field, i);
        crd_label(c, at, it.value);
    }
}

static void crd_names(struct checker *c, struct mp names)
{
    struct mp kind = mp_get(names, "kind"), list = mp_get(names, "listKind");
    static const char *const needed[] = {"plural", "singular", "kind", "listKind"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        mem_auto char *field = mem_printf("spec.names.%s", needed[i]);
        struct mp value = mp_get(names, needed[i]);
        if (!mp_str(value).n)
            check_required(c, field, NULL);
        else if (i < 2)
            crd_label(c, field, value);
        else
            crd_kind(c, field, value);
    }
    crd_labels(c, "spec.names.shortNames", mp_get(names, "shortNames"));
    crd_labels(c, "spec.names.categories", mp_get(names, "categories"));
    if (mp_str(kind).n && str_eq(mp_str(kind), mp_str(list)))
        check_invalid(c, "spec.names.listKind", list, "kind and listKind may not be the same");
}

static void crd_group(struct checker *c, struct mp root, struct mp spec)
{
    struct str group = mp_str(mp_get(spec, "group")),
               plural = mp_str(mp_path(spec, "names.plural"));
    struct str name = mp_str(mp_path(root, "metadata.name"));
    const char *wrong = group.n ? name_check_dns_subdomain(group) : NULL;
    if (!group.n)
        check_required(c, "spec.group", NULL);
    else if (wrong)
        check_invalid_str(c, "spec.group", group, wrong);
    else if (!memchr(group.p, '.', group.n))
        check_invalid_str(c, "spec.group", group, "should be a domain with at least one dot");
    mem_auto char *wanted = mem_printf("%.*s.%.*s", (int)plural.n, plural.n ? plural.p : "",
                                       (int)group.n, group.n ? group.p : "");
    if (!str_is(name, wanted))
        check_invalid_str(c, "metadata.name", name, "must be spec.names.plural+\".\"+spec.group");
    bool kubernetes = str_ends(group, ".k8s.io") || str_ends(group, ".kubernetes.io") ||
                      str_is(group, "k8s.io") || str_is(group, "kubernetes.io");
    struct mp annotations = mp_path(root, "metadata.annotations");
    if (kubernetes && !mp_str(mp_get(annotations, "api-approved.kubernetes.io")).n)
        check_required(c, "metadata.annotations[api-approved.kubernetes.io]",
                       "protected groups must have approval annotation "
                       "\"api-approved.kubernetes.io\", see "
                       "https://github.com/kubernetes/enhancements/pull/1111");
}

static void crd_plain(struct checker *c, struct mp spec)
{
    static const char *const scopes[] = {"Cluster", "Namespaced", NULL};
    static const char *const strategies[] = {"None", "Webhook", NULL};
    struct mp scope = mp_get(spec, "scope"), strategy = mp_path(spec, "conversion.strategy");
    if (!mp_str(scope).n)
        check_required(c, "spec.scope", NULL);
    else if (!mp_is(scope, "Cluster") && !mp_is(scope, "Namespaced"))
        check_unsupported(c, "spec.scope", mp_str(scope), scopes);
    if (mp_is(strategy, "Webhook"))
        check_forbidden(c, "spec.conversion.strategy", "conversion by webhooks is not supported");
    else if (mp_str(strategy).n && !mp_is(strategy, "None"))
        check_unsupported(c, "spec.conversion.strategy", mp_str(strategy), strategies);
    if (mp_bool(mp_get(spec, "preserveUnknownFields"), false))
        check_invalid(c, "spec.preserveUnknownFields", mp_get(spec, "preserveUnknownFields"),
                      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
                      "spec.versions[*].schema instead");
}

/* Once its objects may be there, what they are called and where they are stays. */
static void crd_unchanged(struct checker *c, struct mp spec, struct mp old)
{
    static const struct {
        const char *path;
        bool once_established;
    } lasting[] = {
        {"group", false}, {"names.plural", false}, {"names.kind", true}, {"scope", true}};
    bool established = false;
    struct mp conditions = mp_path(c->old_root, "status.conditions");
    for (struct mp_iter it = mp_items(conditions); mp_iter_next(&it);)
        established |= mp_is(mp_get(it.value, "type"), "Established") &&
                       mp_is(mp_get(it.value, "status"), "True");
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        struct mp now = mp_path(spec, lasting[i].path), before = mp_path(old, lasting[i].path);
        if ((lasting[i].once_established && !established) || mp_same(now, before)) continue;
        mem_auto char *field = mem_printf("spec.%s", lasting[i].path);
        check_invalid(c, field, now, "field is immutable");
    }
}

/* What was stored once may still be there: its version cannot go. */
static void crd_stored(struct checker *c, struct mp spec)
{
    unsigned i = 0;
    struct mp stored = mp_path(c->root, "status.storedVersions");
    for (struct mp_iter it = mp_items(stored); mp_iter_next(&it); i++) {
        bool found = false;
        struct mp versions = mp_get(spec, "versions");
        for (struct mp_iter v = mp_items(versions); mp_iter_next(&v);)
            found |= str_eq(mp_str(mp_get(v.value, "name")), mp_str(it.value));
        mem_auto char *field = mem_printf("status.storedVersions[%u]", i);
        if (!found) check_invalid(c, field, it.value, "must appear in spec.versions");
    }
}

check_fn check_crd;
void check_crd(struct checker *c, const struct check_scope *at)
{
    struct mp spec = mp_get(at->object, "spec");
    crd_names(c, mp_get(spec, "names"));
    crd_group(c, at->object, spec);
    crd_plain(c, spec);
    if (!check_is_update(c)) return;
    crd_unchanged(c, spec, mp_get(c->old_root, "spec"));
    crd_stored(c, spec);
}
