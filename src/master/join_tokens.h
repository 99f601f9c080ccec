/* The tokens with which nodes join: a text file, one token a line ('#' starts a comment line). It
 * is read again whenever its time or size changes, so a token is added or withdrawn by editing the
 * file. One thread. */
#ifndef LOGSHIP_MASTER_JOIN_TOKENS_H
#define LOGSHIP_MASTER_JOIN_TOKENS_H

#include "base/error.h"
#include "base/str.h"

struct join_tokens;

enum { JOIN_TOKEN_MAX = 256 };

int join_tokens_open(struct join_tokens **out, const char *file, struct error *err);
/* In time that does not depend on where texts differ. A file that vanished or got unreadable lets
 * nobody in. */
bool join_tokens_allow(struct join_tokens *t, struct str token);
void join_tokens_close(struct join_tokens *t);

#endif
