#include "actors/scheduler/resources.h"

#include "proto/quantity.h"

void resource_names_init(struct resource_names *names)
{
    *names = (struct resource_names){
        .name = {istr_of("cpu"), istr_of("memory"), istr_of("ephemeral-storage")},
        .count = RESOURCE_FIXED};
}

int resource_place(struct resource_names *names, struct str name)
{
    for (unsigned i = 0; i < names->count; i++)
        if (str_is(name, names->name[i])) return (int)i;
    if (str_is(name, "pods") || names->count == RESOURCE_MAX) return -1;
    names->name[names->count] = istr_get(name);
    return (int)names->count++;
}

void resource_row_add(struct resource_names *names, struct mp quantities, struct resource_row *row)
{
    for (struct mp_iter it = mp_items(quantities); mp_iter_next(&it);) {
        int place = resource_place(names, it.key);
        int64_t amount = mp_i64(it.value, 0);
        if (place < 0) continue;
        bool milli = place == RESOURCE_CPU;
        if (it.value.type == MP_STR) {
            bool good =
                milli ? quantity_milli(it.value.s, &amount) : quantity_value(it.value.s, &amount);
            if (!good) continue;
        } else if (milli) {
            amount *= 1000;
        }
        if (__builtin_add_overflow(row->amount[place], amount, &row->amount[place]))
            row->amount[place] = INT64_MAX;
    }
}

void resource_row_of_pod(struct resource_names *names, struct mp spec, struct resource_row *row)
{
    *row = (struct resource_row){0};
    for (struct mp_iter it = mp_items(mp_get(spec, "containers")); mp_iter_next(&it);)
        resource_row_add(names, mp_path(it.value, "resources.requests"), row);
    for (struct mp_iter it = mp_items(mp_get(spec, "initContainers")); mp_iter_next(&it);) {
        struct resource_row init = {0};
        resource_row_add(names, mp_path(it.value, "resources.requests"), &init);
        for (unsigned i = 0; i < names->count; i++)
            if (init.amount[i] > row->amount[i]) row->amount[i] = init.amount[i];
    }
    resource_row_add(names, mp_get(spec, "overhead"), row);
}
