/* A node's connection to the masters: finds the leader, says hello, beats, and comes back after
 * every loss, with a back-off. One per node; all on the loop's thread.
 *
 * What is said while there is no connection is dropped: after each welcome the masters tell
 * everything anew, and so does the node. */
#ifndef LOGSHIP_NODE_MASTER_LINK_H
#define LOGSHIP_NODE_MASTER_LINK_H

#include "base/list.h"
#include "net/link.h"
#include "proto/nodewire.h"

#include <uv.h>

/* What the links of one process share: where the masters are, and how many connect at a time. */
struct masters {
    uv_loop_t *loop;
    const char *const *addresses; /* NULL-terminated; borrowed */
    unsigned address_count;
    const char *token; /* borrowed */
    struct tls_config *tls;
    char *leader; /* who welcomed last or was pointed to; NULL: unknown */
    char boot[40];
    unsigned connecting;
    struct list waiting; /* links whose turn to connect has not come */
    struct buf frame;    /* scratch */
};
int masters_init(struct masters *m, uv_loop_t *loop, const char *const *addresses,
                 const char *token, const char *ca_file, struct error *err);
void masters_free(struct masters *m);
/* The first line of a token file; mem_free. */
int masters_read_token(const char *file, char **out, struct error *err);

struct master_link;
struct master_link_events {
    void (*hello)(struct master_link *l, struct nodewire *m); /* fills in body and status */
    void (*welcome)(struct master_link *l);
    void (*message)(struct master_link *l, const struct nodewire *m); /* pod, gone, synced, again */
    void (*stopped)(struct master_link *l); /* after master_link_stop; may be NULL */
};
struct master_link {
    struct masters *masters;
    const struct master_link_events *events;
    const char *name; /* borrowed: the node's */
    struct link *link;
    struct list waiting;
    uv_timer_t timer; /* the next try, or the next beat */
    uint64_t heard_ms;
    unsigned heartbeat_ms;
    unsigned tries; /* since the last welcome */
    unsigned turn;  /* which address is next */
    bool counted;   /* among masters->connecting */
    bool welcomed, refused, stopping;
};
void master_link_start(struct master_link *l, struct masters *masters, const char *name,
                       const struct master_link_events *events);
void master_link_stop(struct master_link *l);
void master_link_say(struct master_link *l, const struct nodewire *m);

#endif
