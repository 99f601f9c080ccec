/* What the server layer itself refuses, said in the words of the Kubernetes API. */
#include "net/http_internal.h"

struct http_refusal {
    int status;
    const char *reason, *message;
};

static const struct http_refusal http_refusals[] = {
    {400, "BadRequest", "the request is malformed"},
    {401, "Unauthorized", "Unauthorized"},
    {408, "Timeout", "the request did not arrive in time"},
    {413, "RequestEntityTooLarge", "the request body is too large"},
    {414, "BadRequest", "the request target is too long"},
    {417, "BadRequest", "only \\\"Expect: 100-continue\\\" is understood"},
    {431, "BadRequest", "the request headers are too large"},
    {501, "BadRequest", "the method or transfer encoding is not supported"},
    {503, "ServiceUnavailable", "too many connections or requests"},
    {505, "BadRequest", "only HTTP/1.0 and HTTP/1.1 are understood"},
};

void http_arriving_begin(struct http_session *s)
{
    list_push(&s->server->arriving, &s->arriving);
    http_arriving_grow(s);
}

void http_arriving_end(struct http_session *s)
{
    s->server->arriving_bytes -= s->arriving_bytes;
    s->arriving_bytes = 0;
    list_remove(&s->arriving);
}

/* Whoever began first and is not done is the slowest: honest requests arrive in no time. */
int http_arriving_grow(struct http_session *s)
{
    struct http_server *server = s->server;
    size_t bytes = s->x->head.cap + s->x->body.cap;
    server->arriving_bytes += bytes - s->arriving_bytes;
    s->arriving_bytes = bytes;
    while (server->arriving_bytes > server->options.arriving_max) {
        struct http_session *first =
            container_of(server->arriving.next, struct http_session, arriving);
        if (first == s) return 503;
        http_arriving_end(first);
        conn_abort(first->conn, E_BUSY, "too much is arriving");
    }
    return 0;
}

void http_refuse(struct http_session *s, int status)
{
    http_arriving_end(s);
    const struct http_refusal *r = http_refusals;
    while (r->status != status && r + 1 < http_refusals + sizeof http_refusals / sizeof *r) r++;
    mem_auto char *body =
        mem_printf("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
                   "\"Failure\",\"message\":\"%s\",\"reason\":\"%s\",\"code\":%d}\n",
                   r->message, r->reason, r->status);
    struct http_head head = {r->status, "application/json",
                             r->status == 503 ? "Retry-After: 1\r\n" : NULL, true};
    struct buf *out = http_write_head(s, &head);
    buf_printf(out, "Content-Length: %zu\r\n\r\n", strlen(body));
    if (!s->x || !s->x->is_head) buf_puts(out, body);
    conn_close(s->conn, E_INVALID, "%s", r->message);
}
