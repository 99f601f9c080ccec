/* What the server layer itself refuses, said in the words of the Kubernetes API. */
#include "net/http_internal.h"

struct http_refusal {
    int status;
    const char *reason, *message;
};

static const struct http_refusal http_refusals[] = {
    {400, "BadRequest", "the request is malformed"},
    {408, "Timeout", "the request did not arrive in time"},
    {413, "RequestEntityTooLarge", "the request body is too large"},
    {414, "BadRequest", "the request target is too long"},
    {417, "BadRequest", "only \\\"Expect: 100-continue\\\" is understood"},
    {431, "BadRequest", "the request headers are too large"},
    {501, "BadRequest", "the method or transfer encoding is not supported"},
    {503, "ServiceUnavailable", "too many connections"},
    {505, "BadRequest", "only HTTP/1.0 and HTTP/1.1 are understood"},
};

void http_refuse(struct http_session *s, int status)
{
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
