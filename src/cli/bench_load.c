/* The load: pods made through the API, and a watcher that sees them bound. */
#include "cli/bench.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { LOAD_TIMEOUT_S = 300 };
#define POD_NAME "bench-" /* a set's pods begin with it too */

struct seen_pod {
    uint64_t asked_ns, created_ns, bound_ns;
    char name[64];
};

struct load {
    const struct bench_request *b;
    uv_loop_t loop;
    uv_timer_t timer;
    uint64_t start_ns, last_created_ns, last_bound_ns;
    uint64_t asked, answered, failed, seen, bound;
    struct seen_pod *pods;
    struct map by_name;
    struct buf line; /* of the watch, not yet whole */
    struct http_client **clients;
    struct http_client *watcher;
    bool watching, gave_up;
    struct error err;
};

static const char pod_spec[] =
    "{\"containers\":[{\"name\":\"main\",\"image\":\"busybox\",\"resources\":{\"requests\":"
    "{\"cpu\":\"100m\",\"memory\":\"64Mi\"}}}]}";

static struct seen_pod *load_pod(struct load *l, struct str name)
{
    struct seen_pod *pod = map_get(&l->by_name, name.p, name.n);
    if (pod || l->seen >= l->b->pods || name.n >= sizeof pod->name) return pod;
    pod = &l->pods[l->seen++];
    memcpy(pod->name, name.p, name.n);
    map_put(&l->by_name, pod->name, name.n, pod);
    return pod;
}

static void load_finish(struct load *l)
{
    uv_stop(&l->loop);
}

/* ..."name":"bench-17",... */
static struct str line_text(struct str line, const char *mark)
{
    const char *at = memmem(line.p, line.n, mark, strlen(mark));
    if (!at) return (struct str){0};
    at += strlen(mark);
    const char *end = memchr(at, '"', line.n - (size_t)(at - line.p));
    return end ? (struct str){at, (size_t)(end - at)} : (struct str){0};
}

/* The text is searched, not parsed: the client shares the machine with what it measures. */
static void load_line(struct load *l, struct str line)
{
    struct str number = line_text(line, "\"name\":\"" POD_NAME);
    if (!number.n) return;
    struct seen_pod *pod =
        load_pod(l, (struct str){number.p - strlen(POD_NAME), strlen(POD_NAME) + number.n});
    if (!pod) return;
    uint64_t now = uv_hrtime();
    if (!pod->created_ns) {
        pod->created_ns = now;
        if (strcmp(l->b->workload, "api") != 0) l->last_created_ns = now;
    }
    if (pod->bound_ns || !line_text(line, "\"nodeName\":\"").n) return;
    pod->bound_ns = l->last_bound_ns = now;
    if (++l->bound == l->b->pods) load_finish(l);
}

static void watch_body(struct http_call *c, const void *bytes, size_t n)
{
    struct load *l = http_call_data(c);
    buf_append(&l->line, bytes, n);
    char *from = l->line.data, *end = l->line.data + l->line.len, *cut;
    while ((cut = memchr(from, '\n', (size_t)(end - from)))) {
        load_line(l, (struct str){from, (size_t)(cut - from)});
        from = cut + 1;
    }
    buf_consume(&l->line, (size_t)(from - l->line.data));
}

static void load_begin(struct load *l);

static void watch_status(struct http_call *c, int status, struct str content_type)
{
    struct load *l = http_call_data(c);
    (void)content_type;
    if (status != 200) {
        error_set(&l->err, E_INVALID, "the watch was answered with %d", status);
        load_finish(l);
        return;
    }
    l->watching = true;
    load_begin(l);
}

static void watch_done(struct http_call *c, const struct error *err)
{
    struct load *l = http_call_data(c);
    if (!l->err.code) error_set(&l->err, E_CLOSED, "the watch ended: %s", err->text);
    load_finish(l);
}

/* One connection makes one pod after the other. */
static void load_next(struct load *l, struct http_client *client);

struct making {
    struct load *load;
    struct http_client *client;
    bool good;
};

static void make_status(struct http_call *c, int status, struct str content_type)
{
    (void)content_type;
    ((struct making *)http_call_data(c))->good = status == 201;
}

static void make_done(struct http_call *c, const struct error *err)
{
    struct making *m = http_call_data(c);
    struct load *l = m->load;
    l->answered++;
    l->failed += !m->good || err->code;
    l->last_created_ns = uv_hrtime();
    struct http_client *client = m->client;
    mem_free(m);
    load_next(l, client);
}

static const struct http_call_events make_events = {make_status, NULL, make_done};

static void load_next(struct load *l, struct http_client *client)
{
    if (l->asked >= l->b->pods) return;
    struct making *m = mem_new(struct making);
    *m = (struct making){l, client, false};
    mem_auto char *name = mem_printf(POD_NAME "%llu", (unsigned long long)l->asked++);
    mem_auto char *body =
        mem_printf("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\","
                   "\"labels\":{\"app\":\"bench\"}},\"spec\":%s}",
                   name, pod_spec);
    struct seen_pod *pod = load_pod(l, str_of(name));
    if (pod) pod->asked_ns = uv_hrtime();
    http_call(client, "POST", "/api/v1/namespaces/default/pods",
              "Content-Type: application/json\r\n", body, strlen(body), 60000, &make_events, m);
}

static void load_make_set(struct load *l)
{
    mem_auto char *body =
        mem_printf("{\"apiVersion\":\"apps/"
                   "v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"bench\"},\"spec\":{"
                   "\"replicas\":%llu,\"selector\":{\"matchLabels\":{\"app\":\"bench\"}},"
                   "\"template\":{\"metadata\":"
                   "{\"labels\":{\"app\":\"bench\"}},\"spec\":%s}}}",
                   l->b->pods, pod_spec);
    struct making *m = mem_new(struct making);
    *m = (struct making){l, l->clients[0], false};
    l->asked = l->b->pods; /* nothing more is asked for */
    http_call(l->clients[0], "POST", "/apis/apps/v1/namespaces/default/replicasets",
              "Content-Type: application/json\r\n", body, strlen(body), 60000, &make_events, m);
}

static void load_begin(struct load *l)
{
    l->start_ns = uv_hrtime();
    if (strcmp(l->b->workload, "replicaset") == 0) {
        load_make_set(l);
        return;
    }
    for (unsigned i = 0; i < l->b->connections; i++) load_next(l, l->clients[i]);
}

static void load_expired(uv_timer_t *timer)
{
    struct load *l = timer->data;
    error_set(&l->err, E_TIMEOUT, "after %d s only %llu of %llu pods were bound", LOAD_TIMEOUT_S,
              (unsigned long long)l->bound, l->b->pods);
    load_finish(l);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void load_figures(const struct load *l, struct bench_figures *out)
{
    double *ms = mem_alloc(l->bound * sizeof *ms);
    uint64_t n = 0;
    for (uint64_t i = 0; i < l->seen; i++) {
        const struct seen_pod *pod = &l->pods[i];
        uint64_t from = pod->asked_ns ? pod->asked_ns : pod->created_ns;
        if (pod->bound_ns) ms[n++] = (double)(pod->bound_ns - from) / 1e6;
    }
    qsort(ms, n, sizeof *ms, by_value);
    out->created = l->seen;
    out->bound = l->bound;
    out->failed = l->failed;
    out->created_per_s = (double)l->seen / ((double)(l->last_created_ns - l->start_ns) / 1e9);
    out->bound_s = (double)(l->last_bound_ns - l->start_ns) / 1e9;
    out->bound_per_s = (double)l->bound / out->bound_s;
    if (n) {
        out->p50_ms = ms[n / 2];
        out->p99_ms = ms[n * 99 / 100];
        out->max_ms = ms[n - 1];
    }
    mem_free(ms);
}

int bench_load(const struct bench_request *b, const char *address, struct tls_config *tls,
               struct bench_figures *out, struct error *err)
{
    struct load *l = mem_new(struct load);
    l->b = b;
    l->pods = mem_zalloc(b->pods * sizeof *l->pods);
    l->clients = mem_alloc(b->connections * sizeof(struct http_client *));
    uv_loop_init(&l->loop);
    uv_timer_init(&l->loop, &l->timer);
    l->timer.data = l;
    uv_timer_start(&l->timer, load_expired, LOAD_TIMEOUT_S * 1000ULL, 0);
    for (unsigned i = 0; i < b->connections; i++)
        l->clients[i] = http_client_new(&l->loop, address, tls);
    l->watcher = http_client_new(&l->loop, address, tls);
    static const struct http_call_events watch_events = {watch_status, watch_body, watch_done};
    http_call(
        l->watcher, "GET",
        "/api/v1/namespaces/default/pods?watch=true&labelSelector=app%3Dbench&timeoutSeconds=3600",
        NULL, NULL, 0, 0, &watch_events, l);
    uv_run(&l->loop, UV_RUN_DEFAULT);
    if (l->err.code) {
        *err = l->err;
        return err->code;
    }
    load_figures(l, out);
    return 0; /* the process ends soon: connections and tables go with it */
}
