/* What masters say to each other: one msgpack array per frame, [type, fields...].
 *
 *   [APPEND,  term, prev index, prev term, commit, [[term, type, bin], ...]]   libraft's
 * AppendEntries [APPENDED, term, rejected, last index] [VOTE,    term, last index, last term, pre]
 * [VOTED, term, granted, pre] [OFFER,   term, stream, revision, index, index term, size,
 * configuration index, configuration, seats] [PULL,    stream, offset]        [CHUNK, stream,
 * offset, bin] keyframes, see install.h [PING,    boot, nonce, term]     [PONG, boot, nonce, term]
 * ReadIndex, see read_index.c [ASK,     boot, nonce]           [ANSWER, boot, nonce, status, index]
 * [TELL, bin]                                                             of the application
 *   [FETCH,   stream, after, last, limit, chain]   [RECORDS, stream, after, verdict, [[term, type,
 * first revision, time, bin], ...]]   history before a keyframe, see backfill.h
 *
 * libraft trusts what it gets, so everything is checked here: shape, ranges, order of terms, sizes.
 * The peers are authenticated; the checks are against defects and damage as much as against malice.
 * A struct wire points into the frame it was read from. TimeoutNow and the "disrupt leader" flag do
 * not exist on this wire: leadership is never transferred (S5). */
#ifndef LOGSHIP_RAFT_WIRE_H
#define LOGSHIP_RAFT_WIRE_H

#include "base/error.h"
#include "proto/mp.h"
#include "store/store.h"

struct raft_entry;
struct raft_configuration;

enum wire_type {
    WIRE_APPEND = 1,
    WIRE_APPENDED,
    WIRE_VOTE,
    WIRE_VOTED,
    WIRE_OFFER,
    WIRE_PULL,
    WIRE_CHUNK,
    WIRE_PING,
    WIRE_PONG,
    WIRE_ASK,
    WIRE_ANSWER,
    WIRE_TELL,
    WIRE_FETCH,
    WIRE_RECORDS,
};

enum wire_verdict { RECORDS_FOLLOW, RECORDS_DIFFER, RECORDS_GONE }; /* of WIRE_RECORDS */

enum {
    WIRE_ENTRY_MAX = 8 * 1024 * 1024, /* bytes of one entry */
    WIRE_ENTRIES_MAX = 16384,         /* in one message */
    WIRE_FRAME_MAX = 16 * 1024 * 1024,
    WIRE_CONFIGURATION_MAX = 4096,
    ENTRY_HEADER = 16, /* of a command: first revision and time, little-endian */
    /* The entry that gives a seat away (seats.h): to libraft a command of a revision that there is
     * not; on disk a type of its own, so that it is nobody's command. Holds the new id, the old one
     * and a time, 8 bytes each. */
    RECORD_SEAT = 16,
    SEAT_BYTES = 24,
    WIRE_SEATS_MAX = 256,
};
#define SEAT_REVISION UINT64_MAX

struct wire {
    enum wire_type type;
    uint64_t term;
    union {
        struct {
            uint64_t prev_index, prev_term, commit;
            uint32_t count;
            struct mp entries;
        } append;
        struct {
            uint64_t rejected, last_index;
        } appended;
        struct {
            uint64_t last_index, last_term;
            bool pre;
        } vote;
        struct {
            bool granted, pre;
        } voted;
        struct {
            uint64_t stream, revision, index, index_term, size, conf_index;
            struct str conf, seats;
        } offer;
        struct {
            uint64_t stream, offset;
            struct str bytes; /* of a chunk */
        } chunk;              /* and pull */
        struct {
            uint64_t boot, nonce, index;
            int64_t status;
        } read;
        struct {
            uint64_t stream, after, last, limit; /* last, limit and chain: of a fetch */
            struct str chain;
            uint64_t verdict;
            uint32_t count;
            struct mp records;
        } log;
        struct str tell;
    };
};

/* 0, or E_INVALID with a sentence. */
int wire_read(struct str frame, struct wire *out, struct error *err);
/* The entries of a WIRE_APPEND as libraft wants them: one array, one batch, both from raft_malloc.
 */
struct raft_entry *wire_entries(const struct wire *append);
/* The records of a WIRE_RECORDS, one after the other, without their indexes; payloads point into
 * the frame. */
bool wire_record_next(struct mp_iter *it, struct record *out);
void wire_put_record(struct buf *out, const struct record *r);
void wire_write(struct buf *out, const struct wire *w); /* all but WIRE_APPEND with entries */
void wire_write_append(struct buf *out, const struct wire *w, const struct raft_entry *entries,
                       unsigned count);

bool wire_is_seat(struct str command); /* with its header */

/* Configurations as libraft encodes them, read safely: it reads past the end of a short buffer
 * itself. */
int configuration_read(struct str bytes, struct raft_configuration *out, struct error *err);
/* Into memory of raft_malloc; padding is zero, so that equal configurations are equal bytes. */
void *configuration_write(const struct raft_configuration *conf, size_t *out_n);

#endif
