/* A local cluster's directory (--dir): what is kept where, and making it the first time.
 *
 *   cluster        settings: id, masters, nodes, runtime, ports (one name=value a line)
 *   pids           one line `name pid` per process
 *   kubeconfig     the admin's, with a context per master (m1 is current)
 *   pki/           ca, m1.. (masters), admin: .crt and .key
 *   tokens.csv, join-token, seal.key
 *   images/        the OCI layout that nodes take images from
 *   m1/ .. n1/ ..  data of each process;  logs/  what each process says */
#ifndef LOGSHIP_CLI_CLUSTER_DIR_H
#define LOGSHIP_CLI_CLUSTER_DIR_H

#include "base/error.h"

#include <stdbool.h>

struct cluster_settings {
    char id[37];
    unsigned long long masters, nodes, sim_nodes, api_port;
    char runtime[16]; /* of the nodes: "oci" or "sim" */
};

struct cluster_dir {
    char *path; /* absolute */
    struct cluster_settings settings;
    bool fresh; /* was made just now */
};

/* Opens it; when there is none and `wanted` is given, makes it. */
int cluster_dir_open(struct cluster_dir *out, const char *path,
                     const struct cluster_settings *wanted, struct error *err);
int cluster_dir_save(const struct cluster_dir *d, struct error *err); /* the settings */

/* Addresses on loopback, K from 1. Memory of the caller's. */
char *cluster_api_address(const struct cluster_dir *d, unsigned k);
char *cluster_peer_address(const struct cluster_dir *d, unsigned k);
char *cluster_node_port_address(const struct cluster_dir *d, unsigned k);
char *cluster_file(const struct cluster_dir *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
