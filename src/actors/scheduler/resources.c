#include "actors/scheduler/resources.h"

#include "proto/quantity.h"

void resource_names_init(struct resource_names *names)
{
    *names = (struct resource_names){
        .name = {istr_of("cpu"), istr_of("memory"), istr_of("ephemeral-storage")},
        .count = RESOURCE_FIXED};
}

/* Place of a resource, made when new; -1: no room. */
static int resource_place(struct resource_names *names, struct str name)
{
    for (unsigned i = 0; i < names->count; i++)
        if (str_is(name, names->name[i])) return (int)i;
    if (names->count == RESOURCE_MAX) return -1;
    names->name[names->count] = istr_get(name);
    return (int)names->count++;
}

static int64_t resource_amount(struct mp quantity, bool milli)
{
    int64_t amount = mp_i64(quantity, 0);
    if (quantity.type == MP_STR) {
        bool good =
            milli ? quantity_milli(quantity.s, &amount) : quantity_value(quantity.s, &amount);
        if (!good) return 0;
    } else if (milli && __builtin_mul_overflow(amount, 1000, &amount)) {
        return INT64_MAX;
    }
    return amount < 0 ? 0 : amount;
}

int64_t resource_count(struct mp quantity)
{
    return resource_amount(quantity, false);
}

static int64_t sum_or_most(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

struct str resource_row_add(struct resource_names *names, struct mp quantities,
                            struct resource_row *row)
{
    struct str unplaced = {0};
    for (struct mp_iter it = mp_items(quantities); mp_iter_next(&it);) {
        if (str_is(it.key, "pods")) continue; /* every pod counts as one */
        int place = resource_place(names, it.key);
        int64_t amount = resource_amount(it.value, place == RESOURCE_CPU);
        if (place >= 0)
            row->amount[place] = sum_or_most(row->amount[place], amount);
        else if (amount && !unplaced.p)
            unplaced = it.key;
    }
    return unplaced;
}

struct str resource_row_of_pod(struct resource_names *names, struct mp spec,
                               struct resource_row *row)
{
    struct str unplaced = {0}, more;
    *row = (struct resource_row){0};
    for (struct mp_iter it = mp_items(mp_get(spec, "containers")); mp_iter_next(&it);) {
        more = resource_row_add(names, mp_path(it.value, "resources.requests"), row);
        if (more.p) unplaced = more;
    }
    for (struct mp_iter it = mp_items(mp_get(spec, "initContainers")); mp_iter_next(&it);) {
        struct resource_row init = {0};
        more = resource_row_add(names, mp_path(it.value, "resources.requests"), &init);
        if (more.p) unplaced = more;
        for (unsigned i = 0; i < names->count; i++)
            if (init.amount[i] > row->amount[i]) row->amount[i] = init.amount[i];
    }
    more = resource_row_add(names, mp_get(spec, "overhead"), row);
    return more.p ? more : unplaced;
}
