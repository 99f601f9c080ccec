/* What a line of a quota counts: from names such as "count/jobs.batch" or "limits.memory" to
 * amounts of objects. Pure. */
#ifndef LOGSHIP_ACTORS_ADMISSION_QUOTA_MEASURE_H
#define LOGSHIP_ACTORS_ADMISSION_QUOTA_MEASURE_H

#include "proto/object.h"

enum measure_of {
    MEASURE_NOTHING, /* a name that we do not know */
    MEASURE_COUNT,   /* objects of a kind */
    MEASURE_PODS,    /* pods that have not finished */
    MEASURE_REQUEST, /* what such pods ask for */
    MEASURE_LIMIT,   /* and may use */
    MEASURE_NODE_PORTS,
    MEASURE_LOAD_BALANCERS,
    MEASURE_CLAIMS, /* of a storage class */
    MEASURE_STORAGE /* that claims (of a class, when one is named) ask for */
};

/* Slices point into the name. */
struct measure {
    enum measure_of of;
    struct str
        what; /* COUNT: the kind's key; REQUEST, LIMIT: a resource; CLAIMS, STORAGE: a class */
};

struct measure measure_parse(struct str name);
bool measure_takes(const struct measure *m, const struct kind *kind);
/* Of an object of a kind that it takes, in thousandths. */
int64_t measure_amount(const struct measure *m, struct mp body);
/* Does a pod count only until it has finished? */
static inline bool measure_is_of_live_pods(const struct measure *m)
{
    return m->of == MEASURE_PODS || m->of == MEASURE_REQUEST || m->of == MEASURE_LIMIT;
}
/* A quantity in whose suffix family the line's amounts are told; `hard` is its limit. */
struct str measure_like(struct str name, struct str hard);

#endif
