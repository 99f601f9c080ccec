/* The log as a master tells it: GET /logship/log, streamed to the terminal. */
#ifndef LOGSHIP_CLI_LOG_SERVER_H
#define LOGSHIP_CLI_LOG_SERVER_H

#include "base/error.h"

#include <stdbool.h>

struct log_server_query {
    const char *server; /* https://host:port */
    const char *dir;    /* a cluster's directory: its admin certificate is used; NULL: none */
    const char *since, *until, *kind, *name, *ns;
    bool json, follow;
};
int log_from_server(const struct log_server_query *q, struct error *err);

#endif
