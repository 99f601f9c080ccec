#include "node/logs.h"

#include "base/trace.h"
#include "net/http_server.h"
#include "net/pki.h"
#include "node/agent.h"
#include "node/log_read.h"
#include "node/paths.h"
#include "proto/timefmt.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, QUEUE_MAX = 256 * 1024, FOLLOW_MS = 200, LINE_MAX_BYTES = 1024 * 1024 };

struct log_server {
    struct agent *agent;
    struct http_server *http;
    struct tls_config *tls;
    struct list streams;
    unsigned port;
};

struct log_stream {
    struct list link;
    struct log_server *server;
    struct http_exchange *x; /* NULL: gone */
    int fd;
    char *path;
    struct log_filter filter;
    struct buf raw;
    bool follow;
    struct uid pod; /* whose end ends the stream */
    char container[64];
    unsigned attempt;
    uv_timer_t timer;
};

/* --- which file --- */

static struct agent_pod *pod_by_name(struct agent *a, struct str ns, struct str name)
{
    struct agent_pod *p, *found = NULL;
    for (size_t i = 0; (p = map_next(&a->pods, &i));) {
        if (!str_is(ns, p->brief.ns) || !str_is(name, p->brief.name)) continue;
        if (!found || !p->removed) found = p;
    }
    return found;
}

static struct worker_container *container_by_name(struct agent_pod *p, struct str name)
{
    for (unsigned i = 0; i < p->worker.count; i++) {
        if (str_is(name, p->worker.containers[i].name)) return &p->worker.containers[i];
    }
    return NULL;
}

static void refuse(struct http_exchange *x, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void refuse(struct http_exchange *x, int status, const char *format, ...)
{
    struct buf buf_auto text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    http_reply(x, status, "text/plain; charset=utf-8", NULL, text.data, text.len);
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
        refuse(x, 400, "previous terminated container \"%s\" in pod \"%s\" not found", c->name,
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
    refuse(x, 400, "container \"%s\" in pod \"%s\" is waiting to start: %s", c->name, p->brief.name,
           c->reason[0] ? c->reason : "ContainerCreating");
    return false;
}

/* --- streaming --- */

static bool stream_run_is_over(const struct log_stream *s)
{
    struct agent_pod *p = map_get(&s->server->agent->pods, s->pod.bytes, sizeof s->pod.bytes);
    struct worker_container *c = p ? container_by_name(p, str_of(s->container)) : NULL;
    return !c || c->state != CONTAINER_RUNNING || c->restarts != s->attempt;
}

/* The log grew too large and another file was put in its place: goes on there. */
static bool stream_moves_on(struct log_stream *s)
{
    struct stat now, before;
    if (stat(s->path, &now) < 0 || fstat(s->fd, &before) < 0) return false;
    bool cut = before.st_size < lseek(s->fd, 0, SEEK_CUR);
    if (now.st_ino == before.st_ino && !cut) return false;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    close(s->fd);
    s->fd = fd;
    return true;
}

static void stream_pump(struct log_stream *s);
static void stream_on_timer(uv_timer_t *timer)
{
    stream_pump(timer->data);
}
static void stream_on_drain(struct http_exchange *x)
{
    stream_pump(http_data(x));
}

/* Gives what there is until the reader is slow, the log has no more, or all was given that was
 * asked for. */
static void stream_pump(struct log_stream *s)
{
    bool over = s->follow && stream_run_is_over(s); /* asked before reading: nothing is missed */
    while (s->x && s->filter.limit_bytes != 0) {
        ssize_t n = read(s->fd, buf_reserve(&s->raw, CHUNK), CHUNK);
        if (n <= 0) {
            if (s->follow && stream_moves_on(s)) continue;
            if (!s->follow || over) break;
            uv_timer_start(&s->timer, stream_on_timer, FOLLOW_MS, 0);
            return;
        }
        s->raw.len += (size_t)n;
        struct buf buf_auto out = BUF_INIT;
        log_filter(&s->filter, &s->raw, &out);
        if (s->raw.len > LINE_MAX_BYTES) buf_clear(&s->raw); /* no log of ours */
        if (out.len && http_stream_write(s->x, out.data, out.len) > QUEUE_MAX)
            return; /* until drained */
    }
    if (s->x) http_stream_end(s->x);
}

static void stream_on_closed(uv_handle_t *handle)
{
    struct log_stream *s = handle->data;
    buf_free(&s->raw);
    mem_free(s->path);
    mem_free(s);
}

static void stream_gone(struct http_exchange *x, void *data)
{
    (void)x;
    struct log_stream *s = data;
    s->x = NULL;
    list_remove(&s->link);
    close(s->fd);
    uv_close((uv_handle_t *)&s->timer, stream_on_closed);
}

static int64_t param_number(struct http_exchange *x, const char *name, int64_t otherwise, bool *bad)
{
    struct str text = http_param(x, name);
    int64_t value;
    if (!text.p || text.n == 0) return otherwise;
    if (str_to_i64(text, &value) && value >= 0) return value;
    *bad = true;
    return otherwise;
}

static bool param_flag(struct http_exchange *x, const char *name)
{
    struct str v = http_param(x, name);
    return str_is(v, "true") || str_is(v, "1");
}

static void stream_open(struct log_server *server, struct http_exchange *x,
                        const struct agent_pod *p, const struct worker_container *c,
                        unsigned attempt)
{
    bool bad = false;
    int64_t tail = param_number(x, "tailLines", -1, &bad),
            since = param_number(x, "sinceSeconds", 0, &bad);
    struct log_filter filter = {.timestamps = param_flag(x, "timestamps"),
                                .limit_bytes = param_number(x, "limitBytes", -1, &bad)};
    struct str since_time = http_param(x, "sinceTime");
    if (since) filter.since_us = ((int64_t)time(NULL) - since) * 1000000;
    if (since_time.n && !time_parse(since_time, &filter.since_us)) bad = true;
    if (bad) {
        refuse(x, 400, "a log option is not a number or time as it should be");
        return;
    }
    mem_auto char *dir = agent_log_dir(p, c->name), *path = mem_printf("%s/%u.log", dir, attempt);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        refuse(x, 404, "the log of container \"%s\" in pod \"%s\" is not there", c->name,
               p->brief.name);
        return;
    }
    struct log_stream *s = mem_new(struct log_stream);
    s->server = server;
    s->x = x;
    s->fd = fd;
    s->path = mem_strdup(path);
    s->filter = filter;
    s->follow = param_flag(x, "follow");
    s->pod = p->uid;
    s->attempt = attempt;
    snprintf(s->container, sizeof s->container, "%s", c->name);
    uv_timer_init(&server->agent->loop, &s->timer);
    s->timer.data = s;
    list_push(&server->streams, &s->link);
    http_set_data(x, s, stream_gone);
    http_stream_on_drain(x, stream_on_drain);
    if (tail >= 0) (void)lseek(fd, log_tail(fd, tail), SEEK_SET);
    http_stream_begin(x, 200, "text/plain; charset=utf-8", NULL);
    stream_pump(s);
}

static void logs_handle(void *ctx, struct http_exchange *x)
{
    struct log_server *server = ctx;
    struct str rest = http_path(x), part[6];
    unsigned n = 0;
    while (n < 6 && rest.p && str_split(&rest, '/', &part[n])) n++;
    if (n != 5 || !str_is(part[1], "containerLogs") || part[0].n) {
        refuse(x, 404, "404 page not found");
        return;
    }
    if (!str_is(http_method(x), "GET")) {
        refuse(x, 405, "405 method not allowed");
        return;
    }
    struct agent_pod *p = pod_by_name(server->agent, part[2], part[3]);
    struct worker_container *c = p ? container_by_name(p, part[4]) : NULL;
    unsigned attempt;
    if (!p) {
        refuse(x, 404, "pod \"%.*s\" not found on this node", (int)part[3].n, part[3].p);
    } else if (!c) {
        refuse(x, 404, "container \"%.*s\" not found in pod \"%s\"", (int)part[4].n, part[4].p,
               p->brief.name);
    } else if (choose_attempt(x, p, c, param_flag(x, "previous"), &attempt)) {
        stream_open(server, x, p, c, attempt);
    }
}

/* --- life --- */

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
    list_each_safe(it, &s->streams) http_abort(container_of(it, struct log_stream, link)->x);
    if (s->http) http_server_stop(s->http, NULL, NULL);
    s->http = NULL;
}

void log_server_free(struct log_server *s)
{
    if (!s) return;
    if (s->tls) tls_config_free(s->tls);
    mem_free(s);
}
