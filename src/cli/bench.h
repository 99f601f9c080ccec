/* The benchmark harness: a cluster of its own, a load from outside, and figures. */
#ifndef LOGSHIP_CLI_BENCH_H
#define LOGSHIP_CLI_BENCH_H

#include "cli/cluster_dir.h"

#include <stdint.h>

struct tls_config;

struct bench_request {
    const char
        *dir; /* a running cluster; NULL: one of its own, in a temporary directory, removed after */
    const char *workload; /* "api": one request a pod; "replicaset" */
    unsigned long long nodes, pods, connections, sim_delay, port;
    bool json;
};

struct bench_figures {
    double created_per_s, bound_per_s; /* over the time until the last was created, bound */
    double bound_s;                /* from the first request until the last pod was seen bound */
    double p50_ms, p99_ms, max_ms; /* a pod's creation to its binding, as a watcher sees it */
    uint64_t created, bound, failed;
    double leader_rss_mb;
};

/* bench_load.c: drives the cluster at `address` and watches what comes of it. */
int bench_load(const struct bench_request *b, const char *address, struct tls_config *tls,
               struct bench_figures *out, struct error *err);

struct place_figures {
    double per_s, selector_per_s, shapes_per_s;
};
/* bench_place.c: the placement loop alone, in this process. */
void bench_place(uint64_t nodes, uint64_t pods, struct place_figures *out);

#endif
