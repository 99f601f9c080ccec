/* The store: one master's data directory.
 *
 *   lock            held (fcntl) while a process may write; a second writer gets E_LOCKED
 *   identity        msgpack: cluster id, server id, format version; written once at bootstrap
 *   slots           term and vote: two alternating 512-byte slots with a sequence and crc32c, preallocated,
 *                   written in place and synced; outside LMDB so that they work when the map or disk is full
 *   committed       8+8 bytes: a hint how far the log is known to be committed (not synced; readers of a
 *                   live or stopped log use it to leave the unproven tail out)
 *   log/N.mdb       segments: LMDB environments (MDB_NOSUBDIR) named by their first index; the newest takes
 *                   appends, the others are never written again
 *   keyframes/R.mdb whole states, named by revision (keyframe.h)
 *   ballast         space set free when the disk is full, so that deletes still fit
 *
 * A record is one Raft entry: header (index, term, type, flags, payload length, first revision, time,
 * previous chain digest, crc32c over all of it) and payload. The chain: digest(previous digest, index,
 * term, type, payload), from the first entry on; every master computes it for itself, so equal logs have
 * equal chains. A record that fails its checksum or breaks the chain is damage, never a torn tail (LMDB
 * commits are atomic): it is named precisely (segment, index, what) and never served.
 *
 * Threads: one writer at a time (the committer); cursors may run in any thread or process while the
 * writer goes on. Every function here is synchronous; durable means synced when it returns. */
#ifndef LOGSHIP_STORE_STORE_H
#define LOGSHIP_STORE_STORE_H

#include "base/digest.h"
#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

struct store;

struct store_options {
    const char *dir;
    bool read_only;         /* for log, replay, verify: takes no lock, may run beside the master */
    bool create;            /* make the directory and identity when there is none */
    size_t segment_bytes;   /* a new segment begins beyond this; 0: 128 MiB */
    size_t ballast_bytes;   /* 0: 16 MiB; never for read_only */
    bool no_sync;           /* simulation only: durability is modelled above */
};

struct store_identity {
    char cluster[37]; /* cluster uuid */
    uint64_t server_id;
};

int store_open(struct store **out, const struct store_options *options, struct error *err);
void store_close(struct store *s);
const char *store_dir(const struct store *s);

/* E_NOTFOUND before the identity was set; setting it twice to another value is E_CONFLICT. */
int store_identity_get(struct store *s, struct store_identity *out, struct error *err);
int store_identity_set(struct store *s, const struct store_identity *identity, struct error *err);

/* Term and vote. Aborts the process (S5) when another non-zero vote is stored for the same term. */
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
    struct digest chain;              /* of the last record */
};
struct log_bounds store_bounds(const struct store *s);

/* Durable on return, all or nothing. Indexes must follow the last one. E_FULL: nothing was written, try again later;
 * E_IO: unusable until reopened. */
int store_append(struct store *s, const struct record *records, size_t n, struct error *err);
int store_truncate(struct store *s, uint64_t from_index, struct error *err); /* drops [from, end] */
/* After a keyframe was installed: the log is empty and goes on at index + 1 with this chain. Older segments
 * are removed. */
int store_reset(struct store *s, uint64_t index, uint64_t term, const struct digest *chain,
                struct error *err);
int store_chain_at(struct store *s, uint64_t index, struct digest *out, struct error *err);
int store_term_at(struct store *s, uint64_t index, uint64_t *out_term, struct error *err);

void store_committed_set(struct store *s, uint64_t index); /* cheap; unsynced */
uint64_t store_committed_get(struct store *s);

/* Reading the log forward. A cursor sees what was committed when it was opened or last renewed; it holds no
 * LMDB reader while it is idle between store_cursor_next calls of different segments or after
 * store_cursor_rest. Payload is valid until the next call. 0: a record; E_NOTFOUND: the end; E_CORRUPT names
 * the damage; E_GONE: index below the first. */
struct store_cursor;
int store_cursor_open(struct store *s, uint64_t index, struct store_cursor **out, struct error *err);
int store_cursor_next(struct store_cursor *c, struct record *out, struct error *err);
void store_cursor_rest(struct store_cursor *c); /* gives the reader up until the next call */
void store_cursor_close(struct store_cursor *c);
/* Index of the entry that holds this revision, or of the first entry after it. */
int store_find_revision(struct store *s, uint64_t revision, uint64_t *out_index, struct error *err);
/* Index of the last entry written at or before this time. */
int store_find_time(struct store *s, int64_t time_ms, uint64_t *out_index, struct error *err);

struct store_usage {
    uint64_t log_bytes, keyframe_bytes, disk_free_bytes;
    bool low;  /* creates should be refused; deletes still fit */
    bool ballast_spent;
};
struct store_usage store_usage(struct store *s);

/* Reads everything: checksums, chain, segment joints, keyframes. Calls report for each finding and for
 * progress (damage false). Returns 0 or E_CORRUPT. */
typedef void store_report_fn(void *ctx, bool damage, const char *line);
int store_verify(struct store *s, store_report_fn *report, void *ctx, struct error *err);

#endif
