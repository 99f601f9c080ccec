/* The master's keys behind the core's interface for making tokens (actors/tokens.h). */
#ifndef LOGSHIP_MASTER_TOKEN_MINT_H
#define LOGSHIP_MASTER_TOKEN_MINT_H

#include "actors/tokens.h"
#include "base/buf.h"

struct jwt_key;

struct master_mint {
    struct token_mint mint;
    const struct jwt_key *key;
    const unsigned char *seal_key;
    struct buf ca; /* PEM */
};

/* Reads the CA's certificate; the keys stay their owner's. */
int master_mint_open(struct master_mint *m, const struct jwt_key *key,
                     const unsigned char *seal_key, const char *ca_file, struct error *err);

#endif
