/* What the connections of one loop share: the read buffers, spare write buffers, and the list of
 * those that have something to do at the end of the turn. Idle connections so own almost nothing.
 * Internal to this room. Made by the first user of a loop and gone with the last; found by loop,
 * from any thread. */
#ifndef LOGSHIP_NET_HUB_H
#define LOGSHIP_NET_HUB_H

#include "base/buf.h"
#include "base/list.h"

#include <uv.h>

enum {
    HUB_READ = 64 * 1024,  /* one read(2) */
    HUB_PLAIN = 16 * 1024, /* one TLS record */
};

struct hub {
    uv_loop_t *loop;
    unsigned users;
    struct list link;  /* in the registry */
    struct list dirty; /* connections to be flushed */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle; /* keeps the loop from sleeping while work is left over */
    unsigned open_handles;
    struct buf spare[64];
    unsigned spare_count;
    char read[HUB_READ];
    char plain[HUB_PLAIN];
};

struct hub *hub_get(uv_loop_t *loop); /* takes a share; hub_put gives it back */
void hub_share(struct hub *h);
void hub_put(struct hub *h);
/* Gives memory to an empty buffer; takes it back (small buffers are kept for others). */
void hub_lend(struct hub *h, struct buf *b);
void hub_reclaim(struct hub *h, struct buf *b);

#endif
