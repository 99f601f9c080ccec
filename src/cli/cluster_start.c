#include "cli/cluster_start.h"

#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

void arg(struct argv_list *a, const char *name, const char *value)
{
    a->items[a->count++] = name;
    if (value) a->items[a->count++] = value;
    a->items[a->count] = NULL;
}

void arg_number(struct argv_list *a, const char *name, unsigned long long value)
{
    if (value) arg(a, name, mem_printf("%llu", value));
}

static void master_argv(const struct cluster_dir *d, const struct master_tuning *w, unsigned k,
                        struct argv_list *a)
{
    unsigned long long id = cluster_master(d, k);
    arg(a, "master", NULL);
    arg(a, "--dir", cluster_file(d, "m%llu", id));
    arg(a, "--id", mem_printf("%llu", id));
    arg(a, "--cluster", d->settings.id);
    for (unsigned i = 1; i <= d->settings.masters; i++) {
        arg(a, "--peer", cluster_peer_address(d, i));
        arg(a, "--node-port-of", cluster_node_port_address(d, i));
        arg(a, "--api-of", cluster_api_address(d, i));
    }
    arg(a, "--api", cluster_api_address(d, k));
    arg(a, "--node", cluster_node_port_address(d, k));
    arg(a, "--ca", cluster_file(d, "pki/ca.crt"));
    arg(a, "--cert", cluster_file(d, "pki/m%llu.crt", id));
    arg(a, "--key", cluster_file(d, "pki/m%llu.key", id));
    arg(a, "--tokens", cluster_file(d, "tokens.csv"));
    arg(a, "--join-tokens", cluster_file(d, "join-token"));
    arg(a, "--seal-key", cluster_file(d, "seal.key"));
    arg(a, "--account-key", cluster_file(d, "pki/accounts.key"));
    arg_number(a, "--election-ms", w->election);
    arg_number(a, "--node-grace-ms", w->node_grace);
    arg_number(a, "--keyframe-entries", w->keyframe_entries);
    arg_number(a, "--edges", w->edges);
}

int cluster_start(const struct cluster_dir *d, struct processes *p, const char *name,
                  const struct argv_list *a, struct error *err)
{
    if (processes_find(p, name)) {
        printf("  %-4s is running (pid %d)\n", name, (int)processes_find(p, name));
        return 0;
    }
    pid_t pid = process_start(d, name, a->items, err);
    if (pid < 0) return pid;
    processes_add(p, name, pid);
    printf("  %-4s started (pid %d)\n", name, (int)pid);
    return processes_write(d, p, err);
}

int cluster_start_master(const struct cluster_dir *d, const struct master_tuning *tuning,
                         struct processes *p, unsigned k, struct error *err)
{
    struct argv_list a = {0};
    mem_auto char *name = mem_printf("m%llu", cluster_master(d, k));
    master_argv(d, tuning, k, &a);
    return cluster_start(d, p, name, &a, err);
}

bool cluster_master_is_lost(const struct cluster_dir *d, unsigned k)
{
    unsigned long long id = cluster_master(d, k);
    mem_auto char *path = cluster_file(d, "m%llu/identity", id);
    return d->settings.started && d->settings.joining != id && access(path, F_OK) != 0;
}
