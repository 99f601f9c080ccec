/* The host: how the deterministic core reaches time and randomness.
 *
 * The core (quorum, actors, scheduler, controllers) never calls the clock or a random source
 * itself; it asks the host it was given. The real host is src/master, the simulation brings its
 * own. Disk and network have their own small interfaces in the same spirit: `struct disk`
 * (store/disk.h) and `struct quorum_net` (raft/quorum.h). */
#ifndef LOGSHIP_BASE_HOST_H
#define LOGSHIP_BASE_HOST_H

#include <stddef.h>
#include <stdint.h>

struct host {
    uint64_t (*monotonic_ms)(struct host *); /* for timeouts; never goes back */
    int64_t (*wall_ms)(struct host *); /* Unix time; may jump; only ever logged, never compared */
    void (*random)(struct host *, void *bytes, size_t n);
};

#endif
