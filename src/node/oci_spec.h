/* The runtime's config.json for one container of a pod. Pure. */
#ifndef LOGSHIP_NODE_OCI_SPEC_H
#define LOGSHIP_NODE_OCI_SPEC_H

#include "node/images.h"
#include "node/pod_volumes.h"

struct oci_spec {
    const struct pod_context *pod;
    struct mp container;
    const struct image *image;
    const char *rootfs, *cgroup;
    const char *net_ns, *ipc_ns, *uts_ns; /* files; NULL: the host's */
    const char *etc;                      /* directory with hosts, hostname, resolv.conf */
    const char *shm;                      /* the pod's /dev/shm */
    const char *termination;              /* file for the termination message */
    const struct volume_dirs *dirs;
};
/* E_NOTFOUND, E_INVALID: the pod asks for what is not there (CreateContainerConfigError). */
int oci_spec_make(const struct oci_spec *s, struct buf *json, struct error *err);

#endif
