/* Outgoing connections: name, address, connect. */
#include "net/conn_internal.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

struct conn_connect {
    union {
        uv_getaddrinfo_t lookup;
        uv_connect_t connect;
    };
    struct conn *c; /* NULL: given up meanwhile */
    char host[256];
    unsigned handshake_ms, unacked_ms;
};

static void conn_limit_unacked(struct conn *c, unsigned ms)
{
    uv_os_fd_t fd;
    if (ms && uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

static void conn_on_connected(uv_connect_t *req, int status)
{
    struct conn_connect *cc = container_of(req, struct conn_connect, connect);
    struct conn *c = cc->c;
    if (c && status < 0) {
        c->connecting = NULL;
        conn_abort(c, E_IO, "%s: %s", c->address, uv_strerror(status));
    } else if (c) {
        c->connecting = NULL;
        uv_tcp_nodelay(&c->tcp, 1);
        uv_tcp_keepalive(&c->tcp, 1, 60);
        conn_limit_unacked(c, cc->unacked_ms);
        if (cc->handshake_ms) conn_allow(c, cc->handshake_ms);
        c->state = CONN_HANDSHAKE;
        conn_start_reading(c);
        conn_mark(c);
        if (c->ssl)
            conn_tls_connect(c, cc->host);
        else
            conn_opened(c);
    }
    mem_free(cc);
}

static void conn_dial(struct conn_connect *cc, const struct sockaddr *sa)
{
    struct conn *c = cc->c;
    int status = uv_tcp_connect(&cc->connect, &c->tcp, sa, conn_on_connected);
    if (status == 0) return;
    c->connecting = NULL;
    mem_free(cc);
    conn_abort(c, E_IO, "%s: %s", c->address, uv_strerror(status));
}

static void conn_on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct conn_connect *cc = container_of(req, struct conn_connect, lookup);
    struct conn *c = cc->c;
    if (!c) {
        mem_free(cc);
    } else if (status < 0) {
        c->connecting = NULL;
        mem_free(cc);
        conn_abort(c, E_IO, "%s: %s", c->address, uv_strerror(status));
    } else {
        conn_dial(cc, found->ai_addr);
    }
    if (found) uv_freeaddrinfo(found);
}

void conn_connect_cancel(struct conn *c)
{
    if (!c->connecting) return;
    c->connecting->c = NULL; /* the lookup or the connect ends by itself and frees it */
    c->connecting = NULL;
}

struct conn *conn_connect(struct uv_loop_s *loop, const struct conn_target *target,
                          const struct conn_events *events, void *owner)
{
    struct hub *h = hub_get(loop);
    struct conn *c = conn_new(h, target->tls, false);
    hub_put(h);
    conn_bind(c, events, owner);
    c->address = mem_strdup(target->address);
    c->check_name = target->check_name;
    uv_update_time(loop);
    unsigned handshake_ms = target->handshake_ms ? target->handshake_ms : CONN_HANDSHAKE_MS;
    conn_allow(c, target->connect_ms ? target->connect_ms : handshake_ms);
    struct error err;
    char port[8];
    struct conn_connect *cc = mem_new(struct conn_connect);
    cc->handshake_ms = target->connect_ms ? handshake_ms : 0;
    cc->unacked_ms = target->unacked_ms;
    if (address_split(target->address, cc->host, port, &err) != 0) {
        mem_free(cc);
        conn_abort(c, err.code, "%s", err.text);
        return c;
    }
    cc->c = c;
    c->connecting = cc;
    struct sockaddr_storage sa;
    if (uv_ip4_addr(cc->host, atoi(port), (void *)&sa) == 0 ||
        uv_ip6_addr(cc->host, atoi(port), (void *)&sa) == 0) {
        conn_dial(cc, (const struct sockaddr *)&sa);
        return c;
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int status = uv_getaddrinfo(loop, &cc->lookup, conn_on_lookup, cc->host, port, &hints);
    if (status != 0) {
        c->connecting = NULL;
        mem_free(cc);
        conn_abort(c, E_IO, "%s: %s", c->address, uv_strerror(status));
    }
    return c;
}
