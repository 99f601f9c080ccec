/* A master process around its core: the loop, the edges, what they share. */
#ifndef LOGSHIP_MASTER_INSIDE_H
#define LOGSHIP_MASTER_INSIDE_H

#include "master/core.h"
#include "master/master.h"
#include "master/token_mint.h"

#include <uv.h>

struct edge;
struct peers;

struct master {
    struct master_options options;
    struct core core;
    uv_loop_t *loop;
    uv_async_t wake;
    uv_check_t check;
    uv_timer_t heartbeat;
    uv_signal_t terminate, interrupt;
    struct inbox inbox;
    struct host host;
    struct bulk bulk;
    struct store *store;
    struct disk *disk;
    struct peers *peers;
    struct edge **edges;
    unsigned edge_count;
    struct tls_config *peer_tls, *api_tls, *node_tls, *node_client_tls;
    unsigned char seal_key[32];
    struct jwt_key *account_key; /* or NULL */
    struct master_mint mint;
};

/* host_real.c */
struct host host_real(void);

/* edge.c */
struct edge *edge_start(struct master *m, unsigned number, struct error *err);

#endif
