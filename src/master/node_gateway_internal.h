/* What the gateway's files share: node_gateway.c (life, and the exchange with the core) and
 * node_link.c (the conversation with one node). */
#ifndef LOGSHIP_MASTER_NODE_GATEWAY_INTERNAL_H
#define LOGSHIP_MASTER_NODE_GATEWAY_INTERNAL_H

#include "master/join_tokens.h"
#include "master/node_gateway.h"
#include "net/link.h"

#include <uv.h>

enum { REPORTS_MAX = 64 * 1024 }; /* waiting here for the core, of all nodes */

struct node_link {
    struct list all;
    struct node_gateway *gateway;
    struct link *link;
    uint64_t id, heard_ms;
    istr name; /* NULL before a good hello */
    bool closing;
};

/* A secret that was opened a moment ago. Where many pods of one service account go out, it is the
 * same for all; forgotten with the next sweep, so that nothing stays in clear for long. */
struct opened {
    struct object *secret; /* this version of it */
    struct doc *clear;
};
enum { OPENED_SLOTS = 16 };

struct node_gateway {
    struct node_gateway_options options;
    struct remote_edge edge;
    struct join_tokens *tokens;
    struct link_listener *listener;
    struct list links;
    struct map by_id; /* id -> node_link */
    uint64_t last_id;
    struct remote_report *reports; /* gathering */
    size_t report_count, report_cap;
    unsigned batches; /* on their way */
    uv_check_t check;
    uv_timer_t sweep;
    unsigned handles; /* uv handles and the listener still open */
    struct buf frame; /* scratch */
    struct opened opened[OPENED_SLOTS];
    bool stopping, detached;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* A new report of this node, to be filled in; it crosses to the core when the turn ends. */
struct remote_report *gateway_report(struct node_link *nl, int type);

void node_link_on_frame(struct link *link, const void *bytes, size_t n);
void node_link_deliver(struct node_link *nl, const struct remote_message *message);
void node_link_forget_opened(struct node_gateway *g);

#endif
