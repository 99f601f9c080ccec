/* Which pods a quota is about, when it is not about everything. Pure. */
#ifndef LOGSHIP_ACTORS_ADMISSION_QUOTA_SCOPE_H
#define LOGSHIP_ACTORS_ADMISSION_QUOTA_SCOPE_H

#include "proto/object.h"

/* quota: the quota's spec. A quota with scopes is about pods only. */
bool scope_is_narrow(struct mp quota);
bool scope_takes(struct mp quota, const struct kind *kind, struct mp body);

#endif
