/* What a quorum holds in memory, for the files of src/raft (see internal.h). */
#ifndef LOGSHIP_RAFT_STATE_H
#define LOGSHIP_RAFT_STATE_H

#include "base/list.h"
#include "base/trace.h"
#include "raft/guards.h"
#include "raft/quorum.h"
#include "raft/wire.h"

#include <raft.h>

enum {
    PIECE_BYTES = 1024 * 1024,         /* entries of one AppendEntries on the wire */
    CHUNK_BYTES = 256 * 1024,          /* of a keyframe on its way to a follower */
    TRAILING_BYTES = 16 * 1024 * 1024, /* of entries kept in memory behind a keyframe */
    TRAILING_AT_START = 256,           /* entries before the keyframe that a start loads */
    SEATS_MAX = STORE_PEERS_MAX,       /* masters */
    HELD_MAX = 64, /* messages that wait for the disk; more are dropped (the sender repeats) */
    PROGRESS_PROBE = 0,
    PROGRESS_SNAPSHOT = 2, /* libraft's raft_progress.state while a snapshot is on its way */
};

struct deferred {
    struct list link;
    void (*run)(struct quorum *q, struct deferred *d);
};

struct peer {
    uint64_t id;          /* its seat: libraft's server id */
    uint64_t holder, met; /* the master that sits there; who greeted us from there last (seats.h) */
    const char *address;
    bool up, lost;          /* lost: it was up, and is not any more */
    uint64_t heard_ms;      /* its last AppendEntries */
    uint64_t told_commit;   /* the highest commit index this leader told it */
    uint64_t complained_at; /* of a bad frame; at most one line a second */
    struct list sends;      /* send_op: libraft waits for the socket */
    struct keyframe_source *source;
    bool fetching;   /* records for it are being read */
    unsigned unread; /* how often in a row the disk failed to */
};

/* The highest entry that this term's leader and we are known to agree on (S2, S3). */
struct accepted {
    uint64_t term, match;
};

struct proposal {
    struct raft_apply apply;
    struct raft_buffer buffer;
    bool active;
    quorum_done_fn *done;
    void *arg;
    int status;
    uint64_t index;
    struct deferred submit, finish;
};

struct read_round {
    bool active, asking; /* asking: of the leader; else we are it and ping */
    uint64_t nonce, term, index, started_ms, leader;
    uint64_t answered; /* bit set of servers, by position */
};

struct reads {
    struct list waiting; /* for the next round */
    struct list in_round;
    struct list confirmed; /* index known, waiting to be applied */
    struct read_round round;
    bool paused; /* no new round before the next tick */
    uint64_t boot, last_nonce;
};

struct past {                       /* past.h */
    struct store_past known, noted; /* noted: on disk, or on its way there */
    uint64_t version, noted_ms;
    uint64_t stored; /* before the install that is going on: libraft says 0 meanwhile */
    bool noting;
    struct store_lives lives; /* lives.h */
};

struct giving { /* of a seat: seats.h */
    struct raft_apply apply;
    struct raft_buffer buffer;
    bool active;
    quorum_done_fn *done;
    void *arg;
    int status;
    uint64_t index;
    struct deferred submit, finish;
};

struct quorum {
    struct quorum_options options; /* id: our seat */
    uint64_t holder;               /* ourselves: the master's id */
    struct peer *peers;            /* one per seat, self included */
    unsigned self;                 /* position of ourselves */
    struct raft raft;
    struct raft_io io;
    struct raft_fsm fsm;
    raft_io_tick_cb tick;
    raft_io_recv_cb recv;

    /* turns */
    unsigned depth, in_raft;
    bool started, closing, turn_asked;
    struct list deferred;
    unsigned jobs; /* at the disk, of any type */
    void (*closed)(void *arg);
    void *closed_arg;
    raft_io_close_cb io_closed;

    /* leadership */
    unsigned short seen_state;
    uint64_t seen_term, seen_commit;
    struct raft_barrier barrier;
    uint64_t barrier_index, barrier_term; /* of the own-term barrier while leader */
    bool leads;                           /* as the application was told */
    uint64_t leads_term;

    /* disk */
    uint64_t log_last;     /* the last index submitted */
    bool ahead;            /* the log on disk may go on behind log_last (backfill.h) */
    unsigned storing;      /* fetched records at the disk */
    unsigned writes, cuts; /* appends and truncates at the disk */
    bool installing;       /* a DISK_RESET is at the disk, or its keyframe is being restored */
    uint64_t committed_hint;
    uint64_t last_tick_ms;

    struct accepted accepted;
    struct list held; /* held_message: waiting for the disk */
    unsigned held_count;
    struct proposal proposal;
    struct reads reads;
    struct past past;
    struct giving giving;

    /* keyframes */
    uint64_t keyframe_index; /* of the newest that raft knows */
    uint64_t since_bytes;    /* of commands applied since */
    uint64_t retry_keyframe_ms;
    bool renew, renewing; /* the newest cannot be read; an entry is on its way to make another */
    struct raft_barrier renewal;
    unsigned gets;                    /* libraft waits for a descriptor of the newest */
    struct raft_io_snapshot_put *put; /* raft waits for our keyframe */
    raft_io_snapshot_put_cb put_cb;
    uint64_t put_index;
    bool put_ending;
    struct deferred put_done, close_reads;
    int put_status;
    int load_status;                /* why load() failed */
    bool restored_early;            /* quorum_start restored it before raft asked */
    uint64_t loaded_revision;       /* keyframe that load() hands to raft; UINT64_MAX: none */
    struct keyframe_target *target; /* one that we are receiving */
    uint64_t last_stream;

    uint64_t marks[MARK_COUNT];
};

static inline void mark(struct quorum *q, enum mark which)
{
    q->marks[which]++;
}
static inline uint64_t now_ms(const struct quorum *q)
{
    return q->options.host->monotonic_ms(q->options.host);
}
static inline unsigned election_ms(const struct quorum *q)
{
    return q->options.election_ms;
}
static inline bool is_leader(const struct quorum *q)
{
    return q->raft.state == RAFT_LEADER;
}
/* Leader whose own-term barrier is applied: its commit index covers everything ever acknowledged.
 */
static inline bool is_ready(const struct quorum *q)
{
    return is_leader(q) && q->leads && q->leads_term == q->raft.current_term;
}

#endif
