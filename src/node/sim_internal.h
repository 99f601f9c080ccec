/* Simulated nodes: what sim.c (nodes and life) and sim_pod.c (pretended pods) share.
 * One loop, one thread, any number of nodes. */
#ifndef LOGSHIP_NODE_SIM_INTERNAL_H
#define LOGSHIP_NODE_SIM_INTERNAL_H

#include "node/master_link.h"
#include "node/node.h"

enum { SIM_TICK_MS = 10, SIM_WHEEL = 1024 };

/* Pods that wait for their time, in buckets of one tick. */
struct sim_wheel {
    struct list buckets[SIM_WHEEL];
    uint64_t tick;
    size_t waiting;
};

struct sim_node {
    struct master_link link; /* must stay where it is: libuv knows its timer */
    struct sim *sim;
    char *name;
    unsigned number;
    int64_t ready_since_s;
    struct map pods; /* uid -> sim_pod */
    uint64_t *slots; /* addresses in use, one bit each */
    uint64_t sync;   /* raised at each welcome; pods told since then bear it */
};

struct sim {
    struct simnodes_options options;
    uv_loop_t loop;
    struct masters masters;
    struct docs docs; /* bodies, shared between the pods of one template */
    struct doc *last_body;
    struct sim_wheel wheel;
    uv_timer_t ticker;
    uv_signal_t signals[2];
    struct sim_node *nodes;
    unsigned stopped;
    uint64_t events, event_tokens, event_filled_ms; /* tokens: thousandths */
};

enum sim_state { SIM_STARTING, SIM_RUNNING, SIM_STOPPING, SIM_GONE, SIM_ENDED };

struct sim_pod {
    struct list waiting;
    struct sim_node *node;
    struct uid uid;
    istr ns;
    char *name;
    uint64_t revision, due, sync;
    struct doc *body;      /* shared */
    struct doc *scheduled; /* its PodScheduled condition as the masters tell it, shared; or NULL */
    int64_t started_s;
    uint32_t slot;
    enum sim_state state;
};

/* The masters told a pod (anew); another was removed; a status is wanted again; the sync is
 * complete. */
void sim_node_address(const struct sim_node *node, char out[16]);
void sim_pod_told(struct sim_node *node, const struct nodewire *m);
void sim_pod_removed(struct sim_node *node, const struct uid *uid);
void sim_pod_again(struct sim_node *node, const struct uid *uid);
void sim_pods_synced(struct sim_node *node);
void sim_pods_free(struct sim_node *node);
/* sim_event.c: an Event for each container of the pod, such as ("Started", "Started"). */
void sim_tell(struct sim_pod *pod, const char *reason, const char *verb);
void sim_wheel_turn(struct sim *sim, uint64_t now_ms);

#endif
