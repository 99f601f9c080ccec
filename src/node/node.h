/* The node agent: a remote actor that runs pods.
 *
 * node_run joins a cluster as one node and runs the pods bound to it through a driver; simnodes_run
 * joins as many nodes as asked, whose pods only pretend, over as many real connections. Both block
 * until SIGTERM or SIGINT. A node that is told to stop leaves its containers running and adopts
 * them when it starts again on the same directory. */
#ifndef LOGSHIP_NODE_NODE_H
#define LOGSHIP_NODE_NODE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct node_options {
    const char *name;
    const char *const
        *masters;      /* addresses "host:port" of the masters' node listeners; NULL-terminated */
    const char *token; /* the join token, or NULL: */
    const char *token_file;    /* a file whose first line it is */
    const char *ca_file;       /* the cluster's CA */
    const char *const *labels; /* "key=value", NULL-terminated, may be NULL */
    const char *driver;        /* "oci" (default) or "sim" */
    const char *dir;           /* the node's own files; made when missing */
    const char *address;       /* IP the node is known by; NULL: 127.0.0.1 */
    unsigned port;             /* of the log listener; 0: any */
    /* oci */
    const char *images;   /* an OCI layout directory; NULL: DIR/images */
    const char *pod_cidr; /* of the generated bridge network; NULL: 10.88.0.0/24 */
    const char *cni_conf; /* a CNI configuration list to use instead */
    const char *cni_bin;  /* plugins; NULL: /usr/lib/cni */
    const char *runtime;  /* runc, crun or a path; NULL: the first one that works here */
    /* NULL: of the machine (cpu, memory) and 110 */
    const char *cpu, *memory;
    unsigned pods;
};
int node_run(const struct node_options *options, struct error *err);

/* Ends and removes what a node that does not run any more left on this machine: its containers,
 * their mounts and addresses, and its memory of them. Images and logs stay. Blocking; root. */
int node_wipe(const char *dir, struct error *err);

struct simnodes_options {
    unsigned count;
    const char *prefix; /* names are PREFIX0 ... ; NULL: "sim-" */
    unsigned first;     /* number of the first one */
    const char *const *masters;
    const char *token, *token_file, *ca_file;
    const char *const *labels;
    const char *cpu, *memory;           /* NULL: 32 and 64Gi */
    unsigned pods;                      /* 0: 110 */
    unsigned start_ms, start_jitter_ms; /* bound to Running */
    unsigned stop_ms;                   /* deleted to gone */
    bool exact_name;                    /* one node, called `prefix` */
};
int simnodes_run(const struct simnodes_options *options, struct error *err);

#endif
