/* Starting the processes of a local cluster. */
#ifndef LOGSHIP_CLI_CLUSTER_START_H
#define LOGSHIP_CLI_CLUSTER_START_H

#include "cli/processes.h"

struct argv_list {
    const char *items[96];
    size_t count;
};
void arg(struct argv_list *a, const char *name, const char *value); /* value may be NULL */
void arg_number(struct argv_list *a, const char *name, unsigned long long value); /* unless 0 */

struct master_tuning { /* 0: the usual */
    unsigned long long election, node_grace, keyframe_entries, edges;
};

/* Starts one process unless it runs; a line of progress either way. */
int cluster_start(const struct cluster_dir *d, struct processes *p, const char *name,
                  const struct argv_list *a, struct error *err);
/* The master of seat K. */
int cluster_start_master(const struct cluster_dir *d, const struct master_tuning *tuning,
                         struct processes *p, unsigned k, struct error *err);
/* The master of seat K has run before, and its data is not there. */
bool cluster_master_is_lost(const struct cluster_dir *d, unsigned k);

#endif
