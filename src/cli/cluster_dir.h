/* A local cluster's directory (--dir): what is kept where, and making it the first time.
 *
 *   cluster        settings: id, masters, nodes, runtime, ports, replaced masters (one name=value a
 *                  line)
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

enum { CLUSTER_MASTERS_MAX = 7 };

struct cluster_settings {
    char id[37];
    unsigned long long masters, nodes, sim_nodes, api_port;
    char runtime[16];                                /* of the nodes: "oci" or "sim" */
    unsigned long long holders[CLUSTER_MASTERS_MAX]; /* seats' masters, where replaced; else 0 */
    unsigned long long joining; /* a new master that has not caught up yet, or 0 */
    unsigned long long started; /* 1: all masters have run, each has data of its own */
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

/* The id of the master in seat K: K, or that of its successor (raft/seats.h). */
unsigned long long cluster_master(const struct cluster_dir *d, unsigned k);
/* Addresses on loopback, of seat K, from 1. Memory of the caller's. */
char *cluster_api_address(const struct cluster_dir *d, unsigned k);
char *cluster_peer_address(const struct cluster_dir *d, unsigned k);
char *cluster_node_port_address(const struct cluster_dir *d, unsigned k);
char *cluster_file(const struct cluster_dir *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
