/* Asking a local cluster how it is: GET /logship/status of whichever master answers. */
#ifndef LOGSHIP_CLI_STATUS_H
#define LOGSHIP_CLI_STATUS_H

#include "cli/cluster_dir.h"

struct tls_config;

struct cluster_status {
    char leader[64];
    unsigned long long term, revision;
    bool ready; /* a quorum answers, and the first objects are there */
};
int cluster_status_get(const struct cluster_dir *d, struct cluster_status *out);
/* The admin's TLS configuration of this cluster, made once. */
struct tls_config *cluster_admin_tls(const struct cluster_dir *d, struct error *err);

#endif
