/* Quotas, and the ranges of limits. */
#include "proto/checker.h"

#include "base/mem.h"
#include "proto/quantity.h"

static const char *const quota_compute[] = {
    "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory", NULL};
static const char *const quota_others[] = {"ephemeral-storage",
                                           "requests.ephemeral-storage",
                                           "limits.ephemeral-storage",
                                           "requests.storage",
                                           "pods",
                                           "resourcequotas",
                                           "services",
                                           "replicationcontrollers",
                                           "secrets",
                                           "configmaps",
                                           "persistentvolumeclaims",
                                           "services.nodeports",
                                           "services.loadbalancers",
                                           NULL};
static const char *const quota_scopes[] = {"Terminating",   "NotTerminating", "BestEffort",
                                           "NotBestEffort", "PriorityClass",  NULL};

static bool quota_among(struct str name, const char *const *names)
{
    for (; *names; names++)
        if (str_is(name, *names)) return true;
    return false;
}

static bool quota_is_standard(struct str name)
{
    return quota_among(name, quota_compute) || quota_among(name, quota_others) ||
           str_starts(name, "requests.hugepages-") || str_starts(name, "hugepages-");
}

void check_resource_name(struct checker *c, const char *sub, struct str name)
{
    const char *wrong = name_check_qualified(name);
    bool plain = !name.n || !memchr(name.p, '/', name.n);
    if (wrong)
        check_invalid_str(c, sub, name, wrong);
    else if (plain && !quota_is_standard(name) && !str_is(name, "storage"))
        check_invalid_str(c, sub, name, "must be a standard resource type or fully qualified");
}

static void quota_check_hard(struct checker *c, struct mp hard)
{
    for (struct mp_iter it = mp_items(hard); mp_iter_next(&it);) {
        mem_auto char *sub = mem_printf("hard[%.*s]", (int)it.key.n, it.key.n ? it.key.p : "");
        check_resource_name(c, sub, it.key);
        if (it.key.n && !memchr(it.key.p, '/', it.key.n) && !quota_is_standard(it.key))
            check_invalid_str(c, sub, it.key, "must be a standard resource for quotas");
    }
}

/* BestEffort pods can be counted only, and only pods have scopes. */
static bool quota_scope_fits(struct str scope, struct mp hard)
{
    for (struct mp_iter it = mp_items(hard); mp_iter_next(&it);) {
        bool counts = str_is(it.key, "pods");
        bool computes = quota_among(it.key, quota_compute) && !str_is(scope, "BestEffort");
        if (quota_is_standard(it.key) && !counts && !computes) return false;
    }
    return true;
}

static void quota_refuse_scopes(struct checker *c, struct mp scopes, const char *why)
{
    buf_auto struct buf list = BUF_INIT;
    for (struct mp_iter it = mp_items(scopes); mp_iter_next(&it);)
        buf_printf(&list, "%s%s", list.len ? ", " : "", check_quote(c, mp_str(it.value)));
    check_add(c, "FieldValueInvalid", "scopes", "Invalid value: []core.ResourceQuotaScope{%s}: %s",
              list.data, why);
}

static bool quota_has(struct mp scopes, const char *scope)
{
    for (struct mp_iter it = mp_items(scopes); mp_iter_next(&it);)
        if (mp_is(it.value, scope)) return true;
    return false;
}

static void quota_check_selector(struct checker *c, struct mp expressions)
{
    static const char *const operators[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};
    for (struct mp_iter it = mp_items(expressions); mp_iter_next(&it);) {
        struct mp scope = mp_get(it.value, "scopeName"), how = mp_get(it.value, "operator");
        bool lists = mp_is(how, "In") || mp_is(how, "NotIn");
        if (!quota_among(mp_str(scope), quota_scopes))
            check_invalid(c, "scopeSelector.matchExpressions.scopeName", scope,
                          "unsupported scope");
        if (!quota_among(mp_str(how), operators))
            check_invalid(c, "scopeSelector.matchExpressions.operator", how,
                          "not a valid selector operator");
        else if (lists && !mp_get(it.value, "values").count)
            check_required(c, "scopeSelector.matchExpressions.values",
                           "must be at least one value when `operator` is 'In' or 'NotIn' for "
                           "scope selector");
    }
}

check_fn check_quota_spec;
void check_quota_spec(struct checker *c, const struct check_scope *at)
{
    struct mp hard = check_get(at, "hard"), scopes = check_get(at, "scopes");
    quota_check_hard(c, hard);
    for (struct mp_iter it = mp_items(scopes); mp_iter_next(&it);) {
        struct str scope = mp_str(it.value);
        if (!quota_among(scope, quota_scopes))
            quota_refuse_scopes(c, scopes, "unsupported scope");
        else if (!quota_scope_fits(scope, hard))
            quota_refuse_scopes(c, scopes, "unsupported scope applied to resource");
    }
    if ((quota_has(scopes, "BestEffort") && quota_has(scopes, "NotBestEffort")) ||
        (quota_has(scopes, "Terminating") && quota_has(scopes, "NotTerminating")))
        quota_refuse_scopes(c, scopes, "conflicting scopes");
    quota_check_selector(c, mp_get(check_get(at, "scopeSelector"), "matchExpressions"));
}

/* What of a range may not be more than what; the field that is blamed is the later one said. */
static const struct range_order {
    const char *low, *low_words, *high, *high_words;
    bool blames_high;
} range_orders[] = {
    {"min", "min", "max", "max", false},
    {"min", "min", "defaultRequest", "default request", true},
    {"defaultRequest", "default request", "max", "max", false},
    {"defaultRequest", "default request", "default", "default limit", false},
    {"min", "min", "default", "default", true},
    {"default", "default", "max", "max", false},
};

static void range_check(struct checker *c, const struct check_scope *at,
                        const struct range_order *order)
{
    struct mp tops = check_get(at, order->high);
    for (struct mp_iter it = mp_items(check_get(at, order->low)); mp_iter_next(&it);) {
        struct str less = mp_str(it.value), more = mp_str(mp_get_str(tops, it.key));
        int64_t a, b;
        if (!quantity_milli(less, &a) || !quantity_milli(more, &b) || a <= b) continue;
        mem_auto char *sub = mem_printf("%s[%.*s]", order->blames_high ? order->high : order->low,
                                        (int)it.key.n, it.key.p);
        check_add(c, "FieldValueInvalid", sub,
                  "Invalid value: %s: %s value %.*s is greater than %s value %.*s",
                  check_quote(c, order->blames_high ? more : less), order->low_words, (int)less.n,
                  less.p, order->high_words, (int)more.n, more.p);
    }
}

/* A limit is never less than its request, and the ratio not more than the range allows. */
static void range_check_ratio(struct checker *c, const struct check_scope *at)
{
    struct mp lows = check_get(at, "min"), highs = check_get(at, "max");
    for (struct mp_iter it = mp_items(check_get(at, "maxLimitRequestRatio")); mp_iter_next(&it);) {
        struct str text = mp_str(it.value);
        int64_t ratio, low, high;
        mem_auto char *sub =
            mem_printf("maxLimitRequestRatio[%.*s]", (int)it.key.n, it.key.n ? it.key.p : "");
        if (!quantity_milli(text, &ratio)) continue;
        if (ratio < 1000)
            check_add(c, "FieldValueInvalid", sub, "Invalid value: %s: ratio %.*s is less than 1",
                      check_quote(c, text), (int)text.n, text.p);
        if (!quantity_milli(mp_str(mp_get_str(lows, it.key)), &low) || low <= 0 ||
            !quantity_milli(mp_str(mp_get_str(highs, it.key)), &high))
            continue;
        double most = (double)high / (double)low;
        if ((double)ratio / 1000 > most)
            check_add(c, "FieldValueInvalid", sub,
                      "Invalid value: %s: ratio %.*s is greater than max/min = %f",
                      check_quote(c, text), (int)text.n, text.p, most);
    }
}

check_fn check_limit_range_item;
void check_limit_range_item(struct checker *c, const struct check_scope *at)
{
    static const char *const presets[] = {"default", "defaultRequest"};
    struct mp type = check_get(at, "type");
    for (size_t i = 0; i < 2; i++)
        if (mp_is(type, "Pod") && check_get(at, presets[i]).count)
            check_forbidden(c, presets[i], "may not be specified when `type` is 'Pod'");
    if (mp_is(type, "PersistentVolumeClaim") &&
        mp_get(check_get(at, "min"), "storage").type == MP_END &&
        mp_get(check_get(at, "max"), "storage").type == MP_END)
        check_required(c, "limits",
                       "either minimum or maximum storage value is required, but neither was "
                       "provided");
    for (size_t i = 0; i < sizeof range_orders / sizeof *range_orders; i++)
        range_check(c, at, &range_orders[i]);
    range_check_ratio(c, at);
}
