#include "node/logs_internal.h"

#include "net/pki.h"
#include "node/paths.h"

#include <stdlib.h>

struct worker_container *logs_container(struct agent_pod *p, struct str name)
{
    for (unsigned i = 0; i < p->worker.count; i++) {
        if (str_is(name, p->worker.containers[i].name)) return &p->worker.containers[i];
    }
    return NULL;
}

void logs_refuse(struct http_exchange *x, int status, const char *format, ...)
{
    struct buf buf_auto text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    http_reply(x, status, "text/plain; charset=utf-8", NULL, text.data, text.len);
}

bool logs_flag(struct http_exchange *x, const char *name)
{
    struct str v = http_param(x, name);
    return str_is(v, "true") || str_is(v, "1");
}

static struct agent_pod *pod_by_name(struct agent *a, struct str ns, struct str name)
{
    struct agent_pod *p, *found = NULL;
    for (size_t i = 0; (p = map_next(&a->pods, &i));) {
        if (!str_is(ns, p->brief.ns) || !str_is(name, p->brief.name)) continue;
        if (!found || !p->removed) found = p;
    }
    return found;
}

/* The run whose log is asked for; false: answered. */
static bool choose_attempt(struct http_exchange *x, const struct agent_pod *p,
                           const struct worker_container *c, bool previous, unsigned *attempt)
{
    if (previous) {
        if (c->last.known && c->restarts > 0) {
            *attempt = c->restarts - 1;
            return true;
        }
        logs_refuse(x, 400, "previous terminated container \"%s\" in pod \"%s\" not found", c->name,
                    p->brief.name);
        return false;
    }
    if (c->state != CONTAINER_WAITING) {
        *attempt = c->restarts;
        return true;
    }
    if (c->last.known && c->restarts > 0) {
        *attempt = c->restarts - 1;
        return true;
    }
    logs_refuse(x, 400, "container \"%s\" in pod \"%s\" is waiting to start: %s", c->name,
                p->brief.name, c->reason[0] ? c->reason : "ContainerCreating");
    return false;
}

static void logs_handle(void *ctx, struct http_exchange *x)
{
    struct log_server *server = ctx;
    struct str rest = http_path(x), part[6];
    unsigned n = 0;
    while (n < 6 && rest.p && str_split(&rest, '/', &part[n])) n++;
    if (n != 5 || !str_is(part[1], "containerLogs") || part[0].n) {
        logs_refuse(x, 404, "404 page not found");
        return;
    }
    if (!str_is(http_method(x), "GET")) {
        logs_refuse(x, 405, "405 method not allowed");
        return;
    }
    struct agent_pod *p = pod_by_name(server->agent, part[2], part[3]);
    struct worker_container *c = p ? logs_container(p, part[4]) : NULL;
    unsigned attempt;
    if (!p) {
        logs_refuse(x, 404, "pod \"%.*s\" not found on this node", (int)part[3].n, part[3].p);
    } else if (!c) {
        logs_refuse(x, 404, "container \"%.*s\" not found in pod \"%s\"", (int)part[4].n, part[4].p,
                    p->brief.name);
    } else if (choose_attempt(x, p, c, logs_flag(x, "previous"), &attempt)) {
        log_stream_open(server, x, p, c, attempt);
    }
}

static int logs_certificate(struct log_server *s, struct error *err)
{
    const struct agent *a = s->agent;
    mem_auto char *cert = mem_printf("%s/node.crt", a->dir),
                  *key = mem_printf("%s/node.key", a->dir);
    if (!path_exists(cert) || !path_exists(key)) {
        const char *const names[] = {a->facts.address, a->options.name, NULL};
        struct pki_request request = {.common_name = a->options.name, .names = names, .days = 3650};
        int rc = pki_self_sign(&request, cert, key, err);
        if (rc < 0) return rc;
    }
    return tls_config_load(&s->tls, cert, key, a->options.ca_file, TLS_PEER_REQUIRED, err);
}

int log_server_start(struct log_server **out, const struct log_server_options *options,
                     struct error *err)
{
    struct log_server *s = mem_new(struct log_server);
    s->agent = options->agent;
    list_init(&s->streams);
    int rc = logs_certificate(s, err);
    mem_auto char *address = mem_printf("%s:%u", s->agent->facts.address, options->port);
    struct http_server_options http = {.loop = &s->agent->loop,
                                       .address = address,
                                       .tls = s->tls,
                                       .body_max = 4096,
                                       .handle = logs_handle,
                                       .ctx = s};
    if (rc == 0) rc = http_server_start(&s->http, &http, err);
    if (rc < 0) {
        log_server_free(s);
        return rc;
    }
    const char *colon = strrchr(http_server_address(s->http), ':');
    s->port = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
    *out = s;
    return 0;
}

unsigned log_server_port(const struct log_server *s)
{
    return s->port;
}

void log_server_stop(struct log_server *s)
{
    log_streams_abort(s);
    if (s->http) http_server_stop(s->http, NULL, NULL);
    s->http = NULL;
}

void log_server_free(struct log_server *s)
{
    if (!s) return;
    if (s->tls) tls_config_free(s->tls);
    mem_free(s);
}
