/* Resource amounts as rows of integers: cpu in thousandths, everything else in whole units.
 *
 * The first three have fixed places; extended resources (example.com/gpu) and huge pages get the
 * next free place when they are first seen, up to RESOURCE_MAX. */
#ifndef LOGSHIP_SCHEDULER_RESOURCES_H
#define LOGSHIP_SCHEDULER_RESOURCES_H

#include "proto/mp.h"

enum { RESOURCE_CPU, RESOURCE_MEMORY, RESOURCE_EPHEMERAL, RESOURCE_FIXED, RESOURCE_MAX = 16 };

struct resource_row {
    int64_t amount[RESOURCE_MAX]; /* never negative */
};

/* A sum of rows. Wider, so that taking away what was added gives back what was there, however
 * absurd the amounts. */
struct resource_sum {
    __int128 amount[RESOURCE_MAX];
};

struct resource_names {
    istr name[RESOURCE_MAX];
    unsigned count;
};
void resource_names_init(struct resource_names *names);
/* Adds the quantities of a map like {"cpu": "100m"} to the row. Answers the name of the first
 * resource that found no place any more (a slice of the map), or p == NULL. */
struct str resource_row_add(struct resource_names *names, struct mp quantities,
                            struct resource_row *row);
/* What a pod asks for: the sum over its containers, or an init container where that is more, plus
 * overhead. Answers likewise. */
struct str resource_row_of_pod(struct resource_names *names, struct mp spec,
                               struct resource_row *row);
/* A quantity in whole units, however it is written; 0 when it is none or negative. */
int64_t resource_count(struct mp quantity);

#endif
