/* The inside of a connection, for conn.c (life), conn_io.c (bytes), conn_tls.c and listen.c only.
 */
#ifndef LOGSHIP_NET_CONN_INTERNAL_H
#define LOGSHIP_NET_CONN_INTERNAL_H

#include "net/conn.h"
#include "net/hub.h"

#include <openssl/ssl.h>

/* Only forwards:
 *   CONNECTING -> HANDSHAKE -> OPEN -> FINISHING (sends the rest) -> LINGERING (waits for the other
 *   side's goodbye, lest a reset destroys our last bytes on their way) -> CLOSED
 * and from each of them straight to CLOSED. */
enum conn_state {
    CONN_CONNECTING,
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_FINISHING,
    CONN_LINGERING,
    CONN_CLOSED,
};

enum {
    CONN_HANDSHAKE_MS = 5000, /* connect and TLS, unless told otherwise */
};

struct conn_flight;
struct conn_connect;

struct conn {
    uv_tcp_t tcp;
    uv_timer_t timer;
    struct hub *hub;
    struct list dirty; /* in hub->dirty */
    const struct conn_events *events;
    void *owner;
    SSL *ssl;              /* NULL: plain */
    struct tls_peer *peer; /* NULL: nobody proved anything */
    char *address;
    struct error *why; /* NULL until the end begins */

    const char *in; /* ciphertext of the running read callback */
    size_t in_n;
    struct buf held; /* input that arrived while paused */

    struct buf plain; /* written by the owner, from plain_at on not yet encrypted or sent */
    size_t plain_at;
    struct buf out;             /* ciphertext */
    size_t out_plain;           /* bytes of the owner that `out` stands for */
    struct conn_flight *flight; /* what the kernel could not take at once */
    uint64_t due;               /* loop time; 0: none */
    struct conn_connect *connecting;
    unsigned short state, open_handles;
    bool paused, resume, wake, eof, goodbye, check_name;
};

struct conn *conn_new(struct hub *h, struct tls_config *tls, bool server);
void conn_opened(struct conn *c); /* state OPEN, tells the owner */
void conn_start_reading(struct conn *c);
void conn_turn(struct conn *c); /* flush; called by the hub once per turn for each dirty one */
void conn_mark(struct conn *c); /* wants a turn */
void conn_input(struct conn *c, const char *bytes, size_t n);
void conn_saw_eof(struct conn *c);
void conn_allow(struct conn *c, unsigned ms); /* the deadline of the present state; 0: none */
void conn_shut(struct conn *c);               /* closes the handles */
bool conn_flush(struct conn *c);              /* true: the kernel took bytes of the owner */
void conn_forget_plain(struct conn *c);
void conn_connect_cancel(struct conn *c);

/* conn_tls.c */
void conn_tls_start(struct conn *c, struct tls_config *tls, bool server);
void conn_tls_connect(struct conn *c,
                      const char *host); /* client: names what is expected, says hello */
void conn_tls_input(struct conn *c, const char *bytes, size_t n);
void conn_tls_free(struct conn *c);
/* n bytes of plain -> out; false: the connection failed */
bool conn_tls_encrypt(struct conn *c, size_t n);
void conn_tls_goodbye(struct conn *c);

/* address.c: "host:port", "[v6]:port" */
int address_split(const char *address, char host[256], char port[8], struct error *err);
void address_format(const struct sockaddr *sa, char out[64]);

#endif
