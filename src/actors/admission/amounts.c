#include "actors/admission/amounts.h"

#include "proto/quantity.h"

int64_t amount_sum(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

struct amount amount_of_container(struct mp container, const char *which, struct str resource)
{
    struct mp v = mp_get_str(mp_get(mp_get(container, "resources"), which), resource);
    struct amount out = {.like = mp_str(v)};
    out.given = v.type == MP_STR && quantity_milli(out.like, &out.milli);
    return out;
}

struct amount amount_of_pod(struct mp spec, const char *which, struct str resource)
{
    struct amount total = {0};
    for (struct mp_iter it = mp_items(mp_get(spec, "containers")); mp_iter_next(&it);) {
        struct amount one = amount_of_container(it.value, which, resource);
        if (!one.given) continue;
        if (!total.milli) total.like = one.like;
        total.given = true;
        total.milli = amount_sum(total.milli, one.milli);
    }
    for (struct mp_iter it = mp_items(mp_get(spec, "initContainers")); mp_iter_next(&it);) {
        struct amount one = amount_of_container(it.value, which, resource);
        if (one.given && (!total.given || one.milli > total.milli)) total = one;
    }
    return total;
}
