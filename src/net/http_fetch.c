#include "base/buf.h"
#include "base/mem.h"
#include "net/http_client.h"

#include <assert.h>
#include <uv.h>

struct http_fetched {
    uv_loop_t loop;
    int status;
    struct buf *out;
    struct error err;
};

static void fetch_on_status(struct http_call *c, int status, struct str content_type)
{
    (void)content_type;
    ((struct http_fetched *)http_call_data(c))->status = status;
}

static void fetch_on_body(struct http_call *c, const void *bytes, size_t n)
{
    struct http_fetched *f = http_call_data(c);
    if (f->out) buf_append(f->out, bytes, n);
}

static void fetch_on_done(struct http_call *c, const struct error *err)
{
    struct http_fetched *f = http_call_data(c);
    f->err = *err;
    uv_stop(&f->loop);
}

int http_fetch(const char *address, struct tls_config *tls, const char *method, const char *target,
               const char *headers, const void *body, size_t n, unsigned timeout_ms,
               struct buf *out, struct error *err)
{
    static const struct http_call_events events = {
        .status = fetch_on_status, .body = fetch_on_body, .done = fetch_on_done};
    struct http_fetched f = {.out = out};
    int failed = uv_loop_init(&f.loop);
    if (failed) return error_set(err, E_IO, "event loop: %s", uv_strerror(failed));
    struct http_client *hc = http_client_new(&f.loop, address, tls);
    http_call(hc, method, target, headers, body, n, timeout_ms, &events, &f);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    http_client_close(hc);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&f.loop);
    assert(busy == 0);
    return f.err.code ? error_set(err, f.err.code, "%s", f.err.text) : f.status;
}
