#include "actors/scheduler/affinity.h"

bool affinity_selects(struct mp node_selector, const struct object *node)
{
    struct mp labels = object_labels(node);
    for (struct mp_iter it = mp_items(node_selector); mp_iter_next(&it);) {
        struct mp label = mp_get_str(labels, it.key);
        if (label.type != MP_STR || !str_eq(label.s, mp_str(it.value))) return false;
    }
    return true;
}

static bool is_among(struct mp values, struct str text)
{
    for (struct mp_iter it = mp_items(values); mp_iter_next(&it);)
        if (str_eq(mp_str(it.value), text)) return true;
    return false;
}

/* Gt and Lt compare integers: the label's, and the only one of the values. */
static bool compares(struct mp values, struct str label, bool greater)
{
    int64_t have, bound;
    if (values.count != 1 || !str_to_i64(label, &have) ||
        !str_to_i64(mp_str(mp_at(values, 0)), &bound))
        return false;
    return greater ? have > bound : have < bound;
}

/* One expression about a text that is there, or not. An operator nobody knows matches nothing. */
static bool expression_holds(struct mp expression, bool present, struct str text)
{
    struct mp op = mp_get(expression, "operator"), values = mp_get(expression, "values");
    if (mp_is(op, "In")) return present && is_among(values, text);
    if (mp_is(op, "NotIn")) return !present || !is_among(values, text);
    if (mp_is(op, "Exists")) return present;
    if (mp_is(op, "DoesNotExist")) return !present;
    if (mp_is(op, "Gt")) return present && compares(values, text, true);
    if (mp_is(op, "Lt")) return present && compares(values, text, false);
    return false;
}

/* The only field of a node there is to match is its name, and only by In and NotIn. */
static bool field_holds(struct mp expression, const struct object *node)
{
    struct mp op = mp_get(expression, "operator");
    if (!mp_is(mp_get(expression, "key"), "metadata.name")) return false;
    if (!mp_is(op, "In") && !mp_is(op, "NotIn")) return false;
    return expression_holds(expression, true, object_name(node));
}

/* All of a term must hold; an empty term matches nothing. */
static bool term_matches(struct mp term, const struct object *node)
{
    struct mp expressions = mp_get(term, "matchExpressions"), fields = mp_get(term, "matchFields");
    struct mp labels = object_labels(node);
    uint32_t asked = 0;
    for (struct mp_iter it = mp_items(expressions); mp_iter_next(&it); asked++) {
        struct mp label = mp_get_str(labels, mp_str(mp_get(it.value, "key")));
        if (!expression_holds(it.value, label.type == MP_STR, mp_str(label))) return false;
    }
    for (struct mp_iter it = mp_items(fields); mp_iter_next(&it); asked++)
        if (!field_holds(it.value, node)) return false;
    return asked > 0;
}

bool affinity_allows(struct mp node_affinity, const struct object *node)
{
    struct mp required = mp_get(node_affinity, "requiredDuringSchedulingIgnoredDuringExecution");
    if (required.type != MP_MAP) return true;
    struct mp terms = mp_get(required, "nodeSelectorTerms");
    for (struct mp_iter it = mp_items(terms); mp_iter_next(&it);)
        if (term_matches(it.value, node)) return true;
    return false;
}

int64_t affinity_weight(struct mp node_affinity, const struct object *node)
{
    struct mp preferred = mp_get(node_affinity, "preferredDuringSchedulingIgnoredDuringExecution");
    int64_t sum = 0;
    for (struct mp_iter it = mp_items(preferred); mp_iter_next(&it);) {
        int64_t weight = mp_i64(mp_get(it.value, "weight"), 0);
        if (weight > 0 && weight <= 100 && term_matches(mp_get(it.value, "preference"), node))
            sum += weight;
    }
    return sum;
}
