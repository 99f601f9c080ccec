/* Images: an OCI layout directory, and root file systems unpacked from it, one per image.
 *
 * Names are matched as people write them: "busybox", "busybox:latest",
 * "docker.io/library/busybox:1.29" and "localhost/busybox" all mean what Kubernetes means by them.
 * What is missing is copied into the layout by skopeo if policy and machine allow. Thread-safe;
 * blocking. */
#ifndef LOGSHIP_NODE_IMAGES_H
#define LOGSHIP_NODE_IMAGES_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct images;

struct images *images_new(const char *layout, const char *cache);
void images_free(struct images *im);

struct image {
    char digest[80];   /* "sha256:..." of its manifest */
    char *rootfs;      /* unpacked, shared, never to be written */
    struct buf config; /* the image's "config" object, msgpack: Entrypoint, Cmd, Env, WorkingDir */
    unsigned uid, gid; /* its user */
};
void image_free(struct image *image);

/* On failure *reason is ErrImagePull, ErrImageNeverPull or CreateContainerError. policy:
 * imagePullPolicy, empty means IfNotPresent. */
int images_get(struct images *im, struct str name, struct str policy, struct image *out,
               const char **reason, struct error *err);
/* "docker.io/library/busybox" -> "busybox:latest". Pure; mem_free. */
char *image_normal_name(struct str name);

#endif
