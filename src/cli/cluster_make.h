/* Making a cluster's directory: its CA and certificates, tokens, keys and kubeconfig. */
#ifndef LOGSHIP_CLI_CLUSTER_MAKE_H
#define LOGSHIP_CLI_CLUSTER_MAKE_H

#include "cli/cluster_dir.h"

int cluster_make(struct cluster_dir *d, struct error *err);
/* The certificate of a master that replaces another one, unless there is one. */
int cluster_make_master(const struct cluster_dir *d, unsigned long long id, struct error *err);
/* The key that signs service accounts' tokens, unless there is one: older directories lack it. */
int cluster_make_account_key(const struct cluster_dir *d, struct error *err);

#endif
