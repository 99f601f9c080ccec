/* Pod networks through CNI plugins (https://www.cni.dev): a configuration list, executed plugin by
 * plugin. Blocking; thread-safe (the plugins lock what they share). */
#ifndef LOGSHIP_NODE_CNI_H
#define LOGSHIP_NODE_CNI_H

#include "base/buf.h"
#include "base/error.h"

struct cni {
    char *plugins;   /* directory of the executables */
    struct buf list; /* the configuration list, msgpack */
};
/* conf NULL: a bridge of its own name with host-local addresses out of cidr, kept in state_dir. */
int cni_open(struct cni *cni, const char *plugins, const char *conf, const char *cidr,
             const char *state_dir, struct error *err);
void cni_close(struct cni *cni);

/* Adds eth0 to the namespace. ip: the first address, without its prefix length. */
int cni_add(const struct cni *cni, const char *id, const char *netns, const char *ns,
            const char *name, char ip[64], struct error *err);
void cni_del(const struct cni *cni, const char *id,
             const char *netns); /* what is gone already is fine */

#endif
