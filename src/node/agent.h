/* The agent's own state, shared by its files: agent.c (life and the link), agent_pod.c (pods, and
 * steps carried out on worker threads), agent_state.c (what survives a restart), agent_facts.c (the
 * machine), agent_event.c. One loop thread. */
#ifndef LOGSHIP_NODE_AGENT_H
#define LOGSHIP_NODE_AGENT_H

#include "node/driver.h"
#include "node/master_link.h"
#include "node/node.h"
#include "node/node_doc.h"
#include "node/pod_status.h"

struct log_server;

struct agent_pod {
    struct agent *agent;
    struct uid uid;
    struct pod_brief brief;
    struct pod_worker worker;
    struct pod_facts facts;
    struct doc *told;  /* the status that the masters hold, or NULL */
    uint64_t revision; /* of what was last told: the cause of what is reported */
    uint64_t sync;
    bool deleted; /* the object has a deletion timestamp */
    bool removed; /* there is no object any more */
    bool ended;   /* it was over (Succeeded, Failed) before this node ever ran it */
    bool gone;    /* nothing of it is left here */
    bool refresh; /* volumes are to be brought up to date */
    struct buf saved, reported;
    uv_timer_t wake;
};

struct agent {
    struct node_options options;
    uv_loop_t loop;
    struct masters masters;
    struct master_link link;
    struct node_driver *driver;
    struct log_server *logs;
    char *dir, *pods_dir, *logs_dir;
    struct map pods; /* uid -> agent_pod */
    uint64_t sync;
    struct node_facts facts;
    char cpu[24], memory[24], storage[32], machine_id[64], kernel[80], os_image[120], arch[72];
    uv_timer_t slow; /* while it stops: how long steps may still take */
    uv_fs_event_t watch;
    uv_signal_t signals[2];
    unsigned jobs;
    bool stopping;
    uint64_t events; /* numbers for the names of Events */
};

/* agent_pod.c */
void agent_pod_told(struct agent *a, const struct nodewire *m);
void agent_pod_removed(struct agent *a, const struct uid *uid);
void agent_pod_again(struct agent *a, const struct uid *uid);
void agent_pods_synced(struct agent *a);
void agent_pods_poll(struct agent *a); /* looks for containers that ended */
struct agent_pod *agent_pod_add(struct agent *a, const struct uid *uid, struct str ns,
                                struct str name, struct doc *body);
void agent_pod_step(struct agent_pod *p);
void agent_pod_free(struct agent_pod *p);
char *agent_log_dir(const struct agent_pod *p, const char *container); /* mem_free */
void pod_brief_free(struct pod_brief *b);
/* agent_job.c: begins the step; when it is done the worker is told and agent_pod_step called. */
void agent_job_begin(struct agent_pod *p, struct pod_step step);
/* agent_state.c */
void agent_pod_save(struct agent_pod *p);
void agent_pod_forget(struct agent_pod *p); /* its file and logs */
void agent_load(struct agent *a);
/* agent_facts.c */
void agent_facts(struct agent *a);
/* agent_event.c: tells the masters an Event about a pod, as the kubelet words them. */
void agent_event(struct agent_pod *p, bool warning, const char *reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
