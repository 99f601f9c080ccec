#include "actors/admission/quota_scope.h"

#include "actors/deciding.h"

bool scope_is_narrow(struct mp quota)
{
    return mp_get(quota, "scopes").count || mp_path(quota, "scopeSelector.matchExpressions").count;
}

static bool is_listed(struct mp list, struct str text)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (str_eq(mp_str(it.value), text)) return true;
    return false;
}

static bool takes_class(struct mp pod, struct mp requirement)
{
    struct str class = mp_str(mp_get(pod, "priorityClassName"));
    struct mp operator= mp_get(requirement, "operator"), values = mp_get(requirement, "values");
    if (mp_is(operator, "In")) return class.n && is_listed(values, class);
    if (mp_is(operator, "NotIn")) return !is_listed(values, class);
    if (mp_is(operator, "DoesNotExist")) return !class.n;
    return class.n > 0;
}

/* requirement: of the scope selector, or MP_END: the scope is there, which is all it says. */
static bool takes(struct mp pod, struct str scope, struct mp requirement)
{
    bool ends = mp_i64(mp_get(pod, "activeDeadlineSeconds"), -1) >= 0;
    if (str_is(scope, "Terminating")) return ends;
    if (str_is(scope, "NotTerminating")) return !ends;
    if (str_is(scope, "PriorityClass")) return takes_class(pod, requirement);
    bool best_effort = str_is(str_of(pod_quality(pod)), "BestEffort");
    if (str_is(scope, "BestEffort")) return best_effort;
    return str_is(scope, "NotBestEffort") && !best_effort;
}

bool scope_takes(struct mp quota, const struct kind *kind, struct mp body)
{
    if (!scope_is_narrow(quota)) return true;
    if (kind != kind_pod) return false;
    struct mp pod = mp_get(body, "spec"), none = {0};
    for (struct mp_iter it = mp_items(mp_get(quota, "scopes")); mp_iter_next(&it);)
        if (!takes(pod, mp_str(it.value), none)) return false;
    struct mp selector = mp_path(quota, "scopeSelector.matchExpressions");
    for (struct mp_iter it = mp_items(selector); mp_iter_next(&it);)
        if (!takes(pod, mp_str(mp_get(it.value, "scopeName")), it.value)) return false;
    return true;
}
