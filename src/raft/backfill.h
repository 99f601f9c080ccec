/* The history before a keyframe. A follower that is so far behind that it gets a keyframe first
 * completes its log from the leader's, up to the keyframe's index, so that it too can show every
 * revision.
 *
 *   follower: FETCH (stream, after, last, limit, chain of its log at `after`)
 *   leader:   RECORDS (stream, after, verdict, records)      FOLLOW: same chain; what comes after
 *             DIFFER: another chain there, or nothing        GONE: no longer on this disk
 *
 * Each question proves all that was taken before it, chain against chain. After DIFFER the follower
 * looks for the last entry that both have, by halves above what is committed; what lies behind it
 * is a suffix that was never committed, since the leader has committed something else up to `last`.
 * After GONE the keyframe replaces the log, as if there were no backfill.
 *
 * Raft knows nothing of this. Its log ends where it ended (quorum.log_last), the one on disk goes
 * on behind it (quorum.ahead; store_backfill_begin remembers the place over a restart, so that a
 * long history is never loaded into memory). Only committed records are there, and nothing was
 * confirmed for them, so they may be dropped at any moment: the first append or truncation of
 * Raft's own does (backfill_yield). The install makes them Raft's. Core's thread but for
 * backfill_store. */
#ifndef LOGSHIP_RAFT_BACKFILL_H
#define LOGSHIP_RAFT_BACKFILL_H

#include "raft/internal.h"

struct backfill {
    uint64_t last, last_term; /* the keyframe's */
    uint64_t after;           /* of the question that is open, or comes next */
    uint64_t low, high; /* the logs agree at low; not at high, while it is looked for (else 0) */
    bool placed, asked, conflict;
    /* at the disk */
    struct buf frame;
    struct record *records;
    size_t count;
    uint64_t raft_last; /* where Raft's part ends */
};

enum backfill_next {
    BACKFILL_WAIT,
    BACKFILL_ASK,
    BACKFILL_STORE, /* backfill_store at the disk, then backfill_stored */
    BACKFILL_DONE,
    BACKFILL_WITHOUT,
    BACKFILL_REFUSED,
};

void backfill_restart(struct backfill *b); /* the log was written to: look again where it ends */
void backfill_free(struct backfill *b);
bool backfill_ask(struct quorum *q, struct backfill *b, const struct peer *to, uint64_t stream);
enum backfill_next backfill_take(struct quorum *q, struct backfill *b, const struct wire *w);
int backfill_store(struct backfill *b, struct store *s, struct error *err); /* disk's thread */
void backfill_stored(struct backfill *b);

/* Raft writes the log itself, from here on. */
void backfill_yield(struct quorum *q, uint64_t from);
/* The last record that a start gives to Raft, when the newest keyframe is of this index (or 0). */
int backfill_at_start(struct quorum *q, uint64_t keyframe_index, uint64_t *out_last,
                      struct error *err);

/* backfill_source.c: the leader's side */
void backfill_fetch(struct quorum *q, struct peer *from, const struct wire *w);

#endif
