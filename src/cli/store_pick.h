/* Which log to read: --dir may name a master's data directory, or a cluster's (then --master, or
 * the master whose log goes furthest). Read-only; a running master is not disturbed. */
#ifndef LOGSHIP_CLI_STORE_PICK_H
#define LOGSHIP_CLI_STORE_PICK_H

#include "store/store.h"

enum { MASTER_IDS = 64 }; /* a cluster's directory is looked through for m1 to here */

int store_pick(const char *dir, const char *master, struct store **out, struct error *err);

#endif
