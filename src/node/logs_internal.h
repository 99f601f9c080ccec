/* Between the node's log listener (logs.c) and the streams it has open (log_stream.c). */
#ifndef LOGSHIP_NODE_LOGS_INTERNAL_H
#define LOGSHIP_NODE_LOGS_INTERNAL_H

#include "net/http_server.h"
#include "node/agent.h"
#include "node/logs.h"

struct log_server {
    struct agent *agent;
    struct http_server *http;
    struct tls_config *tls;
    struct list streams;
    unsigned port;
};

/* Answers in plain text, as the kubelet does. */
void logs_refuse(struct http_exchange *x, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool logs_flag(struct http_exchange *x, const char *name);
struct worker_container *logs_container(struct agent_pod *p, struct str name); /* or NULL */

/* Gives the log of one run of the container, as the request's options say; or refuses. */
void log_stream_open(struct log_server *server, struct http_exchange *x, const struct agent_pod *p,
                     const struct worker_container *c, unsigned attempt);
void log_streams_abort(struct log_server *server);

#endif
