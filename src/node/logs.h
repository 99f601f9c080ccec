/* The node's log listener: GET /containerLogs/NAMESPACE/POD/CONTAINER over HTTPS, as the kubelet
 * serves it, with follow, previous, tailLines, sinceSeconds, sinceTime, timestamps and limitBytes.
 * Only who bears a certificate of the cluster's CA (the masters) gets in. Streams hold back when
 * the reader is slow. On the agent's loop. */
#ifndef LOGSHIP_NODE_LOGS_H
#define LOGSHIP_NODE_LOGS_H

#include "base/error.h"

struct agent;
struct log_server;

struct log_server_options {
    struct agent *agent;
    unsigned port; /* 0: any */
};
int log_server_start(struct log_server **out, const struct log_server_options *options,
                     struct error *err);
unsigned log_server_port(const struct log_server *s);
void log_server_stop(struct log_server *s); /* closes the listener and all streams, on the loop */
void log_server_free(struct log_server *s); /* after the loop has run out; NULL is fine */

#endif
