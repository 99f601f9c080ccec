/* What the tokens of service accounts claim: whose they are, and what they end with.
 *
 * Two forms, as Kubernetes has them: a token that is kept in a Secret lasts as long as that Secret;
 * one that was asked for (TokenRequest) lasts until it expires, or until the object that it was
 * bound to goes. */
#ifndef LOGSHIP_API_ACCOUNT_CLAIMS_H
#define LOGSHIP_API_ACCOUNT_CLAIMS_H

#include "actors/world.h"
#include "base/buf.h"

struct account_claims {
    struct str ns, name, uid;
    struct str secret; /* that holds it; n == 0: it expires */
    int64_t issued_s, expires_s;
    struct mp audiences; /* or MP_END */
    /* What it is bound to, a Pod or a Secret of the account's namespace; NULL: nothing. */
    const struct kind *bound;
    struct str bound_name, bound_uid;
};

/* What tokens can be bound to; NULL: not to this. */
const struct kind *account_bound_kind(struct str api_version, struct str kind);
/* JSON. */
void account_claims_write(const struct account_claims *c, struct buf *out);
/* Slices point into `memory`, to which the claims are unpacked. */
bool account_claims_read(struct str json, struct buf *memory, struct account_claims *out);
/* Appends which of the wanted audiences (none: our own API) the token is for, as a list; how many.
 * A token that is kept in a Secret is for our own API. */
uint32_t account_claims_audiences(const struct account_claims *c, struct mp wanted,
                                  struct buf *out);
/* Is this our own API, or is nothing wanted? */
bool account_audience_is_ours(struct mp wanted);
/* The list of our own API alone. */
void account_put_our_audience(struct buf *out);
/* Do they hold in this world, at this time? Whom the token is for is not asked. */
bool account_claims_hold(const struct account_claims *c, struct world *w, int64_t now_s);
/* "system:serviceaccount:ns:name" */
void account_claims_user(const struct account_claims *c, struct buf *out);

#endif
