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

#include "raft/state.h"

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
/* A follower needs a keyframe, and none can be read: the state in memory makes another, as soon as
 * something is applied. The leader appends an entry for that. */
void keyframes_renew(struct quorum *q);
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
