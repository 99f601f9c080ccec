/* The processes of a local cluster: starting them apart from this one, and knowing them again
 * (DIR/pids). */
#ifndef LOGSHIP_CLI_PROCESSES_H
#define LOGSHIP_CLI_PROCESSES_H

#include "cli/cluster_dir.h"

#include <sys/types.h>

struct process {
    char name[32];
    pid_t pid;
};
struct processes {
    struct process *items;
    size_t count;
};
/* Those of DIR/pids that are still ours and alive. */
void processes_read(const struct cluster_dir *d, struct processes *out);
int processes_write(const struct cluster_dir *d, const struct processes *p, struct error *err);
pid_t processes_find(const struct processes *p, const char *name); /* 0: not running */
void processes_add(struct processes *p, const char *name, pid_t pid);
void processes_free(struct processes *p);

/* Starts this program again with argv (NULL-terminated, argv[0] the verb), in a session of its own,
 * its output appended to DIR/logs/NAME.log. */
pid_t process_start(const struct cluster_dir *d, const char *name, const char *const *argv,
                    struct error *err);
bool process_alive(pid_t pid);

#endif
