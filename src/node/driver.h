/* What the agent asks of whatever really runs containers.
 *
 * The calls block and are made from worker threads, one at a time per pod, several at a time for
 * different pods; only poll_exit is called on the agent's own thread and must be quick. A pod_brief
 * is a snapshot: it stays the same during the call, whatever the masters say meanwhile. */
#ifndef LOGSHIP_NODE_DRIVER_H
#define LOGSHIP_NODE_DRIVER_H

#include "base/error.h"
#include "proto/doc.h"

enum { DRIVER_ID = 80 };

struct pod_brief {
    char *ns, *name;
    char uid[40];
    char ip[64]; /* empty before setup */
    struct doc *body;
    struct doc *needs; /* a reference, or NULL */
};

struct container_exit {
    int code;
    bool out_of_memory;
    int64_t finished_s;
    char message[1024]; /* what the container left as its termination message */
};

struct node_driver {
    const char *runtime; /* "runc://1.1.5", for the node's status */
    const char *trouble; /* why pods cannot run here at present, or NULL */
    const char *watch; /* a directory in which something changes when a container exits, or NULL */
    /* Volumes, namespaces, network. May be called again after a failure. */
    int (*setup)(struct node_driver *d, const struct pod_brief *p, char ip[64], const char **reason,
                 struct error *err);
    /* The attempt-th run of a container; *reason: see pod_worker_start_failed. */
    int (*start)(struct node_driver *d, const struct pod_brief *p, struct str container,
                 unsigned attempt, const char *log_file, char id[DRIVER_ID],
                 char image_id[DRIVER_ID], const char **reason, struct error *err);
    void (*kill)(struct node_driver *d, const char *id, bool hard);
    /* The pod's volumes, with what config maps and secrets say now. */
    void (*refresh)(struct node_driver *d, const struct pod_brief *p);
    void (*teardown)(struct node_driver *d, const struct pod_brief *p);
    bool (*poll_exit)(struct node_driver *d, const char *id, struct container_exit *out);
    /* Is what setup made still there? Not after a restart of the machine. Quick. */
    bool (*is_set_up)(struct node_driver *d, const struct pod_brief *p);
    void (*close)(struct node_driver *d);
};

struct oci_options {
    const char *dir, *images, *pod_cidr, *cni_conf, *cni_bin, *runtime;
    const char *node, *address;
};
int driver_oci_open(struct node_driver **out, const struct oci_options *options, struct error *err);

#endif
