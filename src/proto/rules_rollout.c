/* Deployments, daemon sets and stateful sets: how they move from one template to the next. */
#include "proto/checker.h"

/* A number of pods or a percentage of them; -1 if it is neither. */
static int64_t rollout_amount(struct checker *c, const char *sub, struct mp v, bool whole_at_most)
{
    int64_t n = 0;
    if (v.type != MP_STR) {
        n = mp_i64(v, 0);
        if (n < 0) check_invalid(c, sub, v, "must be greater than or equal to 0");
        return n < 0 ? -1 : n;
    }
    size_t i = 0;
    for (; i < v.s.n && i < 9 && v.s.p[i] >= '0' && v.s.p[i] <= '9'; i++)
        n = n * 10 + (v.s.p[i] - '0');
    if (i == 0 || i + 1 != v.s.n || v.s.p[i] != '%') {
        check_invalid(c, sub, v,
                      "a valid percent string must be a numeric value followed by an ending '%' "
                      "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
        return -1;
    }
    if (whole_at_most && n > 100) check_invalid(c, sub, v, "must not be greater than 100%");
    return n;
}

check_fn check_deployment_strategy;
void check_deployment_strategy(struct checker *c, const struct check_scope *at)
{
    struct mp type = check_get(at, "type"), rolling = check_get(at, "rollingUpdate");
    if (mp_is(type, "Recreate") && rolling.type != MP_END)
        check_forbidden(c, "rollingUpdate",
                        "may not be specified when strategy `type` is 'Recreate'");
    if (!mp_is(type, "RollingUpdate") || rolling.type != MP_MAP) return;
    struct mp away = mp_get(rolling, "maxUnavailable"), extra = mp_get(rolling, "maxSurge");
    int64_t n = rollout_amount(c, "rollingUpdate.maxUnavailable", away, true);
    int64_t m = rollout_amount(c, "rollingUpdate.maxSurge", extra, false);
    if (n == 0 && m == 0)
        check_invalid(c, "rollingUpdate.maxUnavailable", away, "may not be 0 when `maxSurge` is 0");
}

check_fn check_daemon_strategy;
void check_daemon_strategy(struct checker *c, const struct check_scope *at)
{
    struct mp rolling = check_get(at, "rollingUpdate");
    if (!mp_is(check_get(at, "type"), "RollingUpdate") || rolling.type != MP_MAP) return;
    struct mp away = mp_get(rolling, "maxUnavailable");
    if (rollout_amount(c, "rollingUpdate.maxUnavailable", away, true) == 0)
        check_invalid(c, "rollingUpdate.maxUnavailable", away, "cannot be 0");
}

check_fn check_progress_deadline;
void check_progress_deadline(struct checker *c, const struct check_scope *at)
{
    struct mp deadline = check_get(at, "progressDeadlineSeconds");
    if (deadline.type == MP_END) return;
    if (mp_i64(deadline, 0) <= mp_i64(check_get(at, "minReadySeconds"), 0))
        check_invalid(c, "progressDeadlineSeconds", deadline,
                      "must be greater than minReadySeconds");
}

check_fn check_statefulset_update;
void check_statefulset_update(struct checker *c, const struct check_scope *at)
{
    static const char *const fixed[] = {"podManagementPolicy", "revisionHistoryLimit", "selector",
                                        "serviceName", "volumeClaimTemplates"};
    if (at->old.type != MP_MAP) return;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (mp_same(mp_get(at->old, fixed[i]), check_get(at, fixed[i]))) continue;
        check_forbidden(c, "",
                        "updates to statefulset spec for fields other than 'replicas', "
                        "'template', and 'updateStrategy' are forbidden");
        return;
    }
}

check_fn check_disruption_budget;
void check_disruption_budget(struct checker *c, const struct check_scope *at)
{
    struct mp stay = check_get(at, "minAvailable"), away = check_get(at, "maxUnavailable");
    if (stay.type != MP_END && away.type != MP_END)
        check_invalid(c, "", at->object, "minAvailable and maxUnavailable cannot be both set");
    if (stay.type != MP_END) rollout_amount(c, "minAvailable", stay, true);
    if (away.type != MP_END) rollout_amount(c, "maxUnavailable", away, true);
}

check_fn check_autoscaler;
void check_autoscaler(struct checker *c, const struct check_scope *at)
{
    struct mp low = check_get(at, "minReplicas"), high = check_get(at, "maxReplicas");
    if (mp_i64(high, 0) > 0 && mp_i64(high, 0) < mp_i64(low, 1))
        check_invalid(c, "maxReplicas", high, "must be greater than or equal to `minReplicas`");
}
