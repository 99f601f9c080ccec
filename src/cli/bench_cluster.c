/* The cluster that a benchmark leans on: one of its own, or one that runs already. */
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

/* The leader: where the load goes, as a client that stays with what answers fastest would. */
static void bench_find_leader(const struct cluster_dir *d, struct bench_target *out)
{
    struct cluster_status status = {0};
    struct processes p;
    cluster_status_get(d, &status);
    processes_read(d, &p);
    unsigned k = status.leader[0] == 'm' ? (unsigned)strtoul(status.leader + 1, NULL, 10) : 1;
    out->address = cluster_api_address(d, k);
    out->leader = processes_find(&p, status.leader);
    processes_free(&p);
}

static int bench_drive(const struct bench_request *b, const char *dir, bench_load_fn *load,
                       void *figures, struct error *err)
{
    struct cluster_dir d;
    struct bench_target target = {0};
    int rc = cluster_dir_open(&d, dir, NULL, err);
    if (rc) return rc;
    target.tls = cluster_admin_tls(&d, err);
    if (!target.tls) return err->code;
    bench_find_leader(&d, &target);
    rc = bench_wait_nodes(b, target.address, target.tls, err);
    if (!rc) rc = load(b, &target, figures, err);
    mem_free(target.address);
    return rc;
}

int bench_on_cluster(const struct bench_request *b, bench_load_fn *load, void *figures)
{
    struct error err = {0};
    char own[] = "/tmp/logship-bench-XXXXXX";
    const char *dir = b->dir ? b->dir : mkdtemp(own);
    int rc = b->dir ? 0 : bench_up(b, dir, &err);
    if (!rc) rc = bench_drive(b, dir, load, figures, &err);
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
    return rc ? cli_fail("bench", &err) : 0;
}

static double bench_status_mb(const struct bench_target *t, const char *field)
{
    char path[64], line[128];
    snprintf(path, sizeof path, "/proc/%d/status", (int)t->leader);
    FILE *f = fopen(path, "r");
    double kb = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, field, strlen(field)) == 0) kb = strtod(line + strlen(field), NULL);
    if (f) fclose(f);
    return kb / 1024;
}

double bench_rss_mb(const struct bench_target *t)
{
    return bench_status_mb(t, "VmRSS:");
}

double bench_peak_mb(const struct bench_target *t)
{
    return bench_status_mb(t, "VmHWM:");
}

void bench_peak_reset(const struct bench_target *t)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)t->leader);
    FILE *f = fopen(path, "w");
    if (!f) return;
    fputs("5", f);
    fclose(f);
}

double bench_cpu_s(const struct bench_target *t)
{
    char path[64];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)t->leader);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    /* The second field, the program's name, has no blanks: it is ours. */
    if (fscanf(f, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user, &kernel) !=
        2)
        user = kernel = 0;
    fclose(f);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}
