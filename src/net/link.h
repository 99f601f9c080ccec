/* A link: whole frames, both ways, over one TLS connection.
 *
 * A frame is a 4-byte big-endian length and that many bytes (a msgpack value, checked by the reader
 * of the link, not here). Used by masters among themselves (raft/peers.c) and between nodes and
 * masters. Everything happens on the loop's thread. Bounded: a frame above frame_max closes the
 * link with E_TOOBIG; link_queued tells the sender how much waits (nothing is dropped silently). A
 * link proves that the other side has a certificate of the CA, not that it lives at the address
 * that was dialled: compare link_peer in `open`. */
#ifndef LOGSHIP_NET_LINK_H
#define LOGSHIP_NET_LINK_H

#include "net/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;
struct uv_loop_s;

struct link_events {
    void (*open)(struct link *l);                               /* TLS is up: link_peer is known */
    void (*frame)(struct link *l, const void *bytes, size_t n); /* valid for the call */
    void (*drained)(struct link *l); /* nothing waits to be written; may be NULL */
    void (*closed)(struct link *l,
                   const struct error *why); /* last call; the link is freed after it */
};

struct link_options {
    struct tls_config *tls; /* NULL: plain, for tests */
    size_t frame_max;       /* 0: 16 MiB */
    unsigned handshake_ms;  /* connect and TLS must be done by then; 0: 5000 */
    /* For whoever dials. A wire that was cut says nothing, and TCP repeats itself ever more rarely:
     * who wants to be back soon after it is mended gives up early and dials again. 0: as TCP. */
    unsigned connect_ms, unacked_ms;
    struct link_events events;
};

/* Outgoing. address "host:port" (IPv4, [IPv6] or a name). Failure is told by `closed`, later. */
struct link *link_connect(struct uv_loop_s *loop, const char *address,
                          const struct link_options *options, void *data);
void *link_data(struct link *l);
const struct tls_peer *link_peer(const struct link *l);
const char *link_address(const struct link *l); /* of the other side, for messages */

/* Copies the frame. `done` (may be NULL) is called later: 0 when handed to the kernel, else E_*. */
void link_send(struct link *l, const void *bytes, size_t n, void (*done)(void *arg, int status),
               void *arg);
size_t link_queued(const struct link *l);
/* Sends what waits (bounded in time) and closes; no frame is delivered any more. Idempotent;
 * `closed` follows later. */
void link_close(struct link *l, int code, const char *why);

struct link_listener;
/* The address with the port really bound ("host:0" binds any). */
const char *link_listener_address(const struct link_listener *ll);
/* accepted: called for each new connection before its handshake; returns the link's data.
 * reuse_port: several threads may listen on one port. */
int link_listen(struct link_listener **out, struct uv_loop_s *loop, const char *address,
                bool reuse_port, const struct link_options *options,
                void *(*accepted)(void *arg, struct link *l), void *arg, struct error *err);
void link_listener_close(struct link_listener *ll, void (*closed)(void *arg), void *arg);

#endif
