#include "actors/scheduler/taints.h"

static bool tolerates(struct mp toleration, struct str key, struct str value, struct str taint)
{
    struct str effect = mp_str(mp_get(toleration, "effect"));
    struct str wanted = mp_str(mp_get(toleration, "key"));
    if (effect.n && !str_eq(effect, taint)) return false;
    bool exists = mp_is(mp_get(toleration, "operator"), "Exists");
    if (!wanted.n) return exists; /* no key with Exists bears everything */
    if (!str_eq(wanted, key)) return false;
    return exists || str_eq(mp_str(mp_get(toleration, "value")), value);
}

static bool any_tolerates(struct mp tolerations, struct str key, struct str value,
                          struct str effect)
{
    for (struct mp_iter it = mp_items(tolerations); mp_iter_next(&it);)
        if (tolerates(it.value, key, value, effect)) return true;
    return false;
}

bool taints_tolerated(struct mp tolerations, struct mp taint)
{
    return any_tolerates(tolerations, mp_str(mp_get(taint, "key")), mp_str(mp_get(taint, "value")),
                         mp_str(mp_get(taint, "effect")));
}

struct mp taints_repelling(struct mp taints, struct mp tolerations)
{
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);) {
        struct mp effect = mp_get(it.value, "effect");
        bool repels = mp_is(effect, "NoSchedule") || mp_is(effect, "NoExecute");
        if (repels && !taints_tolerated(tolerations, it.value)) return it.value;
    }
    return (struct mp){0};
}

unsigned taints_disliking(struct mp taints, struct mp tolerations)
{
    unsigned n = 0;
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);)
        n += mp_is(mp_get(it.value, "effect"), "PreferNoSchedule") &&
             !taints_tolerated(tolerations, it.value);
    return n;
}

bool taints_bear_cordon(struct mp tolerations)
{
    return any_tolerates(tolerations, STR("node.kubernetes.io/unschedulable"), STR(""),
                         STR("NoSchedule"));
}
