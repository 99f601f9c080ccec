/* Connections that a handler took over. */
#include "net/http_internal.h"

#include <assert.h>

struct http_raw *http_hijack(struct http_exchange *x, const char *headers,
                             const struct http_raw_events *events, void *data)
{
    assert(x->stage == HTTP_HANDLING);
    struct http_session *s = x->session;
    struct http_raw *r = mem_new(struct http_raw);
    r->session = s;
    r->events = *events;
    r->data = data;
    s->raw = r;
    struct buf *out = conn_output(s->conn);
    buf_puts(out, "HTTP/1.1 101 Switching Protocols\r\n");
    if (headers) buf_puts(out, headers);
    buf_puts(out, "\r\n");
    http_session_answered(s);
    return r;
}

void *http_raw_data(struct http_raw *r)
{
    return r->data;
}

size_t http_raw_write(struct http_raw *r, const void *bytes, size_t n)
{
    if (!r->closing) conn_write(r->session->conn, bytes, n);
    return conn_queued(r->session->conn);
}

void http_raw_pause(struct http_raw *r, bool paused)
{
    conn_pause(r->session->conn, paused);
}

void http_raw_close(struct http_raw *r)
{
    r->closing = true;
    conn_close(r->session->conn, 0, "closed by the handler");
}

void http_raw_closed(struct http_raw *r)
{
    r->events.closed(r);
    mem_free(r);
}
