/* Who is asking: a client certificate (common name and organizations) or a bearer token. */
#ifndef LOGSHIP_API_AUTH_H
#define LOGSHIP_API_AUTH_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct auth;
struct tls_peer;

/* tokens_file: lines token,user,uid,"group1,group2" (uid and groups may be missing); NULL: no
 * tokens. */
int auth_load(struct auth **out, const char *tokens_file, struct error *err);
int auth_parse(struct auth **out, struct str csv, struct error *err);
void auth_free(struct auth *a);

/* The user's name, or NULL: nobody we know. A token that is given but wrong is refused even when
 * the certificate would do. `masters`: whether the user is in the group system:masters. */
istr auth_user(const struct auth *a, const struct tls_peer *peer, struct str authorization,
               bool *masters);
istr auth_token_user(const struct auth *a, struct str token); /* of a token alone */
/* Append the groups that go with it as texts, and tell how many. */
uint32_t auth_put_token_groups(const struct auth *a, struct str token, struct buf *out);
uint32_t auth_put_peer_groups(const struct tls_peer *peer, struct buf *out);

#endif
