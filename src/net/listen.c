#include "net/conn_internal.h"

struct conn_listener {
    uv_tcp_t tcp;
    struct hub *hub;
    struct conn_listener_options options;
    char address[64];
    void (*closed)(void *arg);
    void *closed_arg;
};

static void listener_adopt(struct conn_listener *l, struct conn *c)
{
    struct sockaddr_storage sa = {0};
    char text[64];
    int n = sizeof sa;
    uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&sa, &n);
    address_format((const struct sockaddr *)&sa, text);
    c->address = mem_strdup(text);
    if (!l->options.accepted(l->options.arg, c)) {
        conn_abort(c, E_BUSY, "refused");
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
    uv_tcp_keepalive(&c->tcp, 1, 60); /* finds out about clients that vanished without a word */
    c->state = CONN_HANDSHAKE;
    conn_start_reading(c);
    if (c->ssl)
        conn_allow(c, l->options.handshake_ms ? l->options.handshake_ms : CONN_HANDSHAKE_MS);
    else
        conn_opened(c);
}

static void listener_on_connection(uv_stream_t *stream, int status)
{
    struct conn_listener *l = container_of((uv_tcp_t *)stream, struct conn_listener, tcp);
    if (status < 0) return; /* out of files or the like: the next one may succeed */
    struct conn *c = conn_new(l->hub, l->options.tls, true);
    if (uv_accept(stream, (uv_stream_t *)&c->tcp) == 0)
        listener_adopt(l, c);
    else
        conn_shut(c);
}

static int listener_resolve(uv_loop_t *loop, const char *address, struct sockaddr_storage *out,
                            struct error *err)
{
    char host[256], port[8];
    int result = address_split(address, host, port, err);
    if (result != 0) return result;
    if (uv_ip4_addr(host, atoi(port), (void *)out) == 0 ||
        uv_ip6_addr(host, atoi(port), (void *)out) == 0)
        return 0;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    uv_getaddrinfo_t req;
    int status = uv_getaddrinfo(loop, &req, NULL, host, port, &hints);
    if (status != 0) return error_set(err, E_IO, "%s: %s", address, uv_strerror(status));
    memcpy(out, req.addrinfo->ai_addr, req.addrinfo->ai_addrlen);
    uv_freeaddrinfo(req.addrinfo);
    return 0;
}

static int listener_share_port(struct conn_listener *l)
{
    int fd, on = 1;
    int status = uv_fileno((uv_handle_t *)&l->tcp, &fd);
    if (status != 0) return status;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 ? 0 : -errno;
}

static int listener_bind(struct conn_listener *l, const struct sockaddr *sa)
{
    int status = l->options.reuse_port ? listener_share_port(l) : 0;
    if (status == 0) status = uv_tcp_bind(&l->tcp, sa, 0);
    if (status == 0) status = uv_listen((uv_stream_t *)&l->tcp, 1024, listener_on_connection);
    if (status != 0) return status;
    struct sockaddr_storage bound = {0};
    int n = sizeof bound;
    status = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&bound, &n);
    address_format((const struct sockaddr *)&bound, l->address);
    return status;
}

int conn_listen(struct conn_listener **out, const struct conn_listener_options *options,
                struct error *err)
{
    struct sockaddr_storage sa = {0};
    int result = listener_resolve(options->loop, options->address, &sa, err);
    if (result != 0) return result;
    struct conn_listener *l = mem_new(struct conn_listener);
    l->options = *options;
    l->options.address = NULL; /* the caller's; l->address is what counts from now on */
    l->hub = hub_get(options->loop);
    uv_tcp_init_ex(options->loop, &l->tcp, sa.ss_family);
    int status = listener_bind(l, (const struct sockaddr *)&sa);
    if (status != 0) {
        conn_listener_close(l, NULL, NULL);
        return error_set(err, status == UV_EADDRINUSE ? E_EXISTS : E_IO, "listen on %s: %s",
                         options->address, uv_strerror(status));
    }
    *out = l;
    return 0;
}

const char *conn_listener_address(const struct conn_listener *l)
{
    return l->address;
}

static void listener_on_closed(uv_handle_t *handle)
{
    struct conn_listener *l = container_of((uv_tcp_t *)handle, struct conn_listener, tcp);
    if (l->closed) l->closed(l->closed_arg);
    hub_put(l->hub);
    mem_free(l);
}

void conn_listener_close(struct conn_listener *l, void (*closed)(void *arg), void *arg)
{
    l->closed = closed;
    l->closed_arg = arg;
    uv_close((uv_handle_t *)&l->tcp, listener_on_closed);
}
