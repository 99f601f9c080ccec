/* One connection of the HTTP server: its requests in order, and its deadlines.
 *
 * Every request ends on the loop, in session_on_sent, when its answer was taken by the kernel: so a
 * handler may answer at once or next week, and never sees its exchange vanish under its hands. */
#include "net/http_internal.h"

#include <assert.h>

static void session_dispatch(struct http_session *s)
{
    struct http_server *server = s->server;
    http_arriving_end(s);
    s->x->stage = HTTP_HANDLING;
    conn_deadline(s->conn, 0);
    server->options.handle(server->options.ctx, s->x);
}

static void session_keep_ahead(struct http_session *s, const char *bytes, size_t n)
{
    buf_append(&s->ahead, bytes, n);
    if (s->ahead.len > HTTP_AHEAD_MAX) conn_pause(s->conn, true);
}

static void session_feed(struct http_session *s, const char *bytes, size_t n)
{
    if (!s->x) {
        s->x = http_exchange_new(s);
        http_arriving_begin(s);
        http_parse_begin(s);
        conn_deadline(s->conn, s->server->options.request_ms);
    }
    size_t used = 0;
    int verdict = http_parse(s, bytes, n, &used);
    if (verdict > 1) {
        http_refuse(s, verdict);
    } else if (verdict == 1) {
        if (used < n) session_keep_ahead(s, bytes + used, n - used);
        session_dispatch(s);
    }
}

static void session_on_data(struct conn *c, const char *bytes, size_t n)
{
    struct http_session *s = conn_owner(c);
    if (s->surplus) return;
    if (s->x && s->x->stage != HTTP_READING)
        session_keep_ahead(s, bytes, n);
    else if (s->raw)
        s->raw->events.bytes(s->raw, bytes, n);
    else
        session_feed(s, bytes, n);
}

void http_session_stalls(struct http_session *s)
{
    conn_deadline(s->conn, s->server->options.stall_ms);
}

void http_session_answered(struct http_session *s)
{
    s->x->stage = HTTP_ANSWERED;
    http_session_stalls(s);
    conn_wake(s->conn);
}

/* The next request, or the first bytes for who took the connection over. */
static void session_go_on(struct http_session *s)
{
    struct buf ahead = s->ahead;
    s->ahead = BUF_INIT;
    conn_deadline(s->conn, s->raw ? 0 : s->server->options.idle_ms);
    if (ahead.len) session_on_data(s->conn, ahead.data, ahead.len);
    buf_free(&ahead);
    if (s->ahead.len <= HTTP_AHEAD_MAX) conn_pause(s->conn, false);
    if (s->eof && !s->x && !s->raw) conn_close(s->conn, 0, "end of requests");
}

static void session_on_sent(struct conn *c)
{
    struct http_session *s = conn_owner(c);
    bool empty = conn_queued(c) == 0;
    if (!s->x) {
        if (s->raw && empty && s->raw->events.drained) s->raw->events.drained(s->raw);
    } else if (!empty) {
        if (s->x->stage >= HTTP_STREAMING) http_session_stalls(s);
    } else if (s->x->stage == HTTP_STREAMING) {
        conn_deadline(c, 0);
        if (s->x->drained) s->x->drained(s->x);
    } else if (s->x->stage == HTTP_ANSWERED) {
        bool keep_alive = s->x->keep_alive;
        struct http_exchange *x = s->x;
        s->x = NULL;
        http_exchange_free(x);
        if (keep_alive || s->raw)
            session_go_on(s);
        else
            conn_close(c, 0, "answered");
    }
}

static void session_on_timeout(struct conn *c)
{
    struct http_session *s = conn_owner(c);
    if (!s->x)
        conn_close(c, E_TIMEOUT, "idle");
    else if (s->x->stage == HTTP_READING)
        http_refuse(s, 408);
    else
        conn_abort(c, E_TIMEOUT, "the client does not read");
}

static void session_on_eof(struct conn *c)
{
    struct http_session *s = conn_owner(c);
    s->eof = true;
    bool awaited = s->x && (s->x->stage == HTTP_HANDLING || s->x->stage == HTTP_ANSWERED);
    if (!awaited) conn_close(c, E_CLOSED, "closed by the client");
}

static void session_on_open(struct conn *c)
{
    struct http_session *s = conn_owner(c);
    const struct http_server_options *o = &s->server->options;
    conn_deadline(c,
                  o->request_ms < o->idle_ms ? o->request_ms : o->idle_ms); /* to say something */
    if (s->surplus) http_refuse(s, 503);
}

static void session_on_closed(struct conn *c, const struct error *why)
{
    (void)why;
    struct http_session *s = conn_owner(c);
    http_arriving_end(s);
    if (s->x) http_exchange_free(s->x);
    if (s->raw) http_raw_closed(s->raw);
    list_remove(&s->link);
    buf_free(&s->ahead);
    http_server_left(s->server);
    mem_free(s);
}

static const struct conn_events session_events = {
    .open = session_on_open,
    .data = session_on_data,
    .eof = session_on_eof,
    .sent = session_on_sent,
    .timeout = session_on_timeout,
    .closed = session_on_closed,
};

bool http_session_accepted(void *arg, struct conn *c)
{
    struct http_server *server = arg;
    if (server->session_count >= server->options.connections_max + HTTP_SURPLUS) return false;
    struct http_session *s = mem_new(struct http_session);
    s->server = server;
    s->conn = c;
    s->surplus = server->session_count >= server->options.connections_max;
    list_init(&s->arriving);
    list_push(&server->sessions, &s->link);
    server->session_count++;
    conn_bind(c, &session_events, s);
    return true;
}

void http_session_stop(struct http_session *s)
{
    bool answered = s->x && s->x->stage == HTTP_ANSWERED;
    if (answered)
        s->x->keep_alive = false;
    else
        conn_close(s->conn, E_CLOSED, "the server stops");
}
