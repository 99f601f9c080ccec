/* The nodes as the scheduler sees them: rows of integers, kept up to date change by change.
 *
 * Every row has a place (its index) for as long as the node exists. Each alteration is appended to
 * a log of places, so that what is derived from the table (classes.h) can catch up in time
 * proportional to what altered. Pure; core thread. */
#ifndef LOGSHIP_SCHEDULER_NODE_TABLE_H
#define LOGSHIP_SCHEDULER_NODE_TABLE_H

#include "actors/scheduler/resources.h"
#include "proto/object.h"

struct node_row {
    istr name; /* NULL: a free place */
    struct object
        *object; /* a reference; NULL: pods are bound to it, but there is no Node object */
    bool unschedulable, ready, tainted;
    uint32_t pods, pods_max;
    struct resource_row allocatable, used;
};

enum { NODE_LOG = 65536 }; /* a power of two */

struct node_table {
    struct resource_names names;
    struct node_row *rows;
    uint32_t count, cap, present; /* places used, of those nodes that exist */
    struct map by_name;           /* name -> place + 1 */
    uint32_t altered[NODE_LOG];
    uint64_t sequence; /* of the next alteration */
};

void node_table_init(struct node_table *t);
void node_table_free(struct node_table *t);
void node_table_clear(struct node_table *t);
void node_table_put(struct node_table *t, struct object *node);
void node_table_drop(struct node_table *t, istr name);
/* A pod came to (sign 1) or went from (-1) a node. */
void node_table_use(struct node_table *t, istr node, const struct resource_row *row, int sign);
int64_t node_table_place(const struct node_table *t, istr name); /* -1: unknown */

#endif
