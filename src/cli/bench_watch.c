/* Many watches of one namespace: does each see every event, in the same order, how late, and what
 * does a watch cost? */
#include "cli/bench.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

enum { BENCH_WATCH_TIMEOUT_S = 300, BENCH_OPENING = 128 };

#define BENCH_PATH "/api/v1/namespaces/default/configmaps"

struct watcher {
    struct watching *all;
    struct buf line; /* not yet whole */
    uint64_t events;
};

struct watching {
    const struct bench_request *b;
    uv_loop_t loop;
    uv_timer_t timer;
    struct watcher *watchers;
    const char *target;
    struct tls_config *tls;
    const char *address;
    uint64_t opening, open, asked, delivered, finished, start_ns, end_ns;
    uint64_t *asked_ns;   /* of each write */
    uint64_t *order;      /* of the writes, as the first that saw an event saw it */
    uint64_t told;        /* so many are in order */
    bool *seen;           /* each write, once */
    uint32_t *latency_us; /* of each delivery */
    struct error err;
};

static void watching_fail(struct watching *w, int code, const char *text)
{
    if (!w->err.code) error_set(&w->err, code, "%s", text);
    uv_stop(&w->loop);
}

/* ..."name":"watched-17",... */
static void watcher_line(struct watcher *me, struct str line)
{
    static const char mark[] = "\"name\":\"watched-";
    struct watching *w = me->all;
    const char *at = memmem(line.p, line.n, mark, sizeof mark - 1);
    uint64_t write = at ? strtoull(at + sizeof mark - 1, NULL, 10) : w->b->events;
    if (write >= w->asked || me->events == w->b->events) {
        watching_fail(w, E_CORRUPT, "a watch saw an event that is none");
        return;
    }
    if (me->events == w->told && !w->seen[write]) {
        w->seen[write] = true;
        w->order[w->told++] = write;
    }
    if (me->events == w->told || w->order[me->events] != write) {
        watching_fail(w, E_CORRUPT, "a watch saw an event twice, or too late, or missed one");
        return;
    }
    w->latency_us[w->delivered++] = (uint32_t)((uv_hrtime() - w->asked_ns[write]) / 1000);
    if (++me->events < w->b->events || ++w->finished < w->b->watchers) return;
    w->end_ns = uv_hrtime();
    uv_stop(&w->loop);
}

static void watcher_body(struct http_call *c, const void *bytes, size_t n)
{
    struct watcher *me = http_call_data(c);
    buf_append(&me->line, bytes, n);
    char *from = me->line.data, *end = me->line.data + me->line.len, *cut;
    while ((cut = memchr(from, '\n', (size_t)(end - from)))) {
        watcher_line(me, (struct str){from, (size_t)(cut - from)});
        from = cut + 1;
    }
    buf_consume(&me->line, (size_t)(from - me->line.data));
    if (!me->line.len) buf_free(&me->line);
}

static void watcher_open(struct watching *w);

static void watcher_status(struct http_call *c, int status, struct str content_type)
{
    (void)content_type;
    struct watching *w = ((struct watcher *)http_call_data(c))->all;
    if (status != 200) {
        watching_fail(w, E_INVALID, "a watch was refused");
    } else if (++w->open == w->b->watchers) {
        uv_stop(&w->loop);
    } else {
        watcher_open(w);
    }
}

static void watcher_done(struct http_call *c, const struct error *err)
{
    struct watching *w = ((struct watcher *)http_call_data(c))->all;
    if (!w->err.code) error_set(&w->err, E_CLOSED, "a watch ended: %s", err->text);
    uv_stop(&w->loop);
}

static void watcher_open(struct watching *w)
{
    static const struct http_call_events events = {watcher_status, watcher_body, watcher_done};
    if (w->opening == w->b->watchers) return;
    struct watcher *me = &w->watchers[w->opening++];
    me->all = w;
    http_call(http_client_new(&w->loop, w->address, w->tls), "GET", w->target, NULL, NULL, 0, 0,
              &events, me);
}

/* --- the writes --- */

struct writer {
    struct watching *all;
    struct http_client *client;
    int status;
};

static void writer_next(struct writer *r);

static void writer_status(struct http_call *c, int status, struct str content_type)
{
    (void)content_type;
    ((struct writer *)http_call_data(c))->status = status;
}

static void writer_done(struct http_call *c, const struct error *err)
{
    struct writer *r = http_call_data(c);
    if (err->code || r->status != 201)
        watching_fail(r->all, E_INVALID, "a write failed");
    else
        writer_next(r);
}

static void writer_next(struct writer *r)
{
    static const struct http_call_events events = {writer_status, NULL, writer_done};
    struct watching *w = r->all;
    if (w->asked == w->b->events) return;
    mem_auto char *body =
        mem_printf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
                   "\"watched-%llu\",\"labels\":{\"app\":\"bench\"}},\"data\":{\"key\":\"value\"}}",
                   (unsigned long long)w->asked);
    w->asked_ns[w->asked++] = uv_hrtime();
    http_call(r->client, "POST", BENCH_PATH, "Content-Type: application/json\r\n", body,
              strlen(body), 60000, &events, r);
}

static void watching_expired(uv_timer_t *timer)
{
    watching_fail(timer->data, E_TIMEOUT, "not every event came in time");
}

static void watching_begin(struct watching *w, const struct bench_request *b,
                           const struct bench_target *t)
{
    w->b = b;
    w->address = t->address;
    w->tls = t->tls;
    w->target = BENCH_PATH "?watch=true&labelSelector=app%3Dbench&timeoutSeconds=3600";
    w->watchers = mem_zalloc(b->watchers * sizeof *w->watchers);
    w->asked_ns = mem_zalloc(b->events * sizeof *w->asked_ns);
    w->order = mem_zalloc(b->events * sizeof *w->order);
    w->seen = mem_zalloc(b->events * sizeof *w->seen);
    w->latency_us = mem_alloc(b->events * b->watchers * sizeof *w->latency_us);
    uv_loop_init(&w->loop);
    uv_timer_init(&w->loop, &w->timer);
    w->timer.data = w;
    uv_timer_start(&w->timer, watching_expired, BENCH_WATCH_TIMEOUT_S * 1000ULL, 0);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max; /* a connection for each watch */
    setrlimit(RLIMIT_NOFILE, &files);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double latency_ms(const struct watching *w, uint64_t percent)
{
    uint64_t rank = (w->delivered - 1) * percent / 100;
    return w->latency_us[rank] / 1e3;
}

static void watching_figures(struct watching *w, struct watch_figures *f)
{
    qsort(w->latency_us, w->delivered, sizeof *w->latency_us, by_value);
    f->delivered = w->delivered;
    f->seconds = (double)(w->end_ns - w->start_ns) / 1e9;
    f->p50_ms = latency_ms(w, 50);
    f->p99_ms = latency_ms(w, 99);
    f->max_ms = latency_ms(w, 100);
}

int bench_watch(const struct bench_request *b, const struct bench_target *t, void *figures,
                struct error *err)
{
    struct watch_figures *f = figures;
    struct watching *w = mem_new(struct watching);
    watching_begin(w, b, t);
    double before_mb = bench_rss_mb(t);
    for (unsigned i = 0; i < BENCH_OPENING; i++) watcher_open(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    f->kb_each = (bench_rss_mb(t) - before_mb) * 1024 / (double)b->watchers;
    double cpu_s = bench_cpu_s(t);
    w->start_ns = uv_hrtime();
    for (unsigned long long i = 0; i < b->connections && !w->err.code; i++) {
        struct writer *r = mem_new(struct writer);
        *r = (struct writer){w, http_client_new(&w->loop, t->address, t->tls), 0};
        writer_next(r);
    }
    if (!w->err.code) uv_run(&w->loop, UV_RUN_DEFAULT);
    f->cpu_s = bench_cpu_s(t) - cpu_s;
    *err = w->err;
    if (!err->code) watching_figures(w, f);
    return err->code; /* the process ends soon: connections and tables go with it */
}

void bench_watch_show(const struct bench_request *b, const struct watch_figures *f)
{
    double per_s = (double)f->delivered / f->seconds,
           us_each = f->cpu_s * 1e6 / (double)f->delivered;
    if (b->json) {
        printf("{\"bench\":\"watch\",\"watchers\":%llu,\"events\":%llu,\"delivered\":%llu,"
               "\"delivered_per_s\":%.0f,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f,"
               "\"cpu_us_each\":%.2f,\"kb_each\":%.1f}\n",
               b->watchers, b->events, (unsigned long long)f->delivered, per_s, f->p50_ms,
               f->p99_ms, f->max_ms, us_each, f->kb_each);
        return;
    }
    printf("%-28s %llu watches, %llu writes, %llu events delivered: all\n", "watch", b->watchers,
           b->events, (unsigned long long)f->delivered);
    printf("%-28s %.0f/s\n", "delivered", per_s);
    printf("%-28s p50 %.1f ms, p99 %.1f ms, max %.1f ms\n", "write to event", f->p50_ms, f->p99_ms,
           f->max_ms);
    printf("%-28s %.2f us of the master's CPU an event, %.1f KiB of its memory\n", "a watch costs",
           us_each, f->kb_each);
}
