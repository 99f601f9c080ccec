/* Whose is this token of a service account? */
#ifndef LOGSHIP_API_ACCOUNT_AUTH_H
#define LOGSHIP_API_ACCOUNT_AUTH_H

#include "api/inner.h"

/* The token of an Authorization header; n == 0: there is none. */
struct str account_bearer(struct str authorization);
/* False: it is no token that this cluster signed, `then` is not called. Else `then` gets the
 * account's user name, later, or NULL when the account or the token is gone. */
bool account_identify(struct request *r, struct str token,
                      void (*then)(struct request *r, istr user));

#endif
