/* The quorum: libraft behind our own raft_io, with the guards of its known defects.
 *
 * Pure of sockets, files and clocks: time and randomness come from the host, bytes go through
 * quorum_net, writes through the disk; all calls and callbacks happen on the core's thread. So the
 * same code runs in a master and, unchanged, in the simulation.
 *
 *     propose --> raft_apply --> io append --> disk ----.
 *                     '--> io send --> net --> peers     > quorum has it --> apply --> fsm.apply
 *
 * Files: quorum.c and events.c (this face), lead.c (what follows from libraft's state), propose.c,
 * io_*.c (struct raft_io), keyframes.c, guards.c (one function for each known defect of libraft, S1
 * to S8), receive.c and wire*.c (peer messages, checked), read_index.c and reads.c, install_*.c
 * (keyframes to a follower in chunks), past.c (masters that lost their disk), seats.c and
 * seat_give.c (who replaces them), peers*.c (the real
 * network).
 *
 * Callbacks come from events only (tick, deliver, peer_up, and the disk's and the network's
 * answers), never from inside propose, read, tell, keyframe_done, status, open or close. From any
 * callback every function here may be called, except that fsm.apply, fsm.restore and fsm.keyframe
 * run while libraft is at work: what they ask for is done right after. */
#ifndef LOGSHIP_RAFT_QUORUM_H
#define LOGSHIP_RAFT_QUORUM_H

#include "base/buf.h"
#include "base/host.h"
#include "store/disk.h"
#include "store/keyframe.h"

struct quorum;

struct quorum_server {
    uint64_t id;
    const char *address; /* host:port of the peer listener */
};

/* What the quorum needs of a network; the real one is peers.h. Frames are whole and authenticated
 * (mTLS identity == server id), may be lost, delayed or repeated, never altered. */
struct quorum_net {
    /* Sends one frame; bytes are copied. `done` (may be NULL) is called later, with 0 when written
     * to the socket, else E_*; never from inside. */
    void (*send)(struct quorum_net *net, uint64_t to, const void *bytes, size_t n,
                 void (*done)(void *arg, int status), void *arg);
    size_t (*queued)(struct quorum_net *net, uint64_t to); /* bytes waiting for that peer */
};

/* The state machine above. apply is total; it is called for command entries only, in index order,
 * each once per start. */
struct quorum_fsm {
    void *ctx;
    void (*apply)(void *ctx, uint64_t index, uint64_t term, struct str payload);
    /* Replace the whole state by this keyframe (at start, or when a follower was too far behind).
     */
    int (*restore)(void *ctx, struct keyframe *k, struct error *err);
    /* Begin writing a keyframe of the state as it is now; meta has index, term, chain and
     * configuration filled in. Call quorum_keyframe_done when it is on disk or has failed. */
    void (*keyframe)(void *ctx, const struct keyframe_meta *meta);
    /* Leadership as the state machine should see it: true only when this server leads and its
     * own-term barrier is applied, so its state holds everything that was ever acknowledged. */
    void (*lead)(void *ctx, bool leads, uint64_t term);
    /* A message of the application from another master (quorum_tell). */
    void (*told)(void *ctx, uint64_t from, struct str bytes);
};

struct quorum_options {
    const char *cluster; /* uuid */
    uint64_t id; /* of the master; one that has replaced another has a higher one: seats.h */
    const struct quorum_server *servers; /* the seats, 1 to n; identical on every master */
    unsigned server_count;
    struct host *host;
    struct disk *disk;
    struct quorum_net *net;
    struct quorum_fsm fsm;
    unsigned heartbeat_ms, election_ms; /* 0: 100, 1000 */
    uint64_t keyframe_bytes;            /* a keyframe after this much log; 0: 32 MiB */
    uint64_t keyframe_entries;          /* or after so many entries; 0: 100,000 */
    uint64_t trailing_entries; /* entries kept in memory behind a keyframe; 0: chosen by bytes */
    size_t piece_bytes;        /* of entries in one message; 0: 1 MiB */
    size_t chunk_bytes;        /* of a keyframe in one message; 0 and at most: 256 KiB */
    size_t window_bytes;       /* with more than this waiting for a peer no entries; 0: 4 MiB */
    uint32_t guards_off;       /* simulation only: bit k-1 switches guard Sk off */
};

int quorum_open(struct quorum **out, const struct quorum_options *options, struct error *err);
/* Bootstraps when the log is empty, loads, restores (fsm.restore is called from inside; with a
 * single master fsm.apply too), and takes part. */
int quorum_start(struct quorum *q, struct error *err);
void quorum_close(struct quorum *q, void (*closed)(void *arg), void *arg);

/* What masters tell each other first on every connection, before any frame (past.h): appends our
 * part; looks at theirs, which opened the connection or answers us. Not 0: they are not to be
 * spoken to. Ends the process when it is we who are an older copy of ourselves. After quorum_start.
 */
void quorum_greet(struct quorum *q, uint64_t to, struct buf *out);
int quorum_greeted(struct quorum *q, uint64_t from, struct str bytes, bool answer,
                   struct error *err);

void quorum_tick(struct quorum *q); /* every heartbeat_ms */
void quorum_deliver(struct quorum *q, uint64_t from, const void *bytes,
                    size_t n);                               /* a frame came */
void quorum_peer_up(struct quorum *q, uint64_t id, bool up); /* connection state, a hint */

/* Proposes one entry; payload is copied. `done` runs on a later turn: 0 after apply was called for
 * it, E_NOTLEADER: surely not in the log, E_UNKNOWN: it may or may not commit. Not taken, and
 * `done` never called, when this returns E_NOTLEADER, E_BUSY (one entry at a time; or the disk is
 * stuck) or E_TOOBIG (8 MiB). */
typedef void quorum_done_fn(void *arg, int status, uint64_t index);
int quorum_propose(struct quorum *q, struct str payload, uint64_t first_revision, int64_t time_ms,
                   quorum_done_fn *done, void *arg);

/* Linearizable read point, on any master: `done(0)` when everything acknowledged anywhere before
 * this call has been applied here. E_NOTLEADER/E_TIMEOUT: no leader could be asked in time. */
typedef void quorum_read_fn(void *arg, int status);
void quorum_read(struct quorum *q, quorum_read_fn *done, void *arg);

/* Application messages between masters: best effort, in order per connection. E_CLOSED: not
 * connected. */
int quorum_tell(struct quorum *q, uint64_t to, struct str bytes);

void quorum_keyframe_done(struct quorum *q, const struct keyframe_meta *meta, int status);

/* Gives the seat of a lost master (its id, as seats.h has them) to the next one, whose id is the
 * answer: for ever, the lost one is refused from now on. `done` runs on a later turn, as for
 * quorum_propose. Not taken, with a sentence that says what to do instead: E_NOTLEADER;
 * E_NOTFOUND; E_CONFLICT: it is alive; E_CLOSED: too few others are; E_BUSY. E_EXISTS: it was
 * given to that id before. Asking again for what was interrupted completes it. */
int quorum_replace(struct quorum *q, uint64_t lost, int64_t time_ms, uint64_t *out_holder,
                   quorum_done_fn *done, void *arg, struct error *err);
uint64_t quorum_holder(const struct quorum *q,
                       uint64_t seat);     /* a seat's master, 0: no such seat */
bool quorum_votes(const struct quorum *q); /* false: a new master that has not caught up yet */
static inline uint64_t quorum_seat_of(uint64_t id, unsigned seats)
{
    return (id - 1) % seats + 1;
}

struct quorum_status {
    const char *role; /* "leader", "follower", "candidate", "unavailable" */
    bool leads;       /* as told to fsm.lead */
    uint64_t leader_id, term, commit_index, applied_index, last_index, stored_index, keyframe_index;
};
struct quorum_status quorum_status(const struct quorum *q);
/* Is there a connection to it (to itself always)? */
bool quorum_is_up(const struct quorum *q, uint64_t id);
/* How often each guard and rare branch was taken ("S2_clamped", ...), for tests and metrics. */
unsigned quorum_marks(const struct quorum *q, const char *const **names, const uint64_t **counts);

#endif
