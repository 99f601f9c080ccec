#include "net/http_client_internal.h"

#include "net/conn.h"
#include "net/tls_internal.h"

#include <assert.h>

static void call_end(struct http_call *call, const struct error *err)
{
    call->events.done(call, err);
    buf_free(&call->request);
    mem_free(call);
}

static void client_on_freed(uv_handle_t *handle)
{
    struct http_client *hc = container_of((uv_timer_t *)handle, struct http_client, later);
    mem_free(hc->address);
    mem_free(hc);
}

static void client_on_later(uv_timer_t *timer)
{
    struct http_client *hc = container_of(timer, struct http_client, later);
    for (struct http_call *call; (call = hc->failed);) {
        hc->failed = call->next_failed;
        if (!hc->failed) hc->last_failed = &hc->failed;
        call_end(call, &call->err);
    }
    if (hc->closing)
        uv_close((uv_handle_t *)timer, client_on_freed);
    else
        http_client_next(hc);
}

void http_call_fail(struct http_call *call, int code, const char *text)
{
    struct http_client *hc = call->client;
    error_set(&call->err, code, "%s", text);
    list_remove(&call->link);
    *hc->last_failed = call;
    hc->last_failed = &call->next_failed;
    uv_timer_start(&hc->later, client_on_later, 0, 0);
}

struct http_call *http_client_take(struct http_client *hc)
{
    struct http_call *call = hc->current;
    hc->current = NULL;
    hc->answer.call = NULL;
    return call;
}

static void client_on_parted(struct conn *c, const struct error *why)
{
    (void)c;
    (void)why;
}

void http_client_part(struct http_client *hc, bool politely)
{
    static const struct conn_events parted = {.closed = client_on_parted};
    struct conn *c = hc->conn;
    if (!c) return;
    hc->conn = NULL;
    conn_bind(c, &parted, NULL);
    if (politely)
        conn_close(c, 0, "done");
    else
        conn_abort(c, 0, "not wanted any more");
}

/* The connection was lost under the running call. */
static void client_lost(struct http_client *hc, const struct error *why)
{
    struct http_call *call = http_client_take(hc);
    if (!call) return;
    if (hc->reused && call->harmless && !call->answered && !call->retried &&
        why->code != E_TIMEOUT) {
        call->retried = true; /* the server had just given the idle connection up */
        list_push(hc->queue.next, &call->link); /* before the first: it was there first */
        return;
    }
    struct error err = *why;
    if (err.code == 0) err.code = E_CLOSED;
    if (hc->opened && !call->harmless && !call->answered) err.code = E_UNKNOWN;
    call_end(call, &err);
}

static void client_failed(struct http_client *hc, int code, const char *text)
{
    struct error err;
    error_set(&err, code, "%s: %s", hc->address, text);
    http_client_part(hc, false);
    client_lost(hc, &err);
    http_client_next(hc);
}

static void client_answered(struct http_client *hc, bool keep)
{
    static const struct error fine;
    struct http_call *call = http_client_take(hc);
    if (keep) {
        hc->reused = true;
        conn_deadline(hc->conn, 0);
        conn_pause(hc->conn, false);
    } else {
        http_client_part(hc, true);
    }
    call_end(call, &fine);
    http_client_next(hc);
}

static void client_on_data(struct conn *c, const char *bytes, size_t n)
{
    struct http_client *hc = conn_owner(c);
    if (!hc->current) {
        http_client_part(hc, false); /* an answer that nobody asked for */
        return;
    }
    conn_deadline(c, hc->current->timeout_ms);
    size_t used;
    bool good = http_answer_parse(&hc->answer, bytes, n, &used);
    if (hc->conn != c || !hc->current) return; /* cancelled by its owner meanwhile */
    if (hc->answer.complete)
        client_answered(hc, used == n && http_should_keep_alive(&hc->answer.parser) &&
                                !hc->answer.parser.upgrade);
    else if (!good)
        client_failed(hc, E_INVALID, "malformed answer");
}

static void client_on_open(struct conn *c)
{
    struct http_client *hc = conn_owner(c);
    hc->opened = true;
    if (hc->current) conn_deadline(c, hc->current->timeout_ms);
}

static void client_on_eof(struct conn *c)
{
    struct http_client *hc = conn_owner(c);
    size_t used;
    if (hc->current && hc->current->answered) http_answer_parse(&hc->answer, NULL, 0, &used);
    if (hc->conn != c) return;
    if (hc->current && hc->answer.complete)
        client_answered(hc, false);
    else
        client_failed(hc, E_CLOSED, "closed by the other side");
}

static void client_on_timeout(struct conn *c)
{
    struct http_client *hc = conn_owner(c);
    client_failed(hc, E_TIMEOUT, "no answer in time");
}

static void client_on_closed(struct conn *c, const struct error *why)
{
    struct http_client *hc = conn_owner(c);
    hc->conn = NULL;
    client_lost(hc, why);
    http_client_next(hc);
}

static const struct conn_events client_events = {
    .open = client_on_open,
    .data = client_on_data,
    .eof = client_on_eof,
    .timeout = client_on_timeout,
    .closed = client_on_closed,
};

void http_client_next(struct http_client *hc)
{
    if (hc->current || hc->closing || list_empty(&hc->queue)) return;
    struct http_call *call = container_of(list_shift(&hc->queue), struct http_call, link);
    hc->current = call;
    if (!hc->conn) {
        struct conn_target target = {
            .address = hc->address,
            .tls = hc->tls,
            .check_name = hc->tls && tls_checks_server(hc->tls),
            .handshake_ms = call->timeout_ms,
        };
        hc->reused = hc->opened = false;
        hc->conn = conn_connect(hc->loop, &target, &client_events, hc);
    }
    http_answer_begin(&hc->answer, call);
    conn_deadline(hc->conn, call->timeout_ms);
    conn_write(hc->conn, call->request.data, call->request.len);
}

struct http_client *http_client_new(struct uv_loop_s *loop, const char *address,
                                    struct tls_config *tls)
{
    struct http_client *hc = mem_new(struct http_client);
    hc->loop = loop;
    hc->address = mem_strdup(address);
    hc->tls = tls;
    list_init(&hc->queue);
    hc->last_failed = &hc->failed;
    uv_timer_init(loop, &hc->later);
    return hc;
}

void http_client_close(struct http_client *hc)
{
    assert(!hc->closing);
    hc->closing = true;
    http_client_part(hc, false);
    struct http_call *current = http_client_take(hc);
    if (current) http_call_fail(current, E_CLOSED, "the client was closed");
    while (!list_empty(&hc->queue))
        http_call_fail(container_of(hc->queue.next, struct http_call, link), E_CLOSED,
                       "the client was closed");
    uv_timer_start(&hc->later, client_on_later, 0, 0);
}
