/* Service accounts' tokens, as the core knows them: documents that somebody else makes. The core
 * has neither keys nor plaintext, so that it stays deterministic. */
#ifndef LOGSHIP_ACTORS_TOKENS_H
#define LOGSHIP_ACTORS_TOKENS_H

#include "proto/object.h"

#define TOKEN_TYPE       "kubernetes.io/service-account-token"
#define TOKEN_ACCOUNT    "kubernetes.io/service-account.name"
#define TOKEN_ACCOUNT_ID "kubernetes.io/service-account.uid"
#define TOKEN_MOUNT      "/var/run/secrets/kubernetes.io/serviceaccount"

/* Who makes tokens. The functions are called on the core's thread; each answers the same for the
 * same question, as far as anybody who cannot open what is sealed can tell. */
struct token_mint {
    /* The Secret's body with ca.crt, namespace and token added to what it holds, sealed; a new
     * reference. `secret` is its name, `body` what it has so far. */
    struct doc *(*mint)(const struct token_mint *m, const struct object *account, struct str secret,
                        const struct doc *body);
    /* The cluster's CA certificate in PEM, for the ConfigMap kube-root-ca.crt. */
    struct str (*root_ca)(const struct token_mint *m);
};

static inline bool token_is_secret(const struct object *o)
{
    return o && o->id->kind == kind_secret && mp_is(doc_path(o->body, "type"), TOKEN_TYPE);
}
/* Is the Secret a token of this very account? */
bool token_is_of(const struct object *secret, const struct object *account);

#endif
