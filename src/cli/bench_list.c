/* How fast a list of everything streams, and what it costs the master in memory. */
#include "cli/bench.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/http_client.h"

#include <stdio.h>
#include <time.h>
#include <uv.h>

enum { LIST_TIMEOUT_MS = 60000, LIST_SETTLE_S = 5 };

static const struct {
    const char *name, *accept;
} list_forms[LIST_FORMS] = {
    {"JSON", "Accept: application/json\r\n"},
    {"Table", "Accept: application/json;as=Table;v=v1;g=meta.k8s.io, application/json\r\n"},
};

struct reading {
    uint64_t start_ns, first_ns, end_ns, bytes;
    struct buf *keep; /* NULL: counted only */
    int status;
    struct error err;
};

static void reading_status(struct http_call *c, int status, struct str content_type)
{
    (void)content_type;
    ((struct reading *)http_call_data(c))->status = status;
}

static void reading_body(struct http_call *c, const void *bytes, size_t n)
{
    struct reading *g = http_call_data(c);
    if (!g->bytes) g->first_ns = uv_hrtime();
    g->bytes += n;
    if (g->keep) buf_append(g->keep, bytes, n);
}

static void reading_done(struct http_call *c, const struct error *err)
{
    struct reading *g = http_call_data(c);
    g->end_ns = uv_hrtime();
    g->err = *err;
}

static int list_read(uv_loop_t *loop, struct http_client *client, unsigned form, struct buf *keep,
                     struct reading *out, struct error *err)
{
    static const struct http_call_events events = {reading_status, reading_body, reading_done};
    *out = (struct reading){.start_ns = uv_hrtime(), .keep = keep};
    http_call(client, "GET", "/api/v1/pods", list_forms[form].accept, NULL, 0, LIST_TIMEOUT_MS,
              &events, out);
    while (!out->end_ns) uv_run(loop, UV_RUN_ONCE);
    if (out->err.code) *err = out->err;
    if (out->err.code) return err->code;
    if (out->status == 200) return 0;
    return error_set(err, E_INVALID, "the list was answered with %d", out->status);
}

/* Read once more, whole: is everything there? The text is too large for our parser. */
static int list_check(uv_loop_t *loop, struct http_client *client, const struct bench_request *b,
                      unsigned form, struct list_figures *f, struct error *err)
{
    static const char mark[] = "\"creationTimestamp\":"; /* once in each */
    struct reading g;
    buf_auto struct buf text = BUF_INIT;
    int rc = list_read(loop, client, form, &text, &g, err);
    if (rc) return rc;
    uint64_t items = 0;
    for (const char *at = text.data, *end = at + text.len;
         (at = memmem(at, (size_t)(end - at), mark, sizeof mark - 1)); at += sizeof mark - 1)
        items++;
    f->forms[form].items = items;
    if (items == b->pods && str_ends((struct str){text.data, text.len}, "]}")) return 0;
    return error_set(err, E_CORRUPT, "the list has %llu items of %llu", (unsigned long long)items,
                     b->pods);
}

static int list_measure(uv_loop_t *loop, struct http_client *client, const struct bench_request *b,
                        unsigned form, struct list_figures *f, struct error *err)
{
    for (unsigned run = 0; run < LIST_RUNS; run++) {
        struct reading g;
        int rc = list_read(loop, client, form, NULL, &g, err);
        if (rc) return rc;
        f->forms[form].mb = (double)g.bytes / 1e6;
        f->forms[form].mb_per_s[run] =
            (double)g.bytes / 1e6 / ((double)(g.end_ns - g.start_ns) / 1e9);
        double first_ms = (double)(g.first_ns - g.start_ns) / 1e6;
        if (first_ms > f->forms[form].first_ms) f->forms[form].first_ms = first_ms;
    }
    return list_check(loop, client, b, form, f, err);
}

int bench_list(const struct bench_request *b, const struct bench_target *t, void *figures,
               struct error *err)
{
    struct list_figures *f = figures;
    struct bench_request set = *b;
    struct bench_figures made = {0};
    uv_loop_t loop;
    set.workload = "replicaset";
    int rc = b->dir ? 0 : bench_load(&set, t->address, t->tls, &made, err);
    if (rc) return rc;
    /* Their containers start, and what that wrote is told. */
    nanosleep(&(struct timespec){LIST_SETTLE_S + (time_t)(b->sim_delay / 1000), 0}, NULL);
    uv_loop_init(&loop);
    struct http_client *client = http_client_new(&loop, t->address, t->tls);
    bench_peak_reset(t);
    f->rss_mb = bench_rss_mb(t);
    for (unsigned form = 0; form < LIST_FORMS && !rc; form++)
        rc = list_measure(&loop, client, b, form, f, err);
    f->peak_mb = bench_peak_mb(t);
    return rc; /* the process ends soon: the connection goes with it */
}

void bench_list_show(const struct bench_request *b, const struct list_figures *f)
{
    for (unsigned form = 0; form < LIST_FORMS; form++) {
        if (b->json)
            printf(
                "{\"bench\":\"list\",\"form\":\"%s\",\"items\":%llu,\"mb\":%.1f,\"first_ms\":%.1f,"
                "\"rss_mb\":%.1f,\"peak_mb\":%.1f,\"mb_per_s\":[",
                list_forms[form].name, (unsigned long long)f->forms[form].items, f->forms[form].mb,
                f->forms[form].first_ms, f->rss_mb, f->peak_mb);
        else
            printf("%-28s %llu items, %.1f MB, first byte after %.1f ms at most; MB/s:",
                   list_forms[form].name, (unsigned long long)f->forms[form].items,
                   f->forms[form].mb, f->forms[form].first_ms);
        for (unsigned run = 0; run < LIST_RUNS; run++)
            printf("%s%.0f", !b->json ? " " : run ? "," : "", f->forms[form].mb_per_s[run]);
        puts(b->json ? "]}" : "");
    }
    if (!b->json)
        printf("%-28s %.1f MB before, %.1f MB at most\n", "master, resident", f->rss_mb,
               f->peak_mb);
}
