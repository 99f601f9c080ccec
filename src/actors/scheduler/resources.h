/* Resource amounts as rows of integers: cpu in thousandths, everything else in whole units.
 *
 * The first three have fixed places; extended resources (example.com/gpu) get the next free place
 * when they are first seen, up to RESOURCE_MAX. */
#ifndef LOGSHIP_SCHEDULER_RESOURCES_H
#define LOGSHIP_SCHEDULER_RESOURCES_H

#include "proto/mp.h"

enum { RESOURCE_CPU, RESOURCE_MEMORY, RESOURCE_EPHEMERAL, RESOURCE_FIXED, RESOURCE_MAX = 12 };

struct resource_row {
    int64_t amount[RESOURCE_MAX];
};

struct resource_names {
    istr name[RESOURCE_MAX];
    unsigned count;
};
void resource_names_init(struct resource_names *names);
/* Place of a resource, made when new; -1: no room, or one that is not counted here (pods, hugepages
 * are counted). */
int resource_place(struct resource_names *names, struct str name);
/* Adds the quantities of a map like {"cpu": "100m"} to the row. */
void resource_row_add(struct resource_names *names, struct mp quantities, struct resource_row *row);
/* What a pod asks for: the sum over its containers, or an init container where that is more, plus
 * overhead. */
void resource_row_of_pod(struct resource_names *names, struct mp spec, struct resource_row *row);

#endif
