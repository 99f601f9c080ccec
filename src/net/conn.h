/* A byte stream over TCP, with or without TLS: what links, the HTTP server and its client stand on.
 * Internal to this room.
 *
 * One thread: the loop's. Nothing is ever delivered from inside a call that the owner makes: events
 * come from the loop. Writes are gathered and handed to TLS and the kernel once per loop turn, so
 * ten small writes cost one record and one system call. What the kernel does not take waits as
 * plain text (conn_queued): the owner bounds it. */
#ifndef LOGSHIP_NET_CONN_H
#define LOGSHIP_NET_CONN_H

#include "base/buf.h"
#include "net/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct hub;
struct uv_loop_s;

/* Any of them but `closed` may be NULL. */
struct conn_events {
    void (*open)(struct conn *c); /* connected, TLS is up: conn_peer is known */
    void (*data)(struct conn *c, const char *bytes, size_t n); /* valid for the call */
    void (*eof)(struct conn *c);     /* the other side will send no more; NULL: conn_close */
    void (*sent)(struct conn *c);    /* the kernel took something: see conn_queued */
    void (*timeout)(struct conn *c); /* conn_deadline has passed */
    void (*closed)(struct conn *c, const struct error *why); /* last call; c is freed after it */
};

struct conn_target {
    const char *address;    /* host:port */
    struct tls_config *tls; /* NULL: plain */
    bool check_name;        /* the certificate must name the host, as in HTTPS */
    unsigned handshake_ms;  /* for connecting and TLS */
    unsigned connect_ms;    /* not 0: for connecting alone, TLS has handshake_ms after it */
    unsigned unacked_ms;    /* not 0: the connection ends when bytes stay unconfirmed for so long */
};
struct conn *conn_connect(struct uv_loop_s *loop, const struct conn_target *target,
                          const struct conn_events *events, void *owner);

void *conn_owner(const struct conn *c);
const struct tls_peer *conn_peer(const struct conn *c);
const char *conn_address(const struct conn *c); /* of the other side */

/* The place to append what shall be written; marks the connection for this turn's flush. Valid
 * until the owner returns to the loop. */
struct buf *conn_output(struct conn *c);
void conn_write(struct conn *c, const void *bytes, size_t n);
size_t conn_queued(const struct conn *c); /* bytes written and not yet taken by the kernel */
/* Stops and resumes reading: back-pressure on the other side. */
void conn_pause(struct conn *c, bool paused);
/* `timeout` is called when so many milliseconds have passed; 0: never. Replaces the one before;
 * only while open. */
void conn_deadline(struct conn *c, unsigned ms);
/* `sent` is called in this turn even if nothing is left to write. */
void conn_wake(struct conn *c);

/* Sends what waits, says goodbye and closes; bounded in time. Nothing is delivered any more except
 * `closed`, with this code and text. Idempotent: the first reason counts. */
void conn_close(struct conn *c, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same at once: what waits is thrown away and the other side gets a reset. */
void conn_abort(struct conn *c, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct conn_listener;
struct conn_listener_options {
    struct uv_loop_s *loop;
    const char *address; /* host:port; port 0: any */
    bool reuse_port;
    struct tls_config *tls;
    unsigned handshake_ms;
    /* Binds the new connection (conn_bind) and returns true, or false to drop it. */
    bool (*accepted)(void *arg, struct conn *c);
    void *arg;
};
void conn_bind(struct conn *c, const struct conn_events *events, void *owner);
int conn_listen(struct conn_listener **out, const struct conn_listener_options *options,
                struct error *err);
const char *conn_listener_address(const struct conn_listener *l); /* with the port really bound */
/* Connections that it accepted live on. */
void conn_listener_close(struct conn_listener *l, void (*closed)(void *arg), void *arg);

#endif
