/* The nodes as the scheduler sees them: rows of integers, kept up to date change by change.
 *
 * Every row has a place (its index) for as long as the node exists or pods are bound to its name;
 * then the place is free for another node. Each alteration is appended to a log of places, so that
 * what is derived from the table (class.h) can catch up in time proportional to what altered. Pure;
 * core thread. */
#ifndef LOGSHIP_SCHEDULER_NODE_TABLE_H
#define LOGSHIP_SCHEDULER_NODE_TABLE_H

#include "actors/scheduler/pod_view.h"
#include "proto/object.h"

struct node_row {
    istr name; /* NULL: a free place */
    struct object
        *object;      /* a reference; NULL: pods are bound to it, but there is no Node object */
    uint64_t version; /* of what the object says; moves on when that alters, not with the pods */
    bool unschedulable, ready, tainted;
    uint32_t zone; /* place in `zones` */
    uint32_t pods, pods_max;
    uint32_t next_free;
    struct resource_row allocatable;
    struct resource_sum used;
    struct host_ports ports;
};

enum { NODE_LOG = 65536 /* a power of two */, ZONES_MAX = 64 };

struct node_table {
    struct resource_names names;
    struct node_row *rows;
    uint64_t *lot;                /* by place: decides between equals; comes from the name alone */
    uint32_t count, cap, present; /* places made, of those nodes that exist */
    uint32_t free;                /* a free place + 1; chained by next_free */
    struct map by_name;           /* name -> row */
    istr zones[ZONES_MAX];        /* 0: in no zone, and all that came too late */
    uint32_t zone_count;
    uint32_t altered[NODE_LOG];
    uint64_t sequence; /* of the next alteration */
    uint64_t versions;
};

void node_table_init(struct node_table *t);
void node_table_free(struct node_table *t);
void node_table_clear(struct node_table *t);
/* The node is there, or says something new. false: nothing that matters here. */
bool node_table_put(struct node_table *t, struct object *node);
void node_table_drop(struct node_table *t, istr name);
/* A pod came to (sign 1) or went from (-1) a node. */
void node_table_use(struct node_table *t, istr node, const struct pod_view *pod, int sign);
int64_t node_table_place(const struct node_table *t, istr name); /* -1: unknown */
/* Of two places the one to prefer when all else is equal: the same on every master. */
bool node_table_before(const struct node_table *t, uint32_t a, uint32_t b);

#endif
