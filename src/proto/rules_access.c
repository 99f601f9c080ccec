/* Roles and whom they are granted to, priorities, webhooks. */
#include "proto/checker.h"

#define ACCESS_GROUP "rbac.authorization.k8s.io"

check_fn check_role_ref;
void check_role_ref(struct checker *c, const struct check_scope *at)
{
    static const char *const groups[] = {ACCESS_GROUP, NULL};
    static const char *const anywhere[] = {"ClusterRole", NULL};
    static const char *const here[] = {"Role", "ClusterRole", NULL};
    struct mp ref = at->value, kind = mp_get(ref, "kind"), old = mp_get(at->old, "roleRef");
    if (ref.type != MP_MAP) return;
    struct mp group = mp_get(ref, "apiGroup"), name = mp_get(ref, "name");
    bool cluster = !c->kind->namespaced;
    if (!mp_is(group, ACCESS_GROUP))
        check_unsupported(c, "roleRef.apiGroup", mp_str(group), groups);
    if (!mp_is(kind, "ClusterRole") && (cluster || !mp_is(kind, "Role")))
        check_unsupported(c, "roleRef.kind", mp_str(kind), cluster ? anywhere : here);
    const char *wrong = check_empty(name) ? NULL : name_check_path_segment(mp_str(name));
    if (check_empty(name)) check_required(c, "roleRef.name", NULL);
    if (wrong) check_invalid(c, "roleRef.name", name, wrong);
    if (old.type == MP_MAP && !mp_same(old, ref))
        check_invalid(c, "roleRef", ref, "cannot change roleRef");
}

check_fn check_subject;
void check_subject(struct checker *c, const struct check_scope *at)
{
    static const char *const kinds[] = {"Group", "ServiceAccount", "User", NULL};
    static const char *const groups[] = {ACCESS_GROUP, NULL}, *const core[] = {"", NULL};
    struct mp kind = check_get(at, "kind"), name = check_get(at, "name");
    struct mp group = check_get(at, "apiGroup");
    bool robot = mp_is(kind, "ServiceAccount");
    if (check_empty(name)) check_required(c, "name", NULL);
    if (!robot && !mp_is(kind, "User") && !mp_is(kind, "Group")) {
        check_unsupported(c, "kind", mp_str(kind), kinds);
        return;
    }
    if (robot && !check_empty(group)) check_unsupported(c, "apiGroup", mp_str(group), core);
    if (!robot && !mp_is(group, ACCESS_GROUP))
        check_unsupported(c, "apiGroup", mp_str(group), groups);
    if (robot && !c->kind->namespaced && check_empty(check_get(at, "namespace")))
        check_required(c, "namespace", NULL);
    const char *wrong = robot && !check_empty(name) ? name_check_dns_subdomain(mp_str(name)) : NULL;
    if (wrong) check_invalid(c, "name", name, wrong);
}

check_fn check_policy_rule;
void check_policy_rule(struct checker *c, const struct check_scope *at)
{
    bool paths = !check_empty(check_get(at, "nonResourceURLs"));
    bool groups = !check_empty(check_get(at, "apiGroups"));
    bool resources = !check_empty(check_get(at, "resources"));
    bool named = !check_empty(check_get(at, "resourceNames"));
    if (check_empty(check_get(at, "verbs")))
        check_required(c, "verbs", "verbs must contain at least one value");
    if (paths && c->kind->namespaced)
        check_invalid(c, "nonResourceURLs", check_get(at, "nonResourceURLs"),
                      "namespaced rules cannot apply to non-resource URLs");
    if (paths && (groups || resources || named))
        check_invalid(c, "nonResourceURLs", check_get(at, "nonResourceURLs"),
                      "rules cannot apply to both regular resources and non-resource URLs");
    if (paths) return;
    if (!groups)
        check_required(c, "apiGroups", "resource rules must supply at least one api group");
    if (!resources)
        check_required(c, "resources", "resource rules must supply at least one resource");
}

check_fn check_priority_class;
void check_priority_class(struct checker *c, const struct check_scope *at)
{
    enum { HIGHEST = 1000000000 };
    struct mp value = check_get(at, "value");
    struct str name = mp_str(mp_path(at->object, "metadata.name"));
    bool built_in = str_starts(name, "system-");
    if (built_in && !str_is(name, "system-node-critical") &&
        !str_is(name, "system-cluster-critical"))
        check_forbidden(c, "metadata.name",
                        "priority class names with 'system-' prefix are reserved for system use "
                        "only");
    if (!built_in && mp_i64(value, 0) > HIGHEST)
        check_forbidden(c, "value",
                        "maximum allowed value of a user defined priority is 1000000000");
    if (at->old.type == MP_MAP && mp_i64(mp_get(at->old, "value"), 0) != mp_i64(value, 0))
        check_forbidden(c, "value", "may not be changed in an update.");
}

/* The beta version took promises that the stable one does not. The document under the rules still
 * says in which it came. */
check_fn check_side_effects;
void check_side_effects(struct checker *c, const struct check_scope *at)
{
    static const char *const stable[] = {"None", "NoneOnDryRun", NULL};
    static const char *const beta[] = {"None", "NoneOnDryRun", "Some", "Unknown", NULL};
    const struct check_scope *root = at;
    while (root->outer) root = root->outer;
    bool old = str_ends(mp_str(mp_get(root->object, "apiVersion")), "/v1beta1");
    struct str value = mp_str(at->value);
    for (const char *const *choice = old ? beta : stable; *choice; choice++)
        if (!value.n || str_is(value, *choice)) return;
    check_unsupported(c, "", value, old ? beta : stable);
}

check_fn check_webhook_client;
void check_webhook_client(struct checker *c, const struct check_scope *at)
{
    bool url = check_get(at, "url").type != MP_END;
    bool service = check_get(at, "service").type != MP_END;
    if (url == service) check_required(c, "", "exactly one of url or service is required");
}
