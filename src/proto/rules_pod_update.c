/* A pod that exists is what it is: only little of its spec may change. */
#include "proto/checker.h"

#define POD_UPDATE_RULE                                                                            \
    "pod updates may not change fields other than `spec.containers[*].image`, "                    \
    "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only "    \
    "additions to existing tolerations)"

static bool pod_same_except(struct mp now, struct mp old, const char *const *free_fields)
{
    uint32_t counts[2] = {0};
    struct mp both[2] = {now, old};
    for (int side = 0; side < 2; side++)
        for (struct mp_iter it = mp_items(both[side]); mp_iter_next(&it);) {
            bool may_change = false;
            for (size_t i = 0; free_fields[i]; i++) may_change |= str_is(it.key, free_fields[i]);
            if (may_change) continue;
            counts[side]++;
            if (side == 0 && !mp_same(it.value, mp_get_str(old, it.key))) return false;
        }
    return counts[0] == counts[1];
}

static bool pod_same_containers(struct mp now, struct mp old)
{
    static const char *const free_fields[] = {"image", NULL};
    struct mp_iter a = mp_items(now), b = mp_items(old);
    while (mp_iter_next(&a) && mp_iter_next(&b))
        if (!pod_same_except(a.value, b.value, free_fields)) return false;
    return true;
}

static uint32_t pod_count(struct mp list)
{
    return list.type == MP_ARRAY ? list.count : 0;
}

static bool pod_keeps_tolerations(struct mp now, struct mp old)
{
    for (struct mp_iter was = mp_items(old); mp_iter_next(&was);) {
        bool kept = false;
        for (struct mp_iter is = mp_items(now); !kept && mp_iter_next(&is);) {
            /* The time may be changed; everything else makes it another toleration. */
            static const char *const free_fields[] = {"tolerationSeconds", NULL};
            kept = pod_same_except(is.value, was.value, free_fields);
        }
        if (!kept) return false;
    }
    return true;
}

static bool pod_same_spec(struct mp now, struct mp old)
{
    static const char *const free_fields[] = {"containers", "initContainers",
                                              "activeDeadlineSeconds", "tolerations", NULL};
    return pod_same_except(now, old, free_fields) &&
           pod_same_containers(mp_get(now, "containers"), mp_get(old, "containers")) &&
           pod_same_containers(mp_get(now, "initContainers"), mp_get(old, "initContainers"));
}

static void pod_deadline(struct checker *c, struct mp now, struct mp old)
{
    if (old.type == MP_END) return;
    if (now.type == MP_END)
        check_add(c, "FieldValueInvalid", "spec.activeDeadlineSeconds",
                  "Invalid value: null: must not update from a positive integer to nil value");
    else if (mp_i64(now, 0) > mp_i64(old, 0))
        check_invalid(c, "spec.activeDeadlineSeconds", now,
                      "must be less than or equal to previous value");
}

check_fn check_pod_update;
void check_pod_update(struct checker *c, const struct check_scope *at)
{
    if (!check_is_update(c)) return;
    struct mp now = check_get(at, "spec"), old = mp_get(at->old, "spec");
    static const char *const lists[] = {"containers", "initContainers"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (pod_count(mp_get(now, lists[i])) == pod_count(mp_get(old, lists[i]))) continue;
        check_forbidden(c, i ? "spec.initContainers" : "spec.containers",
                        "pod updates may not add or remove containers");
        return;
    }
    pod_deadline(c, mp_get(now, "activeDeadlineSeconds"), mp_get(old, "activeDeadlineSeconds"));
    if (!pod_keeps_tolerations(mp_get(now, "tolerations"), mp_get(old, "tolerations")))
        check_forbidden(c, "spec.tolerations",
                        "existing toleration can not be modified except its tolerationSeconds");
    if (pod_same_spec(now, old)) return;
    /* The old one may be from before a default was known. */
    struct buf filled buf_auto = BUF_INIT;
    admit_defaults(c->kind, c->old_root, &filled);
    if (!pod_same_spec(now, mp_get(mp_read(filled.data, filled.len), "spec")))
        check_forbidden(c, "spec", POD_UPDATE_RULE);
}
