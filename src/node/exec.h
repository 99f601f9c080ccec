/* Helper programs, run to their end: runc, umoci, CNI plugins, rm. Blocking, so only for worker
 * threads; every program has a time limit, after which it is killed. Nothing but the three standard
 * descriptors is inherited. */
#ifndef LOGSHIP_NODE_EXEC_H
#define LOGSHIP_NODE_EXEC_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

struct exec_options {
    const char *const *env; /* more variables "A=b", NULL-terminated, or NULL */
    const char *input;      /* for its stdin, or NULL */
    size_t input_len;
    const char *dir;     /* to run it in, or NULL */
    unsigned timeout_ms; /* 0: 60 s */
    bool sync_pipe; /* descriptor 3 and _OCI_SYNCPIPE, as conmon wants: `out` gets its first line */
};
/* 0 when it exited with 0; else E_IO, err quoting the end of what it printed. out: its stdout (and
 * stderr when out is NULL or on failure); may be NULL, options may be NULL. */
int exec_run(const char *const *argv, const struct exec_options *options, struct buf *out,
             struct error *err);
#define EXEC(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
