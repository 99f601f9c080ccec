/* How the core writes: jobs, in order, each answered later on the core's thread.
 *
 * The real disk is a thread of its own (committer.h) that runs jobs against the store and merges
 * appends that wait together into one LMDB commit (group commit). The simulation runs the same jobs
 * under a virtual clock and injects faults. A job that cannot be written now (disk full) is tried
 * again until it can: libraft's error paths are not safe, so `done` with an error never happens for
 * appends, truncations and resets, but for E_CLOSED: the committer was stopped while the disk was
 * full, nothing was written. Any other failure ends the process. A call's own status is handed to
 * `done` as it is. Ownership: the job and what it points to belong to the disk until `done`. */
#ifndef LOGSHIP_STORE_DISK_H
#define LOGSHIP_STORE_DISK_H

#include "base/inbox.h"
#include "store/store.h"

enum disk_job_type { DISK_APPEND, DISK_TRUNCATE, DISK_RESET, DISK_CALL };

struct disk_job {
    struct note note; /* for the way to the committer and back */
    enum disk_job_type type;
    struct record *records; /* append; payloads stay valid until done */
    size_t count;
    uint64_t index, term; /* truncate: from index; reset */
    struct digest chain;  /* reset */
    int (*call)(struct disk_job *job,
                struct store *s); /* DISK_CALL: runs in order on the writing thread */
    void (*done)(struct disk_job *job,
                 int status); /* on the core's thread, never from inside submit */
    int status;               /* the disk's own from here on */
    uint64_t submitted_ms;
};

struct disk {
    void (*submit)(struct disk *d, struct disk_job *job);
    /* Milliseconds that the oldest unfinished job has been waiting; 0: idle. A leader whose disk is
     * stuck stops ticking: nothing else would dethrone it. */
    uint64_t (*stuck_ms)(struct disk *d);
    struct store *store; /* for the synchronous slots and for reading */
};

#endif
