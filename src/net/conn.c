#include "net/conn_internal.h"

#include <assert.h>
#include <stdio.h>

enum {
    CONN_FINISH_MS = 30000, /* for the rest of what waits, counted from the last progress */
    CONN_LINGER_MS = 2000,  /* for the other side's goodbye */

};

static void conn_on_timer(uv_timer_t *timer);

struct conn *conn_new(struct hub *h, struct tls_config *tls, bool server)
{
    struct conn *c = mem_new(struct conn);
    hub_share(h);
    c->hub = h;
    list_init(&c->dirty);
    uv_tcp_init(h->loop, &c->tcp);
    uv_timer_init(h->loop, &c->timer);
    c->open_handles = 2;
    c->state = CONN_CONNECTING;
    if (tls) conn_tls_start(c, tls, server);
    return c;
}

void conn_bind(struct conn *c, const struct conn_events *events, void *owner)
{
    c->events = events;
    c->owner = owner;
}

void *conn_owner(const struct conn *c)
{
    return c->owner;
}

const char *conn_address(const struct conn *c)
{
    return c->address;
}

const struct tls_peer *conn_peer(const struct conn *c)
{
    static const struct tls_peer nobody;
    return c->peer ? c->peer : &nobody;
}

void conn_opened(struct conn *c)
{
    c->state = CONN_OPEN;
    c->due = 0;
    if (c->events->open) c->events->open(c);
}

void conn_mark(struct conn *c)
{
    if (c->state != CONN_CLOSED && list_empty(&c->dirty)) list_push(&c->hub->dirty, &c->dirty);
}

void conn_wake(struct conn *c)
{
    c->wake = true;
    conn_mark(c);
}

struct buf *conn_output(struct conn *c)
{
    if (!c->plain.data) hub_lend(c->hub, &c->plain);
    conn_mark(c);
    return &c->plain;
}

void conn_write(struct conn *c, const void *bytes, size_t n)
{
    buf_append(conn_output(c), bytes, n);
}

/* The timer is set anew only when it would fire too late: deadlines move with every request, and
 * nearly all of them are never reached. */
static void conn_arm(struct conn *c)
{
    uint64_t now = uv_now(c->hub->loop);
    uint64_t wait = c->due > now ? c->due - now : 0;
    if (uv_is_active((uv_handle_t *)&c->timer) && uv_timer_get_due_in(&c->timer) <= wait) return;
    uv_timer_start(&c->timer, conn_on_timer, wait, 0);
}

void conn_allow(struct conn *c, unsigned ms)
{
    c->due = ms ? uv_now(c->hub->loop) + ms : 0;
    if (c->due) conn_arm(c);
}

void conn_deadline(struct conn *c, unsigned ms)
{
    if (c->state == CONN_OPEN) conn_allow(c, ms); /* the other states have their own */
}

static void conn_on_timer(uv_timer_t *timer)
{
    struct conn *c = container_of(timer, struct conn, timer);
    if (!c->due) return;
    if (uv_now(c->hub->loop) < c->due) {
        conn_arm(c);
        return;
    }
    c->due = 0;
    if (c->state == CONN_OPEN && c->events->timeout)
        c->events->timeout(c);
    else if (c->state == CONN_CONNECTING)
        conn_abort(c, E_TIMEOUT, "%s: no connection in time", c->address);
    else if (c->state == CONN_HANDSHAKE)
        conn_abort(c, E_TIMEOUT, "%s: no TLS handshake in time", c->address);
    else
        conn_abort(c, E_TIMEOUT, "%s: timed out", c->address);
}

static void conn_reason(struct conn *c, int code, const char *format, va_list args)
{
    if (c->why) return;
    c->why = mem_new(struct error);
    c->why->code = code;
    vsnprintf(c->why->text, sizeof c->why->text, format, args);
}

static void conn_finish(struct conn *c)
{
    if (c->state >= CONN_FINISHING) return;
    if (c->state == CONN_CONNECTING) {
        conn_shut(c);
        return;
    }
    if (c->state == CONN_HANDSHAKE) conn_forget_plain(c); /* nobody was proven to be there */
    c->state = CONN_FINISHING;
    c->paused = c->resume = false;
    buf_free(&c->held);
    conn_start_reading(c); /* the goodbye of the other side is read, its data dropped */
    conn_allow(c, CONN_FINISH_MS);
    conn_mark(c);
}

void conn_close(struct conn *c, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    conn_reason(c, code, format, args);
    va_end(args);
    conn_finish(c);
}

void conn_abort(struct conn *c, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    conn_reason(c, code, format, args);
    va_end(args);
    conn_shut(c);
}

void conn_saw_eof(struct conn *c)
{
    if (c->eof) return;
    c->eof = true;
    if (c->state == CONN_LINGERING)
        conn_shut(c);
    else if (c->state == CONN_HANDSHAKE)
        conn_abort(c, E_CLOSED, "%s: closed during the TLS handshake", c->address);
    else if (c->state == CONN_OPEN && c->events->eof)
        c->events->eof(c);
    else
        conn_close(c, E_CLOSED, "%s: closed by the other side", c->address);
}

/* Everything that waited was taken: say goodbye once, then wait for that of the other side. */
static void conn_finished_sending(struct conn *c)
{
    if (!c->goodbye) {
        c->goodbye = true;
        if (c->ssl) conn_tls_goodbye(c);
        if (c->out.len) {
            conn_mark(c);
            return;
        }
    }
    if (c->eof) {
        conn_shut(c);
        return;
    }
    int fd;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0) shutdown(fd, SHUT_WR);
    c->state = CONN_LINGERING;
    conn_allow(c, CONN_LINGER_MS);
}

void conn_turn(struct conn *c)
{
    if (c->resume) {
        c->resume = false;
        struct buf held = c->held;
        c->held = BUF_INIT;
        conn_input(c, held.data, held.len);
        buf_free(&held);
    }
    bool progress = conn_flush(c);
    if (c->state == CONN_FINISHING) {
        if (progress) conn_allow(c, CONN_FINISH_MS);
        if (!conn_queued(c) && !c->flight && !c->out.len) conn_finished_sending(c);
    } else if (c->state == CONN_OPEN && (progress || c->wake)) {
        c->wake = false;
        if (c->events->sent) c->events->sent(c);
    }
}

static void conn_on_handle_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    if (--c->open_handles) return;
    static const struct error unknown = {E_CLOSED, "closed"};
    if (c->events) c->events->closed(c, c->why ? c->why : &unknown);
    conn_tls_free(c);
    hub_reclaim(c->hub, &c->plain);
    hub_reclaim(c->hub, &c->out);
    buf_free(&c->held);
    hub_put(c->hub);
    mem_free(c->why);
    mem_free(c->address);
    mem_free(c);
}

void conn_shut(struct conn *c)
{
    if (c->state == CONN_CLOSED) return;
    bool reset = c->state == CONN_OPEN && c->why;
    c->state = CONN_CLOSED;
    list_remove(&c->dirty);
    conn_connect_cancel(c);
    c->tcp.data = c->timer.data = c;
    uv_close((uv_handle_t *)&c->timer, conn_on_handle_closed);
    if (!reset || uv_tcp_close_reset(&c->tcp, conn_on_handle_closed) != 0)
        uv_close((uv_handle_t *)&c->tcp, conn_on_handle_closed);
}
