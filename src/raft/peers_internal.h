/* Inside the real network between masters: peers.c, peers_out.c, peers_in.c, hello.c. */
#ifndef LOGSHIP_RAFT_PEERS_INTERNAL_H
#define LOGSHIP_RAFT_PEERS_INTERNAL_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/list.h"
#include "net/link.h"
#include "raft/peers.h"

#include <uv.h>

enum {
    PEERS_WIRE_VERSION = 4,
    PEERS_QUEUE_MAX = 64 * 1024 * 1024,
    PEERS_FRAME_MAX = 17 * 1024 * 1024,
    PEERS_STUCK_MS = 5000,
    PEERS_HELLO_MS = 6000, /* connect, TLS and hello */
    PEERS_WATCH_MS = 500,
    PEERS_BACKOFF_MIN_MS = 50,
    PEERS_BACKOFF_MAX_MS = 250,
    /* A cut wire: given up after an election and a half, then dialled again and again, so that who
     * was cut off is back in less than a second. A connect takes one round trip. */
    PEERS_UNACKED_MS = 1500,
    PEERS_CONNECT_MS = 500,
    PEERS_INCOMING_MAX = 64, /* connections at the listener; more are closed */
};

/* What a master says of itself before anything else. */
struct hello {
    char cluster[64];
    uint64_t id;
    struct digest configuration;
    struct str past; /* quorum_greet's; of a hello that was read: in its frame */
};

void hello_write(struct buf *out, const struct hello *h);
int hello_read(struct hello *out, const void *bytes, size_t n, struct error *err);
/* The other's hello against our own and the id in its certificate. */
int hello_check(const struct hello *own, const struct hello *theirs, uint64_t certified,
                struct error *err);
/* "logship-master-2" to 2; 0: not a master's certificate. */
uint64_t hello_certified_id(const struct tls_peer *peer);
struct digest hello_configuration(const struct quorum_server *servers, unsigned count);

/* The way to one peer: a connection that we keep opening until we are closed. */
struct outgoing {
    struct peers *peers;
    uint64_t id;
    char *address;
    struct link *link; /* NULL: waiting to connect again */
    bool up;           /* hello exchanged */
    unsigned backoff_ms;
    uint64_t retry_at, opened_at, waiting_since; /* loop time; waiting 0: nothing waits */
    bool complained;                             /* of this outage */
};

/* A connection that somebody opened to us. */
struct incoming {
    struct list list;
    struct peers *peers;
    struct link *link;
    uint64_t id; /* 0: no hello yet */
    uint64_t opened_at;
};

/* A frame that failed at once; its sender hears of it on a later turn. */
struct refusal {
    struct list list;
    void (*done)(void *arg, int status);
    void *arg;
    int status;
};

struct peers {
    struct quorum_net net;
    uv_loop_t *loop;
    struct tls_config *tls;
    struct hello own;
    uint64_t seat; /* ours; everybody is called by his seat here, and by his id in hellos */
    struct quorum *quorum;
    struct link_listener *listener;
    struct outgoing *outgoing;
    unsigned count;
    struct list incoming;
    unsigned incoming_count, links; /* links of both kinds that are not closed yet */
    struct list refusals;
    uv_timer_t watch, later;
    unsigned handles;
    bool closing;
    uint64_t complained_at;
    void (*closed)(void *arg);
    void *closed_arg;
};

uint64_t peers_seat(const struct peers *p, uint64_t id); /* 0: of nobody */
void peers_report(struct peers *p, uint64_t id, bool up);
void peers_hello(struct peers *p, struct link *l, uint64_t to);
int peers_check_hello(struct peers *p, struct link *l, const void *bytes, size_t n, bool answer,
                      struct hello *theirs, struct error *err);
void peers_try_finish(struct peers *p); /* closing, and everything is closed: p is gone */

/* peers_out.c */
void outgoing_watch(struct outgoing *o, uint64_t now); /* connects, or lets go */

/* peers_in.c */
int incoming_listen(struct peers *p, const char *address, struct error *err);
void incoming_watch(struct peers *p, uint64_t now);

#endif
