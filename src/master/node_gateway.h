/* The door for nodes: an edge thread's listener for node links.
 *
 * It proves the token, turns frames into reports and the core's messages into frames, and does at
 * the edge what the core need not: checking and copying documents, opening sealed secrets. Reports
 * of one loop turn cross to the core in one note; at most a few such notes are on their way, the
 * rest waits here, and a node that says more than its share meanwhile is cut off (it comes back and
 * tells its state anew). Everything on the loop's thread. Several gateways may share an address
 * (reuse_port). */
#ifndef LOGSHIP_MASTER_NODE_GATEWAY_H
#define LOGSHIP_MASTER_NODE_GATEWAY_H

#include "actors/gate.h"
#include "actors/remotes.h"
#include "net/tls.h"

struct node_gateway;
struct uv_loop_s;

struct node_gateway_options {
    struct uv_loop_s *loop;
    struct inbox *home; /* of the loop's thread */
    struct gate *gate;
    struct remotes *remotes; /* the core's; only passed on to it */
    const char *address;     /* host:port */
    bool reuse_port;
    struct tls_config *tls;
    const char *tokens_file;
    /* A new reference to the secret's body in clear (E_CORRUPT: it is withheld). May be NULL:
     * nothing is sealed. */
    int (*unseal)(void *ctx, const struct object *secret, struct doc **out, struct error *err);
    void *unseal_ctx;
};
int node_gateway_start(struct node_gateway **out, const struct node_gateway_options *options,
                       struct error *err);
/* Closes the listener and every link and takes leave of the core; `stopped` runs when all of it is
 * gone. */
void node_gateway_stop(struct node_gateway *g, void (*stopped)(void *arg), void *arg);

#endif
