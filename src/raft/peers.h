/* The real network between masters: msgpack frames over mutual TLS on libuv, on the core's loop.
 *
 * One listener and, to every peer, one connection that we opened (for sending); what we receive
 * comes in on the connections that the peers opened. Handshake: both certificates from the
 * cluster's CA, with the server id in the common name ("logship-master-2"); then hello {cluster,
 * server id, configuration digest, past (past.h), wire version}, answered in kind; anything else
 * closes the connection with a line in the trace. A newer connection of a peer replaces its older
 * ones. Reconnects with back-off (50 ms to 1 s).
 *
 * Bounded: at most 64 MiB wait for one peer; beyond that, and while it is not connected, a frame
 * fails (E_BUSY, E_CLOSED), which libraft repairs. A peer that takes nothing for 5 s is
 * disconnected. */
#ifndef LOGSHIP_RAFT_PEERS_H
#define LOGSHIP_RAFT_PEERS_H

#include "raft/quorum.h"

struct peers;
struct uv_loop_s;
struct tls_config;

struct peers_options {
    struct uv_loop_s *loop;
    const char *cluster;
    uint64_t id;
    const struct quorum_server *servers;
    unsigned server_count;
    struct tls_config *tls; /* server and client side, peers verified */
};

int peers_open(struct peers **out, const struct peers_options *options, struct error *err);
struct quorum_net *peers_net(struct peers *p);
/* Frames and connection states go there from now on; NULL: nowhere (before the quorum is closed).
 */
void peers_attach(struct peers *p, struct quorum *q);
void peers_close(struct peers *p, void (*closed)(void *arg), void *arg);

#endif
