/* JSON Web Tokens signed with RSA and SHA-256 (RS256), as service accounts' tokens are.
 *
 * A key is immutable after jwt_key_load and may be used by all threads. */
#ifndef LOGSHIP_NET_JWT_H
#define LOGSHIP_NET_JWT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

struct jwt_key;

/* A new RSA key of 2048 bits in a file (PEM, mode 0600). */
int jwt_key_make(const char *file, struct error *err);
int jwt_key_load(struct jwt_key **out, const char *file, struct error *err);
void jwt_key_free(struct jwt_key *k);

/* Appends the token for these claims (a JSON object). The same claims give the same token. */
void jwt_sign(const struct jwt_key *k, struct str claims, struct buf *out);
/* Appends the claims; false: not a token that this key signed. Whether they still hold is for the
 * caller to say. */
bool jwt_verify(const struct jwt_key *k, struct str token, struct buf *claims);

#endif
