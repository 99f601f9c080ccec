/* How much of a resource a pod asks for, as Kubernetes adds it up: the sum over its containers, or
 * what its greediest init container wants. In thousandths; sums stop at INT64_MAX. */
#ifndef LOGSHIP_ACTORS_ADMISSION_AMOUNTS_H
#define LOGSHIP_ACTORS_ADMISSION_AMOUNTS_H

#include "proto/mp.h"

struct amount {
    bool given; /* some container names the resource */
    int64_t milli;
    struct str like; /* a quantity of the family to print it in; points into the spec */
};

int64_t amount_sum(int64_t a, int64_t b);
/* which: "requests" or "limits". */
struct amount amount_of_container(struct mp container, const char *which, struct str resource);
struct amount amount_of_pod(struct mp spec, const char *which, struct str resource);

#endif
