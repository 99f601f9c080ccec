/* The store: one master's data directory.
 *
 *   lock            held (flock) while a process may write (its pid inside); a second writer
 *                   gets E_LOCKED
 *   identity        msgpack: cluster id, server id, format version; written once at bootstrap
 *   slots           term and vote: two 512-byte copies with a sequence and crc32c, preallocated,
 *                   written and synced in place one after the other: a torn write or one rotten
 *                   copy never takes the term back; outside LMDB, to work when the disk is full
 *   committed       8+8 bytes: a hint how far the log is known to be committed (not synced, so
 *                   it may lag); readers of a live or stopped log use it to leave the unproven
 *                   tail out, and a log that ends before it has lost entries: E_CORRUPT at open
 *   lives           the numbers that its last starts drew
 *   past            this master's starts, and what it remembers of the others' past; two
 *                   copies, written like the slots
 *   backfill        only while the log is completed from another master's: where Raft's part ends
 *   log/N.mdb       segments: LMDB environments (MDB_NOSUBDIR) named by their first index; the
 *                   newest takes appends, the others are not written again (unless a truncation
 *                   makes one the newest)
 *   log/N.reset     what store_reset puts in the place of all segments; a start finishes what a
 *                   crash left
 *   keyframes/R.mdb whole states, named by revision (keyframe.h)
 *   ballast         space set free when the disk is full, so that what is under way still fits;
 *                   made again when there is room
 *
 * A record is one Raft entry: header (index, term, type, flags, payload length, first revision,
 * time, previous chain digest, crc32c over all of it) and payload. The chain: digest(previous
 * digest, index, term, type, payload), from the first entry on; every master computes it for
 * itself, so equal logs have equal chains. A record that fails its checksum or breaks the chain is
 * damage, never a torn tail (LMDB commits are atomic): it is named precisely (segment, index, what)
 * and never served.
 *
 * Opening reads the end of the log (the last 64 MiB of the newest segment, the joints of the newest
 * segments) in a child process, because LMDB trusts its pages and may crash on damaged ones; so
 * does store_verify for everything. Whatever else opens a segment first walks its pages by itself
 * (segment_pages.c), so damage in an old segment is an error for the cursor that meets it, not the
 * end of the process. (A read-only store beside a running master cannot walk the newest segment:
 * its reader may end.)
 *
 * Threads: one writer at a time (the committer) for append, truncate, reset; slots belong to one
 * thread (the core). Everything that reads the log may run in any thread, or another process
 * (read_only), while the writer goes on. A directory can be open only once in a process, reading or
 * writing (E_LOCKED): share the handle. Every function here is synchronous; durable means synced
 * when it returns. */
#ifndef LOGSHIP_STORE_STORE_H
#define LOGSHIP_STORE_STORE_H

#include "base/digest.h"
#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

struct store;

struct store_options {
    const char *dir;
    bool read_only;  /* for log, replay, verify: takes no lock, may run beside the master */
    bool check_only; /* read_only, whatever there is is opened: for store_verify and nothing else */
    bool create; /* make the directory when there is none; the identity is the caller's to set */
    size_t segment_bytes; /* a new segment begins beyond this; 0: 128 MiB */
    size_t ballast_bytes; /* 0: 16 MiB; never for read_only and no_sync */
    bool no_sync;         /* tests only: nothing is made durable */
    bool no_fork;         /* simulation only: damage is looked for without a child process */
    bool second_votes;    /* simulation only: term and vote are taken as they come, without S5 */
};

struct store_identity {
    char cluster[37]; /* cluster uuid */
    uint64_t server_id;
};

int store_open(struct store **out, const struct store_options *options, struct error *err);
void store_close(struct store *s);

/* E_NOTFOUND before the identity was set; setting it twice to another value is E_CONFLICT. */
int store_identity_get(struct store *s, struct store_identity *out, struct error *err);
int store_identity_set(struct store *s, const struct store_identity *identity, struct error *err);

/* Term and vote. Aborts the process (S5) when a vote is stored for this term and it would change.
 * The term must be stored before entries of that term are appended (as Raft does): a log with a
 * newer term than the slots is refused at open as damage. */
void store_slot_get(const struct store *s, uint64_t *out_term, uint64_t *out_vote);
int store_slot_set(struct store *s, uint64_t term, uint64_t vote, struct error *err);

struct record {
    uint64_t index, term;
    uint8_t type;            /* RAFT_COMMAND, RAFT_BARRIER, RAFT_CHANGE */
    uint64_t first_revision; /* of a command entry, else 0 */
    int64_t time_ms;         /* likewise */
    struct str payload;
};

struct log_bounds {
    uint64_t first_index, last_index; /* last < first: empty */
    uint64_t last_term;
    struct digest chain; /* of the last record */
};
struct log_bounds store_bounds(const struct store *s);

/* Durable on return, all or nothing. Indexes must follow the last one and terms never fall
 * (E_INVALID); at most 64 MiB an entry and 256 MiB a call (E_TOOBIG). E_FULL: nothing was written,
 * try again later; E_IO: unusable until reopened. */
int store_append(struct store *s, const struct record *records, size_t n, struct error *err);
/* Drops [from, end]; whatever interrupts it, a prefix of the log is left. from = last + 1 does
 * nothing. Committed entries (the hint) are refused: E_INVALID. Errors as above. */
int store_truncate(struct store *s, uint64_t from_index, struct error *err);
/* After a keyframe was installed: the log is empty and goes on at index + 1 with this chain. Older
 * segments are removed. Atomic over a crash. The committed hint becomes index. */
int store_reset(struct store *s, uint64_t index, uint64_t term, const struct digest *chain,
                struct error *err);
/* At any index from first - 1 (what the first entry continues) to the last. E_GONE before,
 * E_NOTFOUND after. */
int store_chain_at(struct store *s, uint64_t index, struct digest *out, struct error *err);
int store_term_at(struct store *s, uint64_t index, uint64_t *out_term, struct error *err);

void store_committed_set(struct store *s, uint64_t index); /* cheap; unsynced */
uint64_t store_committed_get(struct store *s);

/* What must not go back, of this master and of the others as far as it has seen (raft/past.h). get:
 * E_NOTFOUND before the first set; E_CORRUPT: both copies are damaged. set is durable on return,
 * needs no room, any thread; of several that overlap the one with the highest version stays. */
enum { STORE_PEERS_MAX = 9 };
struct store_peer {
    uint64_t id, boot, life, term, index;
};
struct store_past {
    uint64_t boot, life; /* of this start: how many there were, and a number that it drew */
    uint32_t refused,
        count; /* refused: others have more of this master's past than it has itself */
    struct store_peer peers[STORE_PEERS_MAX];
    uint64_t seats[STORE_PEERS_MAX]; /* of peers: the committed entry that gave it its seat, or 0 */
    uint64_t seat, seated; /* our own; seated: what it stands for is here (raft/seats.h) */
};
int store_past_get(struct store *s, struct store_past *out, struct error *err);
int store_past_set(struct store *s, const struct store_past *past, uint64_t version,
                   struct error *err);

/* The numbers (life) that this master's last starts drew, the oldest first; 0: not known. get:
 * E_NOTFOUND, E_CORRUPT: none is known. set is durable on return, and needs room. */
enum { STORE_LIVES_MAX = 1024 };
struct store_lives {
    uint64_t boot, count; /* the number of the last of them; how many there are */
    uint64_t lives[STORE_LIVES_MAX];
};
int store_lives_get(struct store *s, struct store_lives *out, struct error *err);
int store_lives_set(struct store *s, const struct store_lives *lives, struct error *err);

/* While a far-behind log is completed from another master's (raft/backfill.h), it holds more than
 * Raft was told of: begin says so durably, with the last entry that is Raft's; end takes it back.
 * get: 0 when all of it is Raft's. Threads as for append. */
int store_backfill_begin(struct store *s, uint64_t last, struct error *err);
int store_backfill_end(struct store *s, struct error *err);
int store_backfill_get(struct store *s, uint64_t *out_last, struct error *err);

/* Reading the log forward. A cursor copies a stretch (up to 256 KiB or one record) out of one short
 * LMDB transaction and serves from the copy: it never holds an LMDB reader between calls, and a
 * payload is valid until the next call whatever the writer does. At the end it gives E_NOTFOUND,
 * and a later call goes on with what was appended since. 0: a record; E_CORRUPT names the damage;
 * E_GONE: index below the first; E_CONFLICT: entries already served were cut off and replaced
 * (cannot happen up to the committed hint). One user per cursor; any thread. */
struct store_cursor;
int store_cursor_open(struct store *s, uint64_t index, struct store_cursor **out,
                      struct error *err);
int store_cursor_next(struct store_cursor *c, struct record *out, struct error *err);
void store_cursor_rest(
    struct store_cursor *c); /* gives the copy up: for a cursor that sleeps long */
void store_cursor_close(struct store_cursor *c);
/* Index of the last command entry that begins at or before this revision (it holds the revision, if
 * the log does), else of the first one after it. E_NOTFOUND: no command entries. */
int store_find_revision(struct store *s, uint64_t revision, uint64_t *out_index, struct error *err);
/* Index of the last command entry written at or before this time; if the wall clock jumped, of one
 * of those that could be meant. E_NOTFOUND: all are younger. */
int store_find_time(struct store *s, int64_t time_ms, uint64_t *out_index, struct error *err);

struct store_usage {
    uint64_t log_bytes, keyframe_bytes, disk_free_bytes;
    bool low; /* less free than 64 MiB or a fifth of the disk, whichever is less: refuse creates,
                 not deletes */
    bool ballast_spent;
};
struct store_usage store_usage(struct store *s);

/* Reads everything: checksums, chain, segment joints, slots, identity, keyframes. Calls report for
 * each finding and for progress (damage false). Returns 0 or E_CORRUPT. Forks a child per segment.
 */
typedef void store_report_fn(void *ctx, bool damage, const char *line);
int store_verify(struct store *s, store_report_fn *report, void *ctx, struct error *err);

#endif
