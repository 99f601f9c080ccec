/* A virtual libuv: loops, timers and TCP of the simulation, behind the names that src/net and
 * src/api call (the linker's --wrap, as in seams.c). So the real HTTP server, API, watches and HTTP
 * client run in virtual time, unchanged; what is simulated is the kernel.
 *
 *   vnet_loop.c  loops and timers    vnet_tcp.c  bytes    vnet_dial.c  connections
 *
 * A loop belongs to a master's life (its events fall away with it) or to nobody: the clients'.
 * Callbacks come from the simulation's events only, never from inside a call; after each of them
 * the loop's prepare and check handles run, once. */
#ifndef LOGSHIP_TESTS_VNET_H
#define LOGSHIP_TESTS_VNET_H

#include "sim.h"

#include "base/buf.h"

#include <uv.h>

enum { VNET_PORT = 443 };

struct dial;

enum { VLOOP_IDLES = 4 };

struct vloop {
    uv_loop_t uv;
    struct sim *sim;
    struct life *life; /* NULL: the clients' */
    unsigned host;     /* 10.0.0.host */
    uv_prepare_t *prepare;
    uv_check_t *check;
    uv_idle_t *idle[VLOOP_IDLES];
    uv_tcp_t *listener;
    uv_connection_cb connected;
    struct list socks;
    bool turning;
};

/* How the network between clients and masters is, drawn per seed. */
struct vnet {
    uint64_t delay_max; /* us */
    unsigned reset;     /* per million pieces that are sent: the connection breaks in the middle */
    size_t window;      /* bytes that one side may be ahead of the other */
    uint64_t connections, resets;
};

void vnet_draw(struct sim *s); /* makes s->vnet */
void vloop_init(struct vloop *loop, struct sim *s, struct life *life, unsigned host);
void vloop_kick(struct vloop *loop);  /* it gets a turn soon: after calls from outside its events */
void vloop_after(struct vloop *loop); /* at the end of an event of its own */
void vnet_ends(struct vloop *loop);   /* its process is dead */

struct vsock {
    struct list link; /* in its loop, while open */
    struct vloop *loop;
    struct vsock *peer; /* NULL: not connected */
    uv_tcp_t *tcp;      /* NULL: not accepted yet, or closed */
    struct dial *dial;  /* on its way to its connection */
    uv_connect_t *dial_req;
    uv_connect_cb dial_done;
    int number;
    uv_alloc_cb alloc;
    uv_read_cb read;
    struct buf in; /* arrived; before in_at it was read */
    size_t in_at, coming;
    uint64_t last_at; /* when what it sent last arrives */
    uv_write_t *req;  /* a write that waits for the other side to read */
    uv_write_cb written;
    struct str rest;
    bool closed, ended, end_told, broken, reading, ready;
};

/* vnet_dial.c */
struct vsock *vsock_new(struct vloop *loop);

/* vnet_tcp.c */
void vsock_close(uv_tcp_t *tcp, bool reset);
void vsock_wake(struct vsock *v);
uint64_t vsock_arrival(struct vsock *v); /* from now, of what it sends next */
void vsock_fin_arrives(void *sock);

struct vloop *front_loop(struct life *l); /* http_front.c */

static inline struct vsock *vsock_of(const void *tcp)
{
    return ((const uv_tcp_t *)tcp)->u.reserved[0];
}

static inline struct vloop *vloop_of(uv_loop_t *uv)
{
    return container_of(uv, struct vloop, uv);
}

#endif
