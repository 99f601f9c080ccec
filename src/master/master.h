/* One master process: its threads and how they are wired.
 *
 *   core         quorum, world, actors, controllers, scheduler (core.c, in a loop with the peer
 *                links: loop.c)
 *   committer    LMDB (store/committer.c)
 *   edges        HTTP API and node links, each with a loop of its own (edge.c)
 *   bulk         keyframes out, history in, on libuv's pool (image_job.c, history.c)
 *
 * They meet only at inboxes: edges ask through the gate (gate_master.c), the core feeds them
 * (feeder.c). */
#ifndef LOGSHIP_MASTER_MASTER_H
#define LOGSHIP_MASTER_MASTER_H

#include "raft/quorum.h"

struct master_options {
    const char *name;    /* "m1" */
    const char *dir;     /* its data directory */
    const char *cluster; /* uuid */
    uint64_t id;
    const struct quorum_server *servers; /* peers' addresses, self included */
    unsigned server_count;
    const char *const
        *node_addresses; /* of every master's node port, by server order: for redirects */
    const char *const *api_addresses; /* of every master, for the Endpoints of the API */
    unsigned api_count;
    const char *api_address, *node_address;
    unsigned edges; /* 0: 1 */
    const char *ca_file, *cert_file, *key_file;
    const char *tokens_file;      /* API bearer tokens */
    const char *join_token_file;  /* nodes */
    const char *seal_key_file;    /* 32 bytes */
    const char *account_key_file; /* RSA, signs service accounts' tokens; NULL: there are none */
    unsigned heartbeat_ms, election_ms;
    uint64_t keyframe_entries, keyframe_bytes;
    unsigned node_grace_ms; /* 0: 40 s */
};

/* Runs until SIGTERM or SIGINT. */
int master_run(const struct master_options *options, struct error *err);

#endif
