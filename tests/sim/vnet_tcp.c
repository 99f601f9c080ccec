/* Virtual TCP: ordered bytes with a window, delay, and resets in the middle of anything. A master
 * that dies resets its connections, or says nothing at all and is a black hole. */
#include "vnet.h"

struct segment {
    struct vsock *to;
    size_t n;
    char bytes[];
};

void vnet_draw(struct sim *s)
{
    static const uint64_t delays[] = {500, 20 * MS, 400 * MS};
    static const size_t windows[] = {2048, 16 * 1024, 128 * 1024};
    s->vnet = mem_new(struct vnet);
    *s->vnet = (struct vnet){.delay_max = delays[sim_below(s, 3)],
                             .reset = sim_chance(s, 500) ? (unsigned)sim_below(s, 20000) : 0,
                             .window = windows[sim_below(s, 3)]};
}

uint64_t vsock_arrival(struct vsock *v)
{
    struct sim *s = v->loop->sim;
    uint64_t at = s->now_us + sim_between(s, 50, s->calm ? 300 : s->vnet->delay_max);
    if (at < v->last_at) at = v->last_at;
    v->last_at = at;
    return at - s->now_us;
}

/* --- reading --- */

static void sock_window_opens(void *arg);

static void sock_ready(void *arg);

void vsock_wake(struct vsock *v)
{
    if (v->ready || v->closed || !v->tcp) return;
    v->ready = true;
    sim_after(v->loop->sim, v->loop->life, 1, sock_ready, v);
}

static void sock_hand_over(struct vsock *v)
{
    uv_buf_t b;
    v->alloc((uv_handle_t *)v->tcp, 64 * 1024, &b);
    size_t n = v->in.len - v->in_at;
    if (n > b.len) n = b.len;
    memcpy(b.base, v->in.data + v->in_at, n);
    v->in_at += n;
    if (v->in_at == v->in.len) v->in_at = v->in.len = 0;
    if (v->peer && v->peer->req) {
        struct vsock *peer = v->peer;
        sim_after(peer->loop->sim, peer->loop->life, sim_between(peer->loop->sim, 50, 500),
                  sock_window_opens, peer);
    }
    v->read((uv_stream_t *)v->tcp, (ssize_t)n, &b);
}

static void sock_end(struct vsock *v, int status)
{
    v->end_told = true;
    v->reading = false;
    uv_buf_t none = {0};
    v->read((uv_stream_t *)v->tcp, status, &none);
}

static void sock_ready(void *arg)
{
    struct vsock *v = arg;
    v->ready = false;
    if (v->closed) return;
    if (v->broken && v->req) {
        uv_write_t *req = v->req;
        v->req = NULL;
        v->written(req, UV_ECONNRESET);
    }
    while (!v->closed && !v->broken && v->reading && v->in.len > v->in_at) sock_hand_over(v);
    if (!v->closed && v->reading && !v->end_told) {
        if (v->broken)
            sock_end(v, UV_ECONNRESET);
        else if (v->ended)
            sock_end(v, UV_EOF);
    }
    vloop_after(v->loop);
}

int __wrap_uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb read);
int __wrap_uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb read)
{
    struct vsock *v = vsock_of(stream);
    v->alloc = alloc;
    v->read = read;
    v->reading = true;
    vsock_wake(v);
    return 0;
}

int __wrap_uv_read_stop(uv_stream_t *stream);
int __wrap_uv_read_stop(uv_stream_t *stream)
{
    vsock_of(stream)->reading = false;
    return 0;
}

/* --- the way of the bytes --- */

static void sock_breaks(void *arg)
{
    struct vsock *v = arg;
    v->broken = true;
    vsock_wake(v);
}

static void sock_break_later(struct vsock *v, uint64_t us)
{
    sim_after(v->loop->sim, v->loop->life, us, sock_breaks, v);
}

void vsock_fin_arrives(void *arg)
{
    struct vsock *v = arg;
    v->ended = true;
    vsock_wake(v);
}

static void segment_arrives(void *arg)
{
    struct segment *seg = arg;
    struct vsock *v = seg->to;
    v->coming -= seg->n;
    if (!v->closed && !v->broken) {
        buf_append(&v->in, seg->bytes, seg->n);
        vsock_wake(v);
    } else if (v->closed && v->peer && !v->broken) {
        v->broken = true; /* bytes for a closed port: a reset */
        sock_break_later(v->peer, 1 + vsock_arrival(v));
    }
    mem_free(seg);
}

static size_t sock_send(struct vsock *v, const char *bytes, size_t n)
{
    struct sim *s = v->loop->sim;
    struct vsock *to = v->peer;
    size_t ahead = to->in.len - to->in_at + to->coming;
    size_t room = ahead < s->vnet->window ? s->vnet->window - ahead : 0;
    if (n > room) n = room;
    if (!n) return 0;
    size_t arrives = n;
    bool breaks = !s->calm && sim_below(s, 1000000) < s->vnet->reset;
    if (breaks) arrives = sim_below(s, n);
    struct segment *seg = mem_alloc(sizeof *seg + arrives);
    seg->to = to;
    seg->n = arrives;
    memcpy(seg->bytes, bytes, arrives);
    to->coming += arrives;
    uint64_t in_us = vsock_arrival(v);
    sim_after(s, to->loop->life, in_us, segment_arrives, seg);
    if (!breaks) return n;
    s->vnet->resets++;
    sock_break_later(to, in_us + 1);
    sock_break_later(v, sim_between(s, 1, 5 * MS));
    return n;
}

int __wrap_uv_try_write(uv_stream_t *stream, const uv_buf_t bufs[], unsigned n);
int __wrap_uv_try_write(uv_stream_t *stream, const uv_buf_t bufs[], unsigned n)
{
    struct vsock *v = vsock_of(stream);
    if (n != 1) sim_fail(v->loop->sim, "one buffer at a time");
    if (v->broken || !v->peer) return UV_EPIPE;
    if (v->req) return UV_EAGAIN;
    size_t taken = sock_send(v, bufs[0].base, bufs[0].len);
    return taken ? (int)taken : UV_EAGAIN;
}

static void sock_window_opens(void *arg)
{
    struct vsock *v = arg;
    if (!v->req || v->closed || v->broken) return;
    size_t taken = sock_send(v, v->rest.p, v->rest.n);
    v->rest.p += taken;
    v->rest.n -= taken;
    if (!v->rest.n) {
        uv_write_t *req = v->req;
        v->req = NULL;
        v->written(req, 0);
    }
    vloop_after(v->loop);
}

int __wrap_uv_write(uv_write_t *req, uv_stream_t *stream, const uv_buf_t bufs[], unsigned n,
                    uv_write_cb cb);
int __wrap_uv_write(uv_write_t *req, uv_stream_t *stream, const uv_buf_t bufs[], unsigned n,
                    uv_write_cb cb)
{
    struct vsock *v = vsock_of(stream);
    if (v->req || n != 1) sim_fail(v->loop->sim, "one write at a time");
    v->req = req;
    v->written = cb;
    v->rest = (struct str){bufs[0].base, bufs[0].len};
    sim_after(v->loop->sim, v->loop->life, 1, sock_window_opens, v);
    return 0;
}

/* --- the end --- */

struct cancelled {
    struct vloop *loop;
    uv_connect_t *connect;
    uv_connect_cb connect_cb;
    uv_write_t *write;
    uv_write_cb write_cb;
};

static void sock_cancelled(void *arg)
{
    struct cancelled *c = arg;
    if (c->write) c->write_cb(c->write, UV_ECANCELED);
    if (c->connect) c->connect_cb(c->connect, UV_ECANCELED);
    mem_free(c);
}

/* What was asked of it ends before the handle is gone. */
static void sock_cancel(struct vsock *v)
{
    if (!v->req && !v->dial) return;
    struct cancelled *c = mem_new(struct cancelled);
    *c = (struct cancelled){.loop = v->loop, .write = v->req, .write_cb = v->written};
    if (v->dial) {
        c->connect = v->dial_req;
        c->connect_cb = v->dial_done;
    }
    v->req = NULL;
    v->dial = NULL;
    sim_after(v->loop->sim, v->loop->life, 0, sock_cancelled, c);
}

void vsock_close(uv_tcp_t *tcp, bool reset)
{
    struct vsock *v = vsock_of(tcp);
    if (v->closed) return;
    sock_cancel(v);
    v->closed = true;
    v->tcp = NULL;
    list_remove(&v->link);
    if (v->in.len > v->in_at) reset = true; /* unread bytes */
    buf_free(&v->in);
    v->in_at = 0;
    if (!v->peer || v->broken) return;
    uint64_t in_us = vsock_arrival(v);
    if (reset)
        sock_break_later(v->peer, sim_between(v->loop->sim, 1, in_us));
    else
        sim_after(v->loop->sim, v->peer->loop->life, in_us, vsock_fin_arrives, v->peer);
}

int __wrap_uv_tcp_close_reset(uv_tcp_t *tcp, uv_close_cb cb);
int __wrap_uv_tcp_close_reset(uv_tcp_t *tcp, uv_close_cb cb)
{
    vsock_close(tcp, true);
    uv_close((uv_handle_t *)tcp, cb);
    return 0;
}

void vnet_ends(struct vloop *loop)
{
    struct sim *s = loop->sim;
    bool silent = sim_chance(s, 200);
    list_each(it, &loop->socks)
    {
        struct vsock *v = container_of(it, struct vsock, link);
        if (v->peer && !silent) sock_break_later(v->peer, sim_between(s, 100, 5 * MS));
    }
}
