/* The benchmark harness: a cluster of its own, a load from outside, and figures. */
#ifndef LOGSHIP_CLI_BENCH_H
#define LOGSHIP_CLI_BENCH_H

#include "cli/cluster_dir.h"

#include <stdint.h>
#include <sys/types.h>

struct tls_config;

struct bench_request {
    const char
        *dir; /* a running cluster; NULL: one of its own, in a temporary directory, removed after */
    const char *workload; /* "api": one request a pod; "replicaset" */
    unsigned long long nodes, pods, connections, sim_delay, port, watchers, events;
    bool json;
};

/* bench_cluster.c: what the load leans on. */
struct bench_target {
    char *address; /* of the leader's API */
    struct tls_config *tls;
    pid_t leader;
};
typedef int bench_load_fn(const struct bench_request *b, const struct bench_target *t,
                          void *figures, struct error *err);
/* Starts a cluster (unless b->dir names one), waits for its nodes, runs the load, stops it. Returns
 * what the program is to end with; what went wrong was said. */
int bench_on_cluster(const struct bench_request *b, bench_load_fn *load, void *figures);
double bench_rss_mb(const struct bench_target *t);  /* of the leader: resident now, */
double bench_peak_mb(const struct bench_target *t); /* at most since the last reset, */
void bench_peak_reset(const struct bench_target *t);
double bench_cpu_s(const struct bench_target *t); /* and the time it has used */

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

/* bench_list.c: lists of all pods, in each form the best of LIST_RUNS. */
enum { LIST_FORMS = 2, LIST_RUNS = 5 };
struct list_figures {
    struct {
        double mb, first_ms, mb_per_s[LIST_RUNS];
        uint64_t items;
    } forms[LIST_FORMS];
    double rss_mb, peak_mb;
};
bench_load_fn bench_list;
void bench_list_show(const struct bench_request *b, const struct list_figures *f);

/* bench_watch.c: many watches of one namespace. */
struct watch_figures {
    uint64_t delivered; /* events, over all watches */
    double seconds, cpu_s, kb_each;
    double p50_ms, p99_ms, max_ms; /* from a write's request to an event of it */
};
bench_load_fn bench_watch;
void bench_watch_show(const struct bench_request *b, const struct watch_figures *f);

struct place_figures {
    double per_s, selector_per_s, shapes_per_s;
};
/* bench_place.c: the placement loop alone, in this process. */
void bench_place(uint64_t nodes, uint64_t pods, struct place_figures *out);

#endif
