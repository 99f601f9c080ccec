/* A pod's volumes on the node: directories on disk or tmpfs, made before its containers start. What
 * is secret is only ever on tmpfs. Blocking. */
#ifndef LOGSHIP_NODE_POD_VOLUMES_H
#define LOGSHIP_NODE_POD_VOLUMES_H

#include "node/pod_env.h"

struct volume_dirs {
    const char *disk;   /* of this pod's emptyDirs */
    const char *memory; /* of this pod's secrets, config maps and memory emptyDirs; on a tmpfs */
};
/* Makes all of spec.volumes; what is there already is kept, files of secrets and config maps are
 * written anew. */
int volumes_make(const struct pod_context *p, const struct volume_dirs *dirs, struct error *err);
void volumes_remove(const struct volume_dirs *dirs);
/* The directory (or, of hostPath, file) behind a volume; mem_free. NULL: the pod has no such
 * volume. */
char *volume_path(struct mp body, struct str name, const struct volume_dirs *dirs);
/* A relative path that stays inside. */
bool volume_path_is_inside(struct str path);

#endif
