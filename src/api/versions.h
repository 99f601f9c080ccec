/* Between the form of an object that the route's version shows and the one that is stored. Most
 * versions have the stored form: then nothing is copied, and `own` stays empty. */
#ifndef LOGSHIP_API_VERSIONS_H
#define LOGSHIP_API_VERSIONS_H

#include "proto/admit.h"
#include "proto/convert.h"

/* The document with the version's own defaults, in the stored form. Points into `doc` or `own`. */
struct mp version_stored(const struct kind_version *v, struct mp doc, struct buf *own);
/* A stored document as the version shows it. Points into `doc` or `own`. */
struct mp version_shown(const struct kind_version *v, struct mp doc, struct buf *own);
/* Causes that name fields of the stored form name those of the version. */
void version_rename(const struct kind_version *v, struct causes *causes);

#endif
