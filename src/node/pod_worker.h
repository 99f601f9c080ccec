/* What is to be done for one pod: a pure machine from wish and observation to the next step.
 *
 * The agent asks for the next step, carries it out through the driver (one at a time per pod) and
 * tells what became of it. Times are given from outside: now_ms monotonic, *_s Unix seconds for
 * what the status tells. No I/O, no allocation but its own arrays. */
#ifndef LOGSHIP_NODE_POD_WORKER_H
#define LOGSHIP_NODE_POD_WORKER_H

#include "proto/doc.h"

enum {
    BACKOFF_FIRST_MS = 10 * 1000,
    BACKOFF_MAX_MS = 300 * 1000,
    BACKOFF_FORGET_S = 600, /* a container that ran so long starts afresh */
    CONFIG_RETRY_MS = 5 * 1000,
    WORKER_ID = 96,
};

enum container_state { CONTAINER_WAITING, CONTAINER_RUNNING, CONTAINER_ENDED };

/* One run of a container that is over. */
struct container_end {
    bool known;
    int code;
    char reason[32]; /* Completed, Error, OOMKilled, StartError */
    char message[1024];
    int64_t started_s, finished_s;
    char id[WORKER_ID];
};

struct worker_container {
    char name[64];
    bool init;
    enum container_state state;
    unsigned restarts; /* as the status tells; also the number of the log */
    char id[WORKER_ID], image_id[80];
    int64_t started_s;
    struct container_end end, last; /* of this run (ENDED), of the one before */
    char reason[40], message[256];  /* WAITING: why */
    unsigned backoff_ms;            /* what the next failure waits */
    uint64_t retry_ms;              /* not to be started before */
    bool started_once;
};

enum pod_sandbox { SANDBOX_NONE, SANDBOX_READY, SANDBOX_REMOVED };
enum restart_policy { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NEVER };

struct pod_worker {
    enum restart_policy policy;
    struct worker_container *containers; /* init containers first */
    unsigned count, init_count;
    enum pod_sandbox sandbox;
    char ip[64];
    char reason[40], message[256]; /* why the sandbox is not there */
    unsigned sandbox_backoff_ms;
    uint64_t sandbox_retry_ms;
    bool busy;     /* a step is being carried out */
    bool stopping; /* the pod is to end: deleted, removed, or not ours any more */
    bool term_sent;
    uint64_t kill_ms; /* when grace ends */
    unsigned grace_ms;
};

void pod_worker_init(struct pod_worker *w, struct mp spec);
void pod_worker_free(struct pod_worker *w);

enum pod_step_kind {
    STEP_NONE,     /* wait until wake_ms (0: for an event) */
    STEP_SETUP,    /* volumes, namespaces, network */
    STEP_START,    /* container */
    STEP_TERM,     /* SIGTERM to all that run */
    STEP_KILL,     /* SIGKILL to all that run */
    STEP_TEARDOWN, /* undo setup */
    STEP_GONE,     /* nothing is left */
};
struct pod_step {
    enum pod_step_kind kind;
    unsigned container;
    uint64_t wake_ms;
};
/* The step is taken as begun (busy) unless it is NONE or GONE. */
struct pod_step pod_worker_next(struct pod_worker *w, uint64_t now_ms);

/* What became of it. */
void pod_worker_setup_done(struct pod_worker *w, const char *ip);
void pod_worker_setup_failed(struct pod_worker *w, const char *reason, const char *message,
                             uint64_t now_ms);
void pod_worker_started(struct pod_worker *w, unsigned i, const char *id, const char *image_id,
                        int64_t now_s);
/* reason ErrImagePull, ErrImageNeverPull, CreateContainerConfigError: it waits and is tried again;
 * any other: the run counts as over with exit code 128. */
void pod_worker_start_failed(struct pod_worker *w, unsigned i, const char *reason,
                             const char *message, uint64_t now_ms, int64_t now_s);
void pod_worker_signalled(struct pod_worker *w);
void pod_worker_torn_down(struct pod_worker *w);
/* Any time. */
void pod_worker_exited(struct pod_worker *w, unsigned i, int code, bool out_of_memory,
                       int64_t finished_s, uint64_t now_ms);
void pod_worker_stop(struct pod_worker *w, unsigned grace_ms,
                     uint64_t now_ms); /* again: may shorten the grace */
void pod_worker_retry(
    struct pod_worker *w); /* config maps or secrets came: try what waits for them now */

const char *pod_worker_phase(const struct pod_worker *w); /* Pending, Running, Succeeded, Failed */
bool pod_worker_initialized(const struct pod_worker *w);
bool pod_worker_ready(const struct pod_worker *w); /* every container runs */

#endif
