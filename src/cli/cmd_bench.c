/* logship bench: how fast is it, with three masters and every write synced on a quorum. */
#include "base/buf.h"
#include "base/mem.h"
#include "cli/bench.h"
#include "cli/cli.h"
#include "cli/processes.h"
#include "cli/status.h"
#include "net/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char about[] = "logship bench schedule: starts three masters with simulated nodes on "
                            "loopback (in a temporary\n"
                            "directory, every write synced on a quorum), creates pods from outside "
                            "and watches them being bound.\n"
                            "logship bench place: the placement loop alone.";

/* Runs this program with these words and waits for it. */
static int run_self(const char *const *words)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(2, 1); /* its progress is not our table */
        execv("/proc/self/exe", (char *const *)words);
        _exit(127);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int bench_up(const struct bench_request *b, const char *dir, struct error *err)
{
    mem_auto char *nodes = mem_printf("%llu", b->nodes), *port = mem_printf("%llu", b->port),
                  *delay = mem_printf("%llu", b->sim_delay);
    const char *words[] = {"logship",    "up",  "--dir",       dir,   "--nodes",        "0",
                           "--runtime",  "sim", "--sim-nodes", nodes, "--sim-delay-ms", delay,
                           "--api-port", port,  "--detach",    NULL};
    return run_self(words) ? error_set(err, E_IO, "the cluster did not start") : 0;
}

static int ready_nodes(const char *address, struct tls_config *tls)
{
    buf_auto struct buf body = BUF_INIT;
    if (http_fetch(address, tls, "GET", "/api/v1/nodes", NULL, NULL, 0, 10000, &body, NULL) != 200)
        return 0;
    static const char mark[] = "\"reason\":\"KubeletReady\"";
    int n = 0;
    for (char *p = body.data; (p = strstr(p, mark)); p += sizeof mark - 1) n++;
    return n;
}

static int bench_wait_nodes(const struct bench_request *b, const char *address,
                            struct tls_config *tls, struct error *err)
{
    int ready = 0;
    for (int tries = 0; tries < 240; tries++) {
        ready = ready_nodes(address, tls);
        fprintf(stderr, "\r  %d of %llu nodes ready", ready, b->nodes);
        if ((unsigned long long)ready >= b->nodes) break;
        nanosleep(&(struct timespec){0, 500000000}, NULL);
    }
    fputc('\n', stderr);
    if ((unsigned long long)ready >= b->nodes) return 0;
    return error_set(err, E_TIMEOUT, "only %d of %llu nodes came", ready, b->nodes);
}

static double rss_mb(pid_t pid)
{
    char path[64], line[128];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    double kb = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmRSS:", 6) == 0) kb = strtod(line + 6, NULL);
    if (f) fclose(f);
    return kb / 1024;
}

/* The load goes to the leader, as a client that stays with what answers fastest would. */
static char *leader_address(const struct cluster_dir *d, double *rss, struct processes *p)
{
    struct cluster_status status = {0};
    cluster_status_get(d, &status);
    unsigned k = status.leader[0] == 'm' ? (unsigned)strtoul(status.leader + 1, NULL, 10) : 1;
    *rss = rss_mb(processes_find(p, status.leader));
    return cluster_api_address(d, k);
}

static int bench_drive(const struct bench_request *b, const char *dir, struct bench_figures *out,
                       struct error *err)
{
    struct cluster_dir d;
    struct processes p;
    int rc = cluster_dir_open(&d, dir, NULL, err);
    if (rc) return rc;
    struct tls_config *tls = cluster_admin_tls(&d, err);
    if (!tls) return err->code;
    processes_read(&d, &p);
    double rss;
    mem_auto char *address = leader_address(&d, &rss, &p);
    rc = bench_wait_nodes(b, address, tls, err);
    if (!rc) rc = bench_load(b, address, tls, out, err);
    mem_free(leader_address(&d, &out->leader_rss_mb, &p));
    processes_free(&p);
    return rc;
}

static void show_schedule(const struct bench_request *b, const struct bench_figures *f)
{
    if (b->json) {
        printf("{\"bench\":\"schedule\",\"workload\":\"%s\",\"nodes\":%llu,\"pods\":%llu,"
               "\"created_per_s\":%.0f,\"bound_per_s\":%.0f,\"bound_s\":%.3f,\"p50_ms\":%.1f,"
               "\"p99_ms\":%.1f,\"max_ms\":%.1f,\"failed\":%llu,\"leader_rss_mb\":%.1f}\n",
               b->workload, b->nodes, b->pods, f->created_per_s, f->bound_per_s, f->bound_s,
               f->p50_ms, f->p99_ms, f->max_ms, (unsigned long long)f->failed, f->leader_rss_mb);
        return;
    }
    printf("%-28s %s, %llu nodes, %llu pods\n", "workload", b->workload, b->nodes, b->pods);
    printf("%-28s %.0f/s\n", "created", f->created_per_s);
    printf("%-28s %.0f/s (all after %.2f s)\n", "bound", f->bound_per_s, f->bound_s);
    printf("%-28s p50 %.1f ms, p99 %.1f ms, max %.1f ms\n", "created to bound", f->p50_ms,
           f->p99_ms, f->max_ms);
    printf("%-28s %llu\n", "failed requests", (unsigned long long)f->failed);
    printf("%-28s %.1f MB\n", "leader, resident", f->leader_rss_mb);
}

static int bench_schedule(struct bench_request *b)
{
    struct error err = {0};
    struct bench_figures figures = {0};
    char own[] = "/tmp/logship-bench-XXXXXX";
    const char *dir = b->dir ? b->dir : mkdtemp(own);
    int rc = b->dir ? 0 : bench_up(b, dir, &err);
    if (!rc) rc = bench_drive(b, dir, &figures, &err);
    if (!b->dir) {
        const char *down[] = {"logship", "down", "--dir", dir, NULL};
        run_self(down);
        if (!rc) {
            mem_auto char *clean = mem_printf("rm -rf '%s'", dir);
            rc = system(clean) ? 0 : rc;
        } else {
            fprintf(stderr, "what was written stays in %s\n", dir);
        }
    }
    if (rc) return cli_fail("bench", &err);
    show_schedule(b, &figures);
    return 0;
}

static int bench_placement(const struct bench_request *b)
{
    struct place_figures f;
    bench_place(b->nodes, b->pods, &f);
    if (b->json) {
        printf("{\"bench\":\"place\",\"nodes\":%llu,\"pods\":%llu,\"one_shape_per_s\":%.0f,"
               "\"selector_per_s\":%.0f,\"eight_shapes_per_s\":%.0f}\n",
               b->nodes, b->pods, f.per_s, f.selector_per_s, f.shapes_per_s);
        return 0;
    }
    printf("placement loop alone, %llu nodes, %llu pods\n", b->nodes, b->pods);
    printf("%-28s %.0f/s\n", "pods of one template", f.per_s);
    printf("%-28s %.0f/s\n", "with a node selector", f.selector_per_s);
    printf("%-28s %.0f/s\n", "eight templates in turn", f.shapes_per_s);
    return 0;
}

static int cmd_bench(int argc, char **argv)
{
    const char *output = NULL;
    int words = 0;
    struct bench_request b = {
        .workload = "api", .nodes = 1000, .pods = 5000, .connections = 64, .sim_delay = 1000};
    const struct option_row rows[] = {
        {"nodes", OPTION_NUMBER, &b.nodes, "N  simulated nodes (1000)", false},
        {"pods", OPTION_NUMBER, &b.pods, "N  pods (5000)", false},
        {"workload", OPTION_TEXT, &b.workload, "W  api: one request a pod; replicaset: one object",
         false},
        {"connections", OPTION_NUMBER, &b.connections, "N  clients at the same time (64)", false},
        {"sim-delay-ms", OPTION_NUMBER, &b.sim_delay,
         "MS  from bound to Running, as containers take (1000)", false},
        {"api-port", OPTION_NUMBER, &b.port, "PORT  of the first master (one of its own)", false},
        {"dir", OPTION_TEXT, &b.dir, "DIR  use this running cluster instead of one of its own",
         false},
        {"output", OPTION_TEXT, &output, "json  for machines", false},
        {"o", OPTION_TEXT, &output, "json  the same", false},
    };
    int rc = OPTIONS_PARSE("bench", about, rows, argc, argv, &words);
    if (rc) return rc > 0 ? 0 : 2;
    if (!b.port)
        b.port = 20000 + (unsigned)getpid() % 1000 * 20; /* runs side by side do not meet */
    b.json = output && strcmp(output, "json") == 0;
    bool known = strcmp(b.workload, "api") == 0 || strcmp(b.workload, "replicaset") == 0;
    if (words == 1 && strcmp(argv[1], "place") == 0) return bench_placement(&b);
    if (words == 1 && strcmp(argv[1], "schedule") == 0 && known && b.pods && b.connections)
        return bench_schedule(&b);
    fputs("logship bench: say 'schedule' or 'place' (and --workload api or replicaset)\n"
          "Try 'logship bench --help'.\n",
          stderr);
    return 2;
}

const struct verb verb_bench = {"bench", "measures scheduling on simulated nodes", cmd_bench};
