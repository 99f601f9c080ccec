/* logship up: a local cluster of real processes. */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/cluster_dir.h"
#include "cli/cluster_make.h"
#include "cli/cluster_start.h"
#include "cli/cluster_stop.h"
#include "cli/processes.h"
#include "cli/status.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char about_up[] =
    "Starts a cluster of real processes on loopback, or what is not running of it. Everything is "
    "kept in\n"
    "DIR: run it again on the same DIR to go on. Master K serves the API at PORT+K-1.";

struct up_words {
    const char *dir, *runtime;
    unsigned long long masters, nodes, sim_nodes, port, sim_delay;
    struct master_tuning tuning;
    bool detach;
};

static void joining_argv(const struct cluster_dir *d, struct argv_list *a)
{
    for (unsigned i = 1; i <= d->settings.masters; i++)
        arg(a, "--master", cluster_node_port_address(d, i));
    arg(a, "--token-file", cluster_file(d, "join-token"));
    arg(a, "--ca", cluster_file(d, "pki/ca.crt"));
}

static void node_argv(const struct cluster_dir *d, unsigned k, struct argv_list *a)
{
    arg(a, "node", NULL);
    arg(a, "--dir", cluster_file(d, "n%u", k));
    arg(a, "--name", mem_printf("n%u", k));
    arg(a, "--driver", d->settings.runtime);
    arg(a, "--images", cluster_file(d, "images"));
    /* Clusters side by side on one machine have networks of their own, past the addresses of
     * services (10.96.0.0/12). */
    unsigned second = 112 + (unsigned)(d->settings.api_port % 128);
    arg(a, "--pod-cidr", mem_printf("10.%u.%u.0/24", second, k));
    joining_argv(d, a);
}

static void sim_argv(const struct cluster_dir *d, const struct up_words *w, struct argv_list *a)
{
    arg(a, "simnodes", NULL);
    arg(a, "--count", mem_printf("%llu", d->settings.sim_nodes));
    arg_number(a, "--start-ms", w->sim_delay);
    joining_argv(d, a);
}

/* A master that has lost its data is not started: the others would refuse it. */
static int up_masters(const struct cluster_dir *d, const struct up_words *w, struct processes *p,
                      unsigned *lost, struct error *err)
{
    int rc = 0;
    for (unsigned k = 1; !rc && k <= d->settings.masters; k++) {
        if (!cluster_master_is_lost(d, k)) {
            rc = cluster_start_master(d, &w->tuning, p, k, err);
            continue;
        }
        unsigned long long id = cluster_master(d, k);
        printf("  m%-3llu its data (%s/m%llu) is gone, it must never run without it; replace it:\n"
               "       logship master replace --dir %s m%llu\n",
               id, d->path, id, d->path, id);
        ++*lost;
    }
    return rc;
}

static int up_nodes(const struct cluster_dir *d, const struct up_words *w, struct processes *p,
                    struct error *err)
{
    int rc = 0;
    for (unsigned k = 1; !rc && k <= d->settings.nodes; k++) {
        struct argv_list a = {0};
        mem_auto char *name = mem_printf("n%u", k);
        node_argv(d, k, &a);
        rc = cluster_start(d, p, name, &a, err);
    }
    struct argv_list a = {0};
    if (rc || !d->settings.sim_nodes) return rc;
    sim_argv(d, w, &a);
    return cluster_start(d, p, "sim", &a, err);
}

static int up_wait(const struct cluster_dir *d, const struct processes *p, struct error *err)
{
    for (int tries = 0; tries < 600; tries++) {
        struct cluster_status status;
        if (cluster_status_get(d, &status) == 0 && status.ready) {
            printf("  the API answers, %s leads (term %llu, revision %llu)\n", status.leader,
                   status.term, status.revision);
            return 0;
        }
        unsigned alive = 0;
        for (unsigned k = 1; k <= d->settings.masters; k++) {
            mem_auto char *name = mem_printf("m%llu", cluster_master(d, k));
            alive += process_alive(processes_find(p, name));
        }
        if (alive * 2 <= d->settings.masters)
            return error_set(
                err, E_IO,
                "masters ended while starting; %s/logs/m1.log and its neighbours say why", d->path);
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
    return error_set(err, E_TIMEOUT, "no leader within 30 s; see %s/logs/m1.log", d->path);
}

static void up_hold(const struct cluster_dir *d)
{
    sigset_t set;
    int number;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    puts("Ctrl-C stops it.");
    fflush(stdout);
    sigwait(&set, &number);
    cluster_stop(d, false);
}

static int up_run(const struct up_words *w, struct cluster_dir *d, struct error *err)
{
    struct processes p;
    processes_read(d, &p);
    printf("cluster in %s%s\n", d->path, d->fresh ? " (new)" : "");
    int rc = cluster_make_account_key(d, err);
    unsigned lost = 0;
    if (!rc) rc = up_masters(d, w, &p, &lost, err);
    if (!rc) rc = up_wait(d, &p, err);
    if (!rc) rc = up_nodes(d, w, &p, err);
    if (!rc && !lost && !d->settings.started) {
        d->settings.started = 1;
        rc = cluster_dir_save(d, err);
    }
    if (!rc && lost)
        rc = error_set(err, E_NOTFOUND,
                       "%u of %llu masters cannot run without the data they had; the others do",
                       lost, d->settings.masters);
    if (!rc) printf("try:  kubectl --kubeconfig %s/kubeconfig get nodes\n", d->path);
    processes_free(&p);
    return rc;
}

static int cmd_up(int argc, char **argv)
{
    struct up_words w = {.masters = 3, .nodes = 2, .port = 6443, .runtime = "oci"};
    const struct option_row rows[] = {
        {"dir", OPTION_TEXT, &w.dir, "DIR  where everything of the cluster is kept", true},
        {"masters", OPTION_NUMBER, &w.masters, "N  masters (3); fixed when the cluster is made",
         false},
        {"nodes", OPTION_NUMBER, &w.nodes, "N  nodes that run pods (2)", false},
        {"runtime", OPTION_TEXT, &w.runtime, "NAME  of the nodes: oci (containers) or sim", false},
        {"sim-nodes", OPTION_NUMBER, &w.sim_nodes, "N  simulated nodes besides, in one process (0)",
         false},
        {"sim-delay-ms", OPTION_NUMBER, &w.sim_delay, "MS  simulated pods need to start", false},
        {"api-port", OPTION_NUMBER, &w.port, "PORT  of the first master's API (6443)", false},
        {"election-ms", OPTION_NUMBER, &w.tuning.election, "MS  Raft election timeout (1000)",
         false},
        {"node-grace-ms", OPTION_NUMBER, &w.tuning.node_grace,
         "MS  silence after which a node is lost (40000)", false},
        {"keyframe-entries", OPTION_NUMBER, &w.tuning.keyframe_entries,
         "N  a keyframe after N entries", false},
        {"edges", OPTION_NUMBER, &w.tuning.edges,
         "N  threads for HTTP and nodes in each master (1)", false},
        {"detach", OPTION_FLAG, &w.detach, "return once a leader answers; else stay until Ctrl-C",
         false},
    };
    int rc = OPTIONS_PARSE("up", about_up, rows, argc, argv, NULL);
    if (rc) return rc > 0 ? 0 : 2;
    struct cluster_settings wanted = {
        .masters = w.masters, .nodes = w.nodes, .sim_nodes = w.sim_nodes, .api_port = w.port};
    snprintf(wanted.runtime, sizeof wanted.runtime, "%s", w.runtime);
    if (!w.masters || w.masters > 7 || w.port > 65000 ||
        (strcmp(w.runtime, "oci") != 0 && strcmp(w.runtime, "sim") != 0)) {
        fputs("logship up: masters 1 to 7, a port up to 65000, runtime oci or sim\n", stderr);
        return 2;
    }
    struct cluster_dir d;
    struct error err = {0};
    if (cluster_dir_open(&d, w.dir, &wanted, &err) || up_run(&w, &d, &err))
        return cli_fail("up", &err);
    fflush(stdout);
    if (!w.detach) up_hold(&d);
    return 0;
}

const struct verb verb_up = {"up", "starts a local cluster, or what is not running of it", cmd_up};
