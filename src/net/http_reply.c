/* Answers, whole or as streams. */
#include "net/http_internal.h"

#include <assert.h>
#include <stdio.h>

static const char *http_status_text(int status)
{
    switch (status) {
#define X(number, name, text)                                                                      \
    case number:                                                                                   \
        return #text;
        HTTP_STATUS_MAP(X)
#undef X
    default:
        return "Unknown";
    }
}

static const char *http_date(struct http_server *s)
{
    time_t now = time(NULL);
    if (now != s->date_at) {
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        s->date_at = now;
    }
    return s->date;
}

static void http_put_number(struct buf *out, uint64_t value, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    buf_append(out, digits + at, sizeof digits - at);
}

struct buf *http_write_head(struct http_session *s, const struct http_head *head)
{
    struct buf *out = conn_output(s->conn);
    buf_puts(out, "HTTP/1.1 ");
    http_put_number(out, (uint64_t)head->status, 10);
    buf_putc(out, ' ');
    buf_puts(out, http_status_text(head->status));
    buf_puts(out, "\r\nDate: ");
    buf_puts(out, http_date(s->server));
    if (head->content_type) {
        buf_puts(out, "\r\nContent-Type: ");
        buf_puts(out, head->content_type);
    }
    buf_puts(out, "\r\n");
    if (head->headers) buf_puts(out, head->headers);
    if (head->close)
        buf_puts(out, "Connection: close\r\n");
    else if (s->x && s->x->old_client)
        buf_puts(out, "Connection: keep-alive\r\n");
    return out;
}

static bool http_has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

static struct http_session *http_answer(struct http_exchange *x)
{
    assert(x->stage == HTTP_HANDLING && "answered twice, or not asked yet");
    struct http_session *s = x->session;
    if (s->eof || s->server->stopping) x->keep_alive = false;
    return s;
}

void http_reply(struct http_exchange *x, int status, const char *content_type, const char *headers,
                const void *body, size_t n)
{
    struct http_session *s = http_answer(x);
    struct http_head head = {status, content_type, headers, !x->keep_alive};
    struct buf *out = http_write_head(s, &head);
    if (!http_has_no_body(status)) {
        buf_puts(out, "Content-Length: ");
        http_put_number(out, n, 10);
        buf_puts(out, "\r\n");
    }
    buf_puts(out, "\r\n");
    if (!http_has_no_body(status) && !x->is_head) buf_append(out, body, n);
    http_session_answered(s);
}

void http_stream_begin(struct http_exchange *x, int status, const char *content_type,
                       const char *headers)
{
    struct http_session *s = http_answer(x);
    x->chunked = !x->old_client;
    if (!x->chunked) x->keep_alive = false; /* its end is the end of the connection */
    struct http_head head = {status, content_type, headers, !x->keep_alive};
    struct buf *out = http_write_head(s, &head);
    buf_puts(out, x->chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    x->stage = HTTP_STREAMING;
    http_session_stalls(s);
    if (s->eof) http_abort(x); /* nobody is there to read it */
}

size_t http_stream_write(struct http_exchange *x, const void *bytes, size_t n)
{
    assert(x->stage == HTTP_STREAMING);
    struct http_session *s = x->session;
    if (!n || x->is_head) return conn_queued(s->conn);
    if (!conn_queued(s->conn)) http_session_stalls(s);
    struct buf *out = conn_output(s->conn);
    if (x->chunked) {
        http_put_number(out, n, 16);
        buf_puts(out, "\r\n");
    }
    buf_append(out, bytes, n);
    if (x->chunked) buf_puts(out, "\r\n");
    return conn_queued(s->conn);
}

size_t http_stream_queued(const struct http_exchange *x)
{
    return conn_queued(x->session->conn);
}

void http_stream_on_drain(struct http_exchange *x, void (*drained)(struct http_exchange *x))
{
    x->drained = drained;
}

void http_stream_end(struct http_exchange *x)
{
    assert(x->stage == HTTP_STREAMING);
    if (x->chunked && !x->is_head) buf_puts(conn_output(x->session->conn), "0\r\n\r\n");
    http_session_answered(x->session);
}

void http_abort(struct http_exchange *x)
{
    conn_abort(x->session->conn, E_CLOSED, "aborted by the handler");
}
