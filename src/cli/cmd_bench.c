/* logship bench: how fast is it, with three masters and every write synced on a quorum. */
#include "cli/bench.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char about[] =
    "logship bench schedule: starts three masters with simulated nodes on "
    "loopback (in a temporary\n"
    "directory, every write synced on a quorum), creates pods from outside "
    "and watches them being bound.\n"
    "logship bench list: reads all pods, again and again, as JSON and as a "
    "table.\n"
    "logship bench watch: many watches of one namespace, and writes to it.\n"
    "logship bench place: the placement loop alone.";

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

static int load_schedule(const struct bench_request *b, const struct bench_target *t, void *figures,
                         struct error *err)
{
    struct bench_figures *out = figures;
    int rc = bench_load(b, t->address, t->tls, out, err);
    out->leader_rss_mb = bench_rss_mb(t);
    return rc;
}

static int bench_schedule(const struct bench_request *b)
{
    struct bench_figures figures = {0};
    int rc = bench_on_cluster(b, load_schedule, &figures);
    if (!rc) show_schedule(b, &figures);
    return rc;
}

static int bench_listing(const struct bench_request *b)
{
    struct list_figures f = {0};
    int rc = bench_on_cluster(b, bench_list, &f);
    if (rc) return rc;
    bench_list_show(b, &f);
    return 0;
}

static int bench_watching(const struct bench_request *b)
{
    struct watch_figures f = {0};
    int rc = bench_on_cluster(b, bench_watch, &f);
    if (rc) return rc;
    bench_watch_show(b, &f);
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
    struct bench_request b = {.workload = "api",
                              .nodes = 1000,
                              .pods = 5000,
                              .connections = 64,
                              .sim_delay = 1000,
                              .watchers = 5000,
                              .events = 200};
    const struct option_row rows[] = {
        {"nodes", OPTION_NUMBER, &b.nodes, "N  simulated nodes (1000)", false},
        {"pods", OPTION_NUMBER, &b.pods, "N  pods (5000)", false},
        {"workload", OPTION_TEXT, &b.workload, "W  api: one request a pod; replicaset: one object",
         false},
        {"connections", OPTION_NUMBER, &b.connections, "N  clients at the same time (64)", false},
        {"watchers", OPTION_NUMBER, &b.watchers, "N  watches at the same time (5000)", false},
        {"events", OPTION_NUMBER, &b.events, "N  writes that they see (200)", false},
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
    if (words == 1 && strcmp(argv[1], "list") == 0 && b.pods) return bench_listing(&b);
    if (words == 1 && strcmp(argv[1], "watch") == 0 && b.watchers && b.events && b.connections)
        return bench_watching(&b);
    fputs("logship bench: say 'schedule', 'list', 'watch' or 'place' (and --workload api or "
          "replicaset)\n"
          "Try 'logship bench --help'.\n",
          stderr);
    return 2;
}

const struct verb verb_bench = {"bench", "measures scheduling on simulated nodes", cmd_bench};
