/* Inside the quorum: what its files share. Nothing outside src/raft (and its tests) includes this.
 *
 * Turns. Everything runs on the core's thread. Calls come in from two sides:
 *   - events (tick, frame, disk job done, socket write done, connection state): turn_begin ...
 * turn_end; turn_end of the outermost runs the deferred callbacks until none is left;
 *   - the application's calls (propose, read, tell, keyframe_done): turn_begin ... turn_quiet; they
 * never run callbacks. What they deferred runs in the turn that is going on, or in one that is
 * asked for. Inside a turn libraft may be on the stack (in_raft > 0); deferred callbacks never run
 * then. So libraft's callbacks and the application's never nest, which is what its code needs
 * (reliability notes, A2). */
#ifndef LOGSHIP_RAFT_INTERNAL_H
#define LOGSHIP_RAFT_INTERNAL_H

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

/* heap.c */
void heap_install(void); /* libraft's memory comes from base/mem.h */

/* turn.c */
void turn_begin(struct quorum *q);
void turn_end(struct quorum *q);
void turn_quiet(struct quorum *q);
void turn_ask(struct quorum *q); /* for an event of its own, soon */
void turn_defer(struct quorum *q, struct deferred *d,
                void (*run)(struct quorum *, struct deferred *));
void turn_submit(struct quorum *q, struct disk_job *job); /* counts the job */
void turn_job_done(struct quorum *q);                     /* first thing in every job's done */
/* Around every call into libraft; after it leadership and the invariants are looked at. */
#define RAFT_CALL(q, call)                                                                         \
    do {                                                                                           \
        (q)->in_raft++;                                                                            \
        call;                                                                                      \
        (q)->in_raft--;                                                                            \
        lead_observe(q);                                                                           \
    } while (0)

/* lead.c */
void lead_observe(struct quorum *q);
void lead_announce_commit(struct quorum *q);
void lead_peer_lost(struct quorum *q, uint64_t id);
void lead_peer_found(struct quorum *q);
void lead_tick(struct quorum *q);
void lead_vote_refused(struct quorum *q, uint64_t term);

/* view.c: libraft's log and progress, read only (the structs are public in this version) */
uint64_t view_last_index(const struct quorum *q);
const struct raft_entry *view_entry(const struct quorum *q, uint64_t index);
uint64_t view_term(const struct quorum *q, uint64_t index);         /* 0: not known here */
struct raft_progress *view_progress(struct quorum *q, uint64_t id); /* NULL unless leader */
uint64_t view_leader(const struct quorum *q);
struct peer *peer_find(struct quorum *q, uint64_t id); /* NULL: unknown, or ourselves */

/* io_*.c: struct raft_io */
void io_fill(struct quorum *q);
int io_load(struct raft_io *io, raft_term *term, raft_id *vote, struct raft_snapshot **snapshot,
            raft_index *start, struct raft_entry *entries[], size_t *n);
int io_bootstrap(struct raft_io *io, const struct raft_configuration *conf);
int io_recover(struct raft_io *io, const struct raft_configuration *conf);
int io_append(struct raft_io *io, struct raft_io_append *req, const struct raft_entry entries[],
              unsigned n, raft_io_append_cb cb);
int io_truncate(struct raft_io *io, raft_index index);
void io_cut(struct quorum *q, uint64_t from); /* off the log on disk */
int io_send(struct raft_io *io, struct raft_io_send *req, const struct raft_message *message,
            raft_io_send_cb cb);
int io_snapshot_put(struct raft_io *io, unsigned trailing, struct raft_io_snapshot_put *req,
                    const struct raft_snapshot *snapshot, raft_io_snapshot_put_cb cb);
int io_snapshot_get(struct raft_io *io, struct raft_io_snapshot_get *req,
                    raft_io_snapshot_get_cb cb);
void io_put_end(struct quorum *q,
                int status); /* the application's keyframe is written, or is not */
void io_try_close(struct quorum *q);
void io_sends_cancel(struct quorum *q); /* completes every send that libraft waits for */
void io_sends_expire(struct quorum *q);
/* A send of libraft ends on a later turn. */
void io_send_finish(struct quorum *q, struct raft_io_send *req, raft_io_send_cb cb, int status);
static inline struct quorum *io_quorum(const struct raft_io *io)
{
    return io->impl;
}

/* receive.c */
void receive_frame(struct quorum *q, struct peer *from, struct str frame);
void receive_retry_held(struct quorum *q);
void receive_drop_held(struct quorum *q);
void receive_append(struct quorum *q, struct peer *from, struct raft_message *m);

/* outgoing frames that are not libraft's */
void send_frame(struct quorum *q, const struct peer *to, const struct buf *frame);

/* keyframes.c: libraft's snapshots are our keyframes */
void keyframes_fill(struct quorum *q);
void keyframes_consider(struct quorum *q);
int keyframes_restore_at_start(struct quorum *q, struct error *err);

/* install_source.c, install_target.c, install_deliver.c */
void install_send(struct quorum *q, struct peer *to, struct raft_io_send *req,
                  const struct raft_install_snapshot *args, raft_io_send_cb cb);
void install_pull(struct quorum *q, struct peer *from, const struct wire *w);
void install_sources_tick(struct quorum *q);
void install_source_settled(struct quorum *q, struct peer *p);
void install_sources_cancel(struct quorum *q);
void install_offer(struct quorum *q, struct peer *from, const struct wire *w);
void install_chunk(struct quorum *q, struct peer *from, const struct wire *w);
void install_target_tick(struct quorum *q);
void install_try_deliver(struct quorum *q);
void install_target_abandon(struct quorum *q);
bool install_source_heard(struct quorum *q, struct peer *from, uint64_t stream); /* is it ours? */
void install_records(struct quorum *q, struct peer *from, const struct wire *w);
void install_log_changes(struct quorum *q); /* raft is about to write the log itself */

/* reads.c */
struct read {
    struct list link;
    quorum_read_fn *done; /* NULL: for a follower that asked */
    void *arg;
    uint64_t asker, asker_boot, asker_nonce;
    uint64_t deadline_ms;
    uint64_t index;
};

void reads_init(struct quorum *q);
struct read *reads_add(struct quorum *q); /* to those that wait for the next round */
void reads_move(struct list *from, struct list *to);
void reads_take(struct list *link, struct list *to);
void reads_finish_all(struct quorum *q, struct list *reads, int status);
void reads_expire(struct quorum *q);
void reads_fail_all(struct quorum *q, int status);

/* read_index.c */
void reads_send(struct quorum *q, const struct peer *to, struct wire *w);
void reads_begin_round(struct quorum *q);
bool reads_step(struct quorum *q); /* starts rounds, completes what is applied */
void reads_tick(struct quorum *q);
void reads_message(struct quorum *q, struct peer *from, const struct wire *w);

/* propose.c */
void proposal_done(struct raft_apply *req, int status, void *result);

#endif
