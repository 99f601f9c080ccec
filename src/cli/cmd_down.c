/* logship down: the end of a local cluster's processes. */
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/cluster_stop.h"
#include "cli/processes.h"
#include "node/node.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { STOP_PATIENCE_MS = 10000 };

static void stop_processes(const struct cluster_dir *d)
{
    struct processes p;
    processes_read(d, &p);
    for (size_t i = p.count; i-- > 0;) kill(p.items[i].pid, SIGTERM);
    for (size_t i = p.count; i-- > 0;) {
        int waited = 0;
        for (; process_alive(p.items[i].pid) && waited < STOP_PATIENCE_MS; waited += 20)
            nanosleep(&(struct timespec){0, 20000000}, NULL);
        if (waited >= STOP_PATIENCE_MS) kill(p.items[i].pid, SIGKILL);
        printf("  %-4s %s\n", p.items[i].name, waited >= STOP_PATIENCE_MS ? "killed" : "stopped");
    }
    p.count = 0;
    processes_write(d, &p, NULL);
    processes_free(&p);
}

/* Containers outlive their agent on purpose, but not the cluster that its owner stops. */
static void stop_containers(const struct cluster_dir *d)
{
    for (unsigned k = 1; k <= d->settings.nodes; k++) {
        struct error err = {0};
        mem_auto char *path = cluster_file(d, "n%u", k);
        if (access(path, F_OK) == 0 && node_wipe(path, &err))
            fprintf(stderr, "logship down: %s: %s\n", path, err.text);
    }
}

void cluster_stop(const struct cluster_dir *d, bool leave_containers)
{
    stop_processes(d);
    if (!leave_containers) stop_containers(d);
}

static const char about[] = "Stops every process of a local cluster, and the containers of its "
                            "pods. What the cluster holds\n"
                            "stays in DIR: 'logship up' on it goes on.";

static int cmd_down(int argc, char **argv)
{
    const char *dir = NULL;
    bool leave = false;
    const struct option_row rows[] = {
        {"dir", OPTION_TEXT, &dir, "DIR  the cluster's directory", true},
        {"leave-containers", OPTION_FLAG, &leave, "let them run; 'up' takes them over again",
         false},
    };
    int rc = OPTIONS_PARSE("down", about, rows, argc, argv, NULL);
    if (rc) return rc > 0 ? 0 : 2;
    struct cluster_dir d;
    struct error err = {0};
    if (cluster_dir_open(&d, dir, NULL, &err)) return cli_fail("down", &err);
    cluster_stop(&d, leave);
    return 0;
}

const struct verb verb_down = {"down", "stops a local cluster", cmd_down};
