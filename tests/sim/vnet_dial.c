/* How virtual connections come to be: 10.0.0.N is master N's front door, and as long as it is down
 * the machine refuses. */
#include "vnet.h"

#include <arpa/inet.h>
#include <sys/socket.h>

struct dial {
    struct vsock *sock;
    uv_connect_t *req;
    uv_connect_cb done;
    unsigned host;
    int status;
};

int __wrap_uv_tcp_init(uv_loop_t *loop, uv_tcp_t *tcp);
int __wrap_uv_tcp_init_ex(uv_loop_t *loop, uv_tcp_t *tcp, unsigned flags);
int __wrap_uv_tcp_bind(uv_tcp_t *tcp, const struct sockaddr *sa, unsigned flags);
int __wrap_uv_tcp_nodelay(uv_tcp_t *tcp, int on);
int __wrap_uv_tcp_keepalive(uv_tcp_t *tcp, int on, unsigned delay);
int __wrap_uv_tcp_getsockname(const uv_tcp_t *tcp, struct sockaddr *sa, int *n);
int __wrap_uv_tcp_getpeername(const uv_tcp_t *tcp, struct sockaddr *sa, int *n);
int __wrap_uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb cb);
int __wrap_uv_accept(uv_stream_t *server, uv_stream_t *client);
int __wrap_uv_tcp_connect(uv_connect_t *req, uv_tcp_t *tcp, const struct sockaddr *sa,
                          uv_connect_cb cb);
int __wrap_uv_fileno(const uv_handle_t *h, uv_os_fd_t *fd);
int __wrap_shutdown(int fd, int how);

/* All sockets by number: what the outside takes for file descriptors. */
static struct vsock **socks;
static int sock_count, sock_room;

struct vsock *vsock_new(struct vloop *loop)
{
    struct vsock *v = mem_new(struct vsock);
    v->loop = loop;
    v->number = sock_count;
    list_push(&loop->socks, &v->link);
    if (sock_count == sock_room) {
        sock_room = sock_room ? 2 * sock_room : 64;
        socks = mem_resize(socks, (size_t)sock_room * sizeof(struct vsock *));
    }
    return socks[sock_count++] = v;
}

int __wrap_uv_tcp_init(uv_loop_t *loop, uv_tcp_t *tcp)
{
    struct vsock *v = vsock_new(vloop_of(loop));
    v->tcp = tcp;
    tcp->loop = loop;
    tcp->type = UV_TCP;
    tcp->flags = 0;
    tcp->u.reserved[0] = v;
    return 0;
}

int __wrap_uv_tcp_init_ex(uv_loop_t *loop, uv_tcp_t *tcp, unsigned flags)
{
    (void)flags;
    return __wrap_uv_tcp_init(loop, tcp);
}

int __wrap_uv_tcp_bind(uv_tcp_t *tcp, const struct sockaddr *sa, unsigned flags)
{
    (void)tcp, (void)sa, (void)flags;
    return 0;
}

int __wrap_uv_tcp_nodelay(uv_tcp_t *tcp, int on)
{
    (void)tcp, (void)on;
    return 0;
}

int __wrap_uv_tcp_keepalive(uv_tcp_t *tcp, int on, unsigned delay)
{
    (void)tcp, (void)on, (void)delay;
    return 0;
}

static int sock_name(unsigned host, int port, struct sockaddr *sa, int *n)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(0x0a000000u + host)};
    memcpy(sa, &in, sizeof in);
    *n = sizeof in;
    return 0;
}

int __wrap_uv_tcp_getsockname(const uv_tcp_t *tcp, struct sockaddr *sa, int *n)
{
    return sock_name(vloop_of(tcp->loop)->host, VNET_PORT, sa, n);
}

int __wrap_uv_tcp_getpeername(const uv_tcp_t *tcp, struct sockaddr *sa, int *n)
{
    struct vsock *peer = vsock_of(tcp)->peer;
    return peer ? sock_name(peer->loop->host, 1024 + peer->number % 60000, sa, n) : UV_ENOTCONN;
}

/* --- the master's side --- */

struct arrival {
    struct vloop *loop;
    struct vsock *sock;
};

/* The kernel hands connections over one at a time, from inside the callback. */
static struct vsock *arriving;

static void sock_accepts(void *arg)
{
    struct arrival a = *(struct arrival *)arg;
    mem_free(arg);
    if (!a.loop->listener) return;
    arriving = a.sock;
    a.loop->connected((uv_stream_t *)a.loop->listener, 0);
    arriving = NULL;
    vloop_after(a.loop);
}

int __wrap_uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb cb)
{
    (void)backlog;
    struct vloop *loop = vloop_of(stream->loop);
    loop->listener = (uv_tcp_t *)stream;
    loop->connected = cb;
    return 0;
}

int __wrap_uv_accept(uv_stream_t *server, uv_stream_t *client)
{
    (void)server;
    if (!arriving) return UV_EAGAIN;
    struct vsock *unused = vsock_of(client);
    unused->closed = true;
    list_remove(&unused->link);
    client->u.reserved[0] = arriving;
    arriving->tcp = (uv_tcp_t *)client;
    arriving = NULL;
    return 0;
}

/* --- the client's --- */

static void dial_done(void *arg)
{
    struct dial *d = arg;
    struct vsock *v = d->sock;
    if (v->dial == d) { /* else it was closed meanwhile, and that was told */
        v->dial = NULL;
        d->done(d->req, d->status);
        vloop_after(v->loop);
    }
    mem_free(d);
}

static void dial_arrives(void *arg)
{
    struct dial *d = arg;
    struct sim *s = d->sock->loop->sim;
    struct life *l = d->host - 1 < s->master_count ? s->masters[d->host - 1].life : NULL;
    struct vloop *loop = l ? front_loop(l) : NULL;
    if (d->sock->dial == d && loop && loop->listener) {
        struct vsock *other = vsock_new(loop);
        other->peer = d->sock;
        d->sock->peer = other;
        s->vnet->connections++;
        struct arrival *a = mem_new(struct arrival);
        *a = (struct arrival){loop, other};
        sim_after(s, l, 1, sock_accepts, a);
    } else {
        d->status = UV_ECONNREFUSED;
    }
    sim_after(s, NULL, sim_between(s, 50, s->calm ? 300 : s->vnet->delay_max), dial_done, d);
}

int __wrap_uv_tcp_connect(uv_connect_t *req, uv_tcp_t *tcp, const struct sockaddr *sa,
                          uv_connect_cb cb)
{
    struct vsock *v = vsock_of(tcp);
    struct sim *s = v->loop->sim;
    struct dial *d = mem_new(struct dial);
    struct sockaddr_in in;
    memcpy(&in, sa, sizeof in);
    *d = (struct dial){.sock = v, .req = req, .done = cb, .host = ntohl(in.sin_addr.s_addr) & 0xff};
    req->handle = (uv_stream_t *)tcp;
    v->dial = d;
    v->dial_req = req;
    v->dial_done = cb;
    sim_after(s, NULL, sim_between(s, 50, s->calm ? 300 : s->vnet->delay_max), dial_arrives, d);
    return 0;
}

/* --- half a goodbye --- */

int __wrap_uv_fileno(const uv_handle_t *h, uv_os_fd_t *fd)
{
    *fd = vsock_of(h)->number;
    return 0;
}

int __wrap_shutdown(int fd, int how)
{
    (void)how;
    struct vsock *v = fd >= 0 && fd < sock_count ? socks[fd] : NULL;
    if (!v || v->closed || v->broken || !v->peer) return -1;
    sim_after(v->loop->sim, v->peer->loop->life, vsock_arrival(v), vsock_fin_arrives, v->peer);
    return 0;
}
