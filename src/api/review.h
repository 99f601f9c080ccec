/* Questions that are posted as objects (review.c). */
#ifndef LOGSHIP_API_REVIEW_H
#define LOGSHIP_API_REVIEW_H

#include "api/inner.h"

/* Does the question say what it asks? false: answered. */
bool review_check(struct request *r, struct mp doc);

#endif
