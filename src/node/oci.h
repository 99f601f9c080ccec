/* The oci driver's own state, shared by its files. Directories:
 *
 *   DIR/images            the OCI layout (unless given)      DIR/cache/<digest>      unpacked
 * images DIR/pods/<uid>/       etc, volumes, fs/<id> (overlays)    DIR/run (tmpfs)         what
 * must not touch a disk: DIR/run/bundles/<id>  config.json and conmon's pipes     DIR/run/ns/<uid>/
 * namespaces (bind mounts) DIR/run/exits/<id>    exit codes, by conmon DIR/run/volumes/<uid>/
 * secrets, config maps, memory */
#ifndef LOGSHIP_NODE_OCI_H
#define LOGSHIP_NODE_OCI_H

#include "node/cni.h"
#include "node/driver.h"
#include "node/images.h"
#include "node/pod_volumes.h"

struct oci {
    struct node_driver driver;
    char *dir, *run, *runtime, *runtime_root, *node, *address, *describe, *exits;
    struct images *images;
    struct cni cni;
};

/* Where things of one pod are; all owned. */
struct oci_paths {
    char *pod, *etc, *disk, *memory, *ns, *net, *ipc, *uts, *shm;
};
void oci_paths_make(const struct oci *o, const char *uid, struct oci_paths *out);
void oci_paths_free(struct oci_paths *p);
static inline struct volume_dirs oci_dirs(const struct oci_paths *p)
{
    return (struct volume_dirs){p->disk, p->memory};
}
void oci_context(const struct oci *o, const struct pod_brief *p, struct pod_context *out);

/* oci_sandbox.c */
int oci_setup(struct node_driver *d, const struct pod_brief *p, char ip[64], const char **reason,
              struct error *err);
void oci_refresh(struct node_driver *d, const struct pod_brief *p);
void oci_teardown(struct node_driver *d, const struct pod_brief *p);
bool oci_is_set_up(struct node_driver *d, const struct pod_brief *p);
/* oci_container.c */
int oci_start(struct node_driver *d, const struct pod_brief *p, struct str container,
              unsigned attempt, const char *log_file, char id[DRIVER_ID], char image_id[DRIVER_ID],
              const char **reason, struct error *err);
void oci_kill(struct node_driver *d, const char *id, bool hard);
bool oci_poll_exit(struct node_driver *d, const char *id, struct container_exit *out);
void oci_container_id(const char *uid, struct str container, unsigned attempt, char id[DRIVER_ID]);
/* The container's process, root file system and bundle; never fails, may be repeated. */
void oci_container_remove(struct oci *o, const char *uid, const char *id);
int oci_runtime(const struct oci *o, const char *verb, const char *id, const char *more,
                struct error *err);
/* oci_probe.c: the first runtime that can run a container on this machine. */
int oci_probe(const struct oci_options *options, const char *run, char **runtime, char **describe,
              struct error *err);

#endif
