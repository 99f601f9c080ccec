/* A keyframe on its way to this follower, from the offer to libraft's InstallSnapshot:
 * install_deliver.c has the two ends, install_target.c what lies between. */
#ifndef LOGSHIP_RAFT_INSTALL_H
#define LOGSHIP_RAFT_INSTALL_H

#include "raft/backfill.h"

enum target_state { TARGET_WORKING, TARGET_FETCHING, TARGET_PULLING, TARGET_READY };
enum target_step { STEP_STORE, STEP_OPEN, STEP_WRITE, STEP_FINISH };

struct keyframe_target {
    struct quorum *q;
    struct peer *from;
    enum target_state state;
    enum target_step step; /* of the job at the disk, while WORKING */
    bool closed;
    bool logged;  /* the log is complete, or never will be */
    bool settled; /* it is not asked for any more: we have it, or the leader no longer has */
    bool whole;   /* the keyframe is in the store */
    uint64_t term, stream, revision, index, index_term, size, conf_index;
    char *conf; /* as on the wire */
    size_t conf_n;
    uint64_t offset;    /* pulled so far */
    uint64_t heard_ms;  /* of the leader */
    uint64_t pulled_ms; /* the last pull went out */
    struct backfill backfill;
    struct keyframe_incoming *in;
    struct disk_job job;
    struct error err;
    size_t n;
    char bytes[CHUNK_BYTES];
};

void install_target_free(struct keyframe_target *t);
/* Does what comes next; asks for it, once more if need be. */
void install_target_next(struct quorum *q, struct keyframe_target *t);
void install_target_pull(struct quorum *q, struct keyframe_target *t);

#endif
