/* Whose is this token of a service account? */
#ifndef LOGSHIP_API_ACCOUNT_AUTH_H
#define LOGSHIP_API_ACCOUNT_AUTH_H

#include "api/inner.h"

/* The token of an Authorization header; n == 0: there is none. */
struct str account_bearer(struct str authorization);
struct account_user {
    istr name; /* "system:serviceaccount:ns:name" */
    struct str uid, ns;
    struct str pod, pod_uid; /* that the token is bound to; n == 0: none */
    struct mp audiences;     /* of those that were wanted, whom the token is for */
};
/* False: it is no token that this cluster signed, `then` is not called. Else `then` gets the
 * account as a user (for the call), later, or NULL when the account or the token is gone, or the
 * token is for none of the audiences (empty: our own API), which live as long as the request. */
typedef void account_then_fn(struct request *r, const struct account_user *who);
bool account_identify(struct request *r, struct str token, struct mp audiences,
                      account_then_fn *then);

/* Is it one that this cluster signed? Whether its account still is, is not asked. */
bool account_signed(const struct api *a, struct str token);

#endif
