#include "cli/cluster_dir.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/cluster_make.h"
#include "cli/files.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PEER_PORTS = 100, NODE_PORTS = 200 }; /* above the API's ports */

char *cluster_file(const struct cluster_dir *d, const char *format, ...)
{
    char tail[512];
    va_list args;
    va_start(args, format);
    vsnprintf(tail, sizeof tail, format, args);
    va_end(args);
    return mem_printf("%s/%s", d->path, tail);
}

unsigned long long cluster_master(const struct cluster_dir *d, unsigned k)
{
    return d->settings.holders[k - 1] ? d->settings.holders[k - 1] : k;
}

static char *loopback(unsigned long long port)
{
    return mem_printf("127.0.0.1:%llu", port);
}

char *cluster_api_address(const struct cluster_dir *d, unsigned k)
{
    return loopback(d->settings.api_port + k - 1);
}

char *cluster_peer_address(const struct cluster_dir *d, unsigned k)
{
    return loopback(d->settings.api_port + PEER_PORTS + k - 1);
}

char *cluster_node_port_address(const struct cluster_dir *d, unsigned k)
{
    return loopback(d->settings.api_port + NODE_PORTS + k - 1);
}

static void settings_line(struct cluster_settings *s, struct str name, struct str value)
{
    const struct {
        const char *name;
        unsigned long long *number;
    } numbers[] = {{"masters", &s->masters},     {"nodes", &s->nodes},
                   {"sim-nodes", &s->sim_nodes}, {"api-port", &s->api_port},
                   {"joining", &s->joining},     {"started", &s->started}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t v;
        if (str_is(name, numbers[i].name) && str_to_u64(value, &v)) *numbers[i].number = v;
    }
    uint64_t seat, holder;
    if (name.n == 2 && name.p[0] == 'm' && str_to_u64((struct str){name.p + 1, 1}, &seat) &&
        seat >= 1 && seat <= CLUSTER_MASTERS_MAX && str_to_u64(value, &holder))
        s->holders[seat - 1] = holder;
    if (str_is(name, "id")) snprintf(s->id, sizeof s->id, "%.*s", (int)value.n, value.p);
    if (str_is(name, "runtime"))
        snprintf(s->runtime, sizeof s->runtime, "%.*s", (int)value.n, value.p);
}

static int settings_read(struct cluster_dir *d, struct error *err)
{
    buf_auto struct buf text = BUF_INIT;
    mem_auto char *path = cluster_file(d, "cluster");
    int rc = file_read(path, &text, err);
    if (rc) return rc;
    struct str rest = {text.data, text.len}, line;
    while (str_split(&rest, '\n', &line)) {
        struct str name;
        if (str_split(&line, '=', &name) && line.p) settings_line(&d->settings, name, line);
    }
    if (strlen(d->settings.id) == 36 && d->settings.masters && d->settings.api_port) return 0;
    return error_set(err, E_CORRUPT, "%s is not a cluster's settings", path);
}

int cluster_dir_save(const struct cluster_dir *d, struct error *err)
{
    buf_auto struct buf text = BUF_INIT;
    const struct cluster_settings *s = &d->settings;
    buf_printf(&text,
               "id=%s\nmasters=%llu\nnodes=%llu\nsim-nodes=%llu\napi-port=%llu\nruntime=%s\n",
               s->id, s->masters, s->nodes, s->sim_nodes, s->api_port, s->runtime);
    if (s->started) buf_puts(&text, "started=1\n");
    if (s->joining) buf_printf(&text, "joining=%llu\n", s->joining);
    for (unsigned k = 1; k <= CLUSTER_MASTERS_MAX; k++)
        if (s->holders[k - 1]) buf_printf(&text, "m%u=%llu\n", k, s->holders[k - 1]);
    mem_auto char *path = cluster_file(d, "cluster");
    return file_write(path, text.data, text.len, 0644, err);
}

int cluster_dir_open(struct cluster_dir *out, const char *path,
                     const struct cluster_settings *wanted, struct error *err)
{
    if (wanted) {
        int rc = dir_make(path, err);
        if (rc) return rc;
    }
    *out = (struct cluster_dir){.path = realpath(path, NULL)};
    if (!out->path) return error_set(err, E_NOTFOUND, "%s: there is no such directory", path);
    int rc = settings_read(out, err);
    if (rc == E_NOTFOUND && wanted) {
        out->settings = *wanted;
        out->fresh = true;
        rc = cluster_make(out, err);
    } else if (rc == E_NOTFOUND) {
        return error_set(err, rc, "%s holds no cluster (make one with 'logship up --dir %s')", path,
                         path);
    }
    return rc;
}
