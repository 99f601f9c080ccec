/* Ending a local cluster. */
#ifndef LOGSHIP_CLI_CLUSTER_STOP_H
#define LOGSHIP_CLI_CLUSTER_STOP_H

#include "cli/cluster_dir.h"

/* Ends every process, asked first, then made; and unless told to leave them, the containers of its
 * nodes. Says what it does. */
void cluster_stop(const struct cluster_dir *d, bool leave_containers);

#endif
