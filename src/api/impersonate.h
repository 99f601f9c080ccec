/* Acting as somebody else (kubectl --as, --as-group): the headers Impersonate-User, -Group, -Uid
 * and -Extra-KEY. Everybody who is known may, as everybody may do everything else; what is done
 * bears the other's name. Nobody escapes flow control by it who could not before. */
#ifndef LOGSHIP_API_IMPERSONATE_H
#define LOGSHIP_API_IMPERSONATE_H

#include "api/inner.h"

/* Makes the request that of whom its headers name; false: they cannot be followed, answered. */
bool impersonate(struct request *r);
/* Who that is, as a UserInfo. */
void impersonate_put_user(struct request *r, struct buf *out);

#endif
