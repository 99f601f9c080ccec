/* Inside peers.c and its hello. */
#ifndef LOGSHIP_RAFT_PEERS_INTERNAL_H
#define LOGSHIP_RAFT_PEERS_INTERNAL_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/list.h"
#include "net/link.h"
#include "raft/peers.h"

enum {
    PEERS_WIRE_VERSION = 1,
    PEERS_QUEUE_MAX = 64 * 1024 * 1024,
    PEERS_FRAME_MAX = 17 * 1024 * 1024,
    PEERS_STUCK_MS = 5000,
    PEERS_HELLO_MS = 6000, /* connect, TLS and hello */
    PEERS_WATCH_MS = 500,
    PEERS_BACKOFF_MIN_MS = 50,
    PEERS_BACKOFF_MAX_MS = 1000,
    PEERS_INCOMING_MAX = 64, /* connections at the listener; more are closed */
};

/* What a master says of itself before anything else. */
struct hello {
    char cluster[64];
    uint64_t id, boot;
    struct digest configuration;
};

void hello_write(struct buf *out, const struct hello *h);
int hello_read(struct hello *out, const void *bytes, size_t n, struct error *err);
/* The other's hello against our own and the id in its certificate. */
int hello_check(const struct hello *own, const struct hello *theirs, uint64_t certified,
                struct error *err);
/* "logship-master-2" to 2; 0: not a master's certificate. */
uint64_t hello_certified_id(const struct tls_peer *peer);
struct digest hello_configuration(const struct quorum_server *servers, unsigned count);

#endif
