/* The bytes of a connection: from the socket to the owner and back. */
#include "net/conn_internal.h"

#include <assert.h>

enum {
    CONN_PIECE = 256 * 1024, /* handed over at once: progress is seen piece by piece */
    CONN_PIECES = 4, /* a turn, so that one fast reader does not keep the loop from the others */
};

struct conn_flight {
    uv_write_t req;
    struct conn *c;
    struct buf bytes;
    size_t plain; /* bytes of the owner in it */
};

size_t conn_queued(const struct conn *c)
{
    return c->plain.len - c->plain_at + c->out_plain + (c->flight ? c->flight->plain : 0);
}

void conn_input(struct conn *c, const char *bytes, size_t n)
{
    if (c->state >= CONN_FINISHING) return;
    if (c->paused)
        buf_append(&c->held, bytes, n);
    else if (c->ssl)
        conn_tls_input(c, bytes, n);
    else if (n)
        c->events->data(c, bytes, n);
}

static void conn_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *b)
{
    (void)suggested;
    struct conn *c = container_of((uv_tcp_t *)handle, struct conn, tcp);
    *b = uv_buf_init(c->hub->read, sizeof c->hub->read);
}

static void conn_on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct conn *c = container_of((uv_tcp_t *)stream, struct conn, tcp);
    if (n > 0) {
        conn_input(c, b->base, (size_t)n);
    } else if (n == UV_EOF) {
        uv_read_stop(stream);
        conn_saw_eof(c);
    } else if (n < 0) {
        conn_abort(c, E_IO, "%s: %s", c->address, uv_strerror((int)n));
    }
}

void conn_start_reading(struct conn *c)
{
    if (!c->eof) uv_read_start((uv_stream_t *)&c->tcp, conn_on_alloc, conn_on_read);
}

void conn_pause(struct conn *c, bool paused)
{
    if (c->paused == paused || c->state != CONN_OPEN) return;
    c->paused = paused;
    if (paused) {
        uv_read_stop((uv_stream_t *)&c->tcp);
    } else {
        conn_start_reading(c);
        c->resume = true;
        conn_mark(c);
    }
}

static void conn_on_written(uv_write_t *req, int status)
{
    struct conn_flight *f = container_of(req, struct conn_flight, req);
    struct conn *c = f->c;
    c->flight = NULL;
    hub_reclaim(c->hub, &f->bytes);
    mem_free(f);
    if (c->state == CONN_CLOSED) return;
    if (status < 0) {
        conn_abort(c, E_IO, "%s: %s", c->address, uv_strerror(status));
        return;
    }
    conn_wake(c);
}

static void conn_launch(struct conn *c, const char *bytes, size_t n, size_t plain)
{
    struct conn_flight *f = mem_new(struct conn_flight);
    f->c = c;
    f->plain = plain;
    hub_lend(c->hub, &f->bytes);
    buf_append(&f->bytes, bytes, n);
    c->flight = f;
    uv_buf_t b = uv_buf_init(f->bytes.data, (unsigned)n);
    int status = uv_write(&f->req, (uv_stream_t *)&c->tcp, &b, 1, conn_on_written);
    if (status == 0) return;
    c->flight = NULL;
    buf_free(&f->bytes);
    mem_free(f);
    conn_abort(c, E_IO, "%s: %s", c->address, uv_strerror(status));
}

/* To the kernel; what it does not take flies on its own. Returns what it took, or < 0. */
static int conn_push(struct conn *c, const char *bytes, size_t n, size_t plain)
{
    uv_buf_t b = uv_buf_init((char *)bytes, (unsigned)n);
    int taken = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
    if (taken == UV_EAGAIN) taken = 0;
    if (taken < 0) {
        conn_abort(c, E_IO, "%s: %s", c->address, uv_strerror(taken));
        return taken;
    }
    if ((size_t)taken < n) conn_launch(c, bytes + taken, n - (size_t)taken, plain);
    return taken;
}

static void conn_drop_plain(struct conn *c, size_t n)
{
    c->plain_at += n;
    assert(c->plain_at <= c->plain.len);
    if (c->plain_at < c->plain.len) return;
    c->plain_at = 0;
    c->plain.len = 0;
    hub_reclaim(c->hub, &c->plain);
}

void conn_forget_plain(struct conn *c)
{
    conn_drop_plain(c, c->plain.len - c->plain_at);
}

static bool conn_flush_plain(struct conn *c, bool *progress)
{
    size_t n = c->plain.len - c->plain_at;
    if (n > CONN_PIECE) n = CONN_PIECE;
    if (!n) return false;
    int taken = conn_push(c, c->plain.data + c->plain_at, n, n);
    if (taken < 0) return false;
    *progress = true;
    conn_drop_plain(c, n);
    return true;
}

static bool conn_flush_tls(struct conn *c, bool *progress)
{
    size_t n = c->plain.len - c->plain_at;
    if (n > CONN_PIECE) n = CONN_PIECE;
    if (c->state == CONN_HANDSHAKE) n = 0;
    if (n) {
        if (!conn_tls_encrypt(c, n)) return false;
        conn_drop_plain(c, n);
        c->out_plain += n;
    }
    if (!c->out.len) return false;
    size_t plain = c->out_plain;
    c->out_plain = 0;
    if (conn_push(c, c->out.data, c->out.len, plain) < 0) return false;
    *progress = *progress || plain;
    hub_reclaim(c->hub, &c->out);
    return true;
}

bool conn_flush(struct conn *c)
{
    bool progress = false;
    for (int i = 0; i < CONN_PIECES; i++) {
        if (c->flight || c->state <= CONN_CONNECTING || c->state >= CONN_LINGERING) return progress;
        if (!(c->ssl ? conn_flush_tls(c, &progress) : conn_flush_plain(c, &progress)))
            return progress;
    }
    conn_mark(c);
    return progress;
}
