/* Which container's log is asked for, and where it is. Pure; the sentences are Kubernetes' own. */
#ifndef LOGSHIP_API_LOG_CHOOSE_H
#define LOGSHIP_API_LOG_CHOOSE_H

#include "proto/object.h"

/* `asked` empty: the only container. Fills container (a slice of the pod); else the error's
 * sentence. */
int log_choose_container(const struct object *pod, struct str asked, struct str *container,
                         struct error *err);
/* Is there a log to read, now (or of the one before)? */
int log_check_started(const struct object *pod, struct str container, bool previous,
                      struct error *err);
/* "10.0.0.7:10250" of the node's agent. */
int log_node_address(const struct object *node, struct buf *out, struct error *err);

#endif
