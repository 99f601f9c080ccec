/* A container's environment and command line: values, references to config maps, secrets and the
 * pod itself, and
 * $(VAR) in them. Pure. */
#ifndef LOGSHIP_NODE_POD_ENV_H
#define LOGSHIP_NODE_POD_ENV_H

#include "base/error.h"
#include "proto/mp.h"

/* What references are resolved against. */
struct pod_context {
    struct mp body, needs; /* of the pod; nodewire's needs */
    struct str ns, name, uid;
    const char *node, *host_ip, *pod_ip;
};

/* The data of a config map or secret that came with the pod; MP_END when it does not exist. */
struct mp pod_need_data(struct mp needs, const char *kind, struct str name);
/* One key's bytes, secrets decoded from base64. */
bool pod_need_value(struct mp needs, const char *kind, struct str name, struct str key,
                    struct buf *out);

struct pod_env {
    char **items; /* "NAME=value" */
    size_t count;
};
/* base: the image's own environment ("A=b" texts). E_NOTFOUND: something referred to is missing
 * (the sentence is Kubernetes'). */
int pod_env_make(const struct pod_context *p, struct mp container, struct mp base,
                 struct pod_env *out, struct error *err);
void pod_env_free(struct pod_env *env);
/* Replaces $(NAME) by env's value, $$ by $; unknown names stay as they are. */
void pod_env_expand(const struct pod_env *env, struct str text, struct buf *out);
/* metadata.name, metadata.labels['x'], spec.nodeName, status.podIP ... false: not a known path. */
bool pod_field(const struct pod_context *p, struct str path, struct buf *out);

#endif
