/* One call: its request, and its owner's hand on it. */
#include "net/conn.h"
#include "net/http_client_internal.h"

#include <assert.h>

static bool call_is_word(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 127) return false;
    return true;
}

static void call_write_request(struct http_call *call, const char *method, const char *target,
                               const char *headers, struct str body)
{
    struct buf *out = &call->request;
    buf_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, call->client->address);
    if (headers) buf_puts(out, headers);
    if (body.n || !call->harmless) buf_printf(out, "Content-Length: %zu\r\n", body.n);
    buf_puts(out, "\r\n");
    buf_append(out, body.p, body.n);
}

struct http_call *http_call(struct http_client *hc, const char *method, const char *target,
                            const char *headers, const void *body, size_t n, unsigned timeout_ms,
                            const struct http_call_events *events, void *data)
{
    assert(!hc->closing);
    struct http_call *call = mem_new(struct http_call);
    call->client = hc;
    list_init(&call->link);
    call->events = *events;
    call->data = data;
    call->timeout_ms = timeout_ms;
    call->is_head = strcmp(method, "HEAD") == 0;
    call->harmless = call->is_head || strcmp(method, "GET") == 0;
    if (!call_is_word(method) || !call_is_word(target)) {
        http_call_fail(call, E_INVALID, "the method or target holds spaces or control characters");
        return call;
    }
    call_write_request(call, method, target, headers, (struct str){body, n});
    list_push(&hc->queue, &call->link);
    http_client_next(hc);
    return call;
}

void *http_call_data(struct http_call *c)
{
    return c->data;
}

void http_call_cancel(struct http_call *c)
{
    struct http_client *hc = c->client;
    if (c->err.code) return; /* is ending already */
    if (c == hc->current) {
        http_client_take(hc);
        http_client_part(hc, false);
    }
    http_call_fail(c, E_CLOSED, "cancelled");
}

void http_call_pause(struct http_call *c, bool paused)
{
    if (c == c->client->current && c->client->conn) conn_pause(c->client->conn, paused);
}
