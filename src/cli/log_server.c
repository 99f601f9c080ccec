#include "cli/log_server.h"

#include "base/buf.h"
#include "cli/cluster_dir.h"
#include "cli/status.h"
#include "net/http_client.h"

#include <stdio.h>
#include <uv.h>

struct log_stream {
    int http;
    struct error err;
};

static void stream_status(struct http_call *c, int status, struct str content_type)
{
    (void)content_type;
    ((struct log_stream *)http_call_data(c))->http = status;
}

static void stream_body(struct http_call *c, const void *bytes, size_t n)
{
    struct log_stream *s = http_call_data(c);
    fwrite(bytes, 1, n, s->http == 200 ? stdout : stderr);
    fflush(stdout);
}

static void stream_done(struct http_call *c, const struct error *err)
{
    struct log_stream *s = http_call_data(c);
    s->err = *err;
    uv_stop(uv_default_loop());
}

static void put_param(struct buf *target, const char *name, const char *value)
{
    if (!value) return;
    buf_printf(target, "&%s=", name);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || *p == '-' || *p == '.' || *p == '_';
        buf_printf(target, plain ? "%c" : "%%%02X", *p);
    }
}

int log_from_server(const struct log_server_query *q, struct error *err)
{
    struct tls_config *tls = NULL;
    struct cluster_dir d;
    bool secure = str_starts(str_of(q->server), "https://");
    if (secure && !q->dir)
        return error_set(err, E_INVALID, "--dir is needed too, for the certificates");
    if (secure && (cluster_dir_open(&d, q->dir, NULL, err) || !(tls = cluster_admin_tls(&d, err))))
        return err->code;
    const char *scheme = strstr(q->server, "://");
    buf_auto struct buf target = BUF_INIT;
    buf_printf(&target, "/logship/log?output=%s", q->json ? "json" : "text");
    put_param(&target, "since", q->since);
    put_param(&target, "until", q->until);
    put_param(&target, "kind", q->kind);
    put_param(&target, "name", q->name);
    put_param(&target, "namespace", q->ns);
    if (q->follow) put_param(&target, "follow", "true");
    struct log_stream s = {0};
    struct http_client *hc =
        http_client_new(uv_default_loop(), scheme ? scheme + 3 : q->server, tls);
    static const struct http_call_events events = {stream_status, stream_body, stream_done};
    http_call(hc, "GET", target.data, NULL, NULL, 0, 0, &events, &s);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    if (s.err.code) return error_set(err, s.err.code, "%s: %s", q->server, s.err.text);
    return s.http == 200 ? 0 : error_set(err, E_INVALID, "%s answered %d", q->server, s.http);
}
