/* Selectors of a list, watch or deletecollection. */
#ifndef LOGSHIP_API_FILTER_H
#define LOGSHIP_API_FILTER_H

#include "proto/selector.h"

struct request;

struct filter {
    struct selector *labels;       /* NULL: all */
    struct field_selector *fields; /* NULL: all */
};
/* From ?labelSelector= and ?fieldSelector=; false: answered (400). */
bool filter_parse(struct request *r, struct filter *out);
void filter_free(struct filter *f);
bool filter_matches(const struct filter *f, const struct object *o);
/* The one name it asks for, or p == NULL: lets a read fetch one object instead of all. */
struct str filter_name(const struct filter *f);

#endif
