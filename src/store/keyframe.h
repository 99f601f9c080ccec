/* A keyframe: the whole derived state at one revision, in a file of its own.
 *
 * An LMDB environment (MDB_NOSUBDIR) with a meta record and numbered records, each with its crc32c,
 * and a trailer with the crc32c of the file. What is in the records is the business of whoever
 * wrote them (actors/keyframe.c). A keyframe is written to a temporary name, synced, renamed: it is
 * whole or it is not there. It never changes afterwards, so it can be sent as a file in byte
 * ranges.
 *
 * Any thread, one user per handle. */
#ifndef LOGSHIP_STORE_KEYFRAME_H
#define LOGSHIP_STORE_KEYFRAME_H

#include "store/store.h"

struct keyframe_meta {
    uint64_t revision, index, term; /* the last entry that it contains */
    int64_t time_ms;
    struct digest state; /* of the state; checked after loading */
    struct digest chain; /* of the log at index */
    uint64_t configuration_index;
    struct str configuration; /* as raft encodes it */
    uint64_t record_count;
};

struct keyframe_writer;
int keyframe_create(struct store *s, const struct keyframe_meta *meta, struct keyframe_writer **out,
                    struct error *err);
int keyframe_add(struct keyframe_writer *w, struct str record, struct error *err);
/* Publishes it; the writer is gone in any case. */
int keyframe_finish(struct keyframe_writer *w, struct error *err);
void keyframe_abandon(struct keyframe_writer *w);

struct keyframe;
/* The newest whole one with revision <= at_most (UINT64_MAX: the newest). Reads the whole file
 * against its checksum (about 5 GB/s from memory); damaged ones are traced and passed over.
 * E_NOTFOUND: none; E_CORRUPT: only damaged ones. */
int keyframe_open(struct store *s, uint64_t at_most, struct keyframe **out, struct error *err);
const struct keyframe_meta *keyframe_meta(const struct keyframe *k);
/* Records in order; 0, E_NOTFOUND at the end, E_CORRUPT. Valid until the next call. */
int keyframe_next(struct keyframe *k, struct str *record, struct error *err);
void keyframe_close(struct keyframe *k);

/* Sending and receiving as a file. */
int keyframe_file_size(struct keyframe *k, uint64_t *out, struct error *err);
int keyframe_file_read(struct keyframe *k, uint64_t offset, void *bytes, size_t n, size_t *out_n,
                       struct error *err);
struct keyframe_incoming;
int keyframe_receive(struct store *s, uint64_t size, struct keyframe_incoming **out,
                     struct error *err);
int keyframe_receive_write(struct keyframe_incoming *in, uint64_t offset, const void *bytes,
                           size_t n, struct error *err);
/* Checks every record and publishes it under its revision; `in` is gone in any case. The
 * configuration in *out is empty (its bytes are in the file): keyframe_open has it. E_CORRUPT:
 * nothing was kept. */
int keyframe_receive_finish(struct keyframe_incoming *in, struct keyframe_meta *out,
                            struct error *err);
void keyframe_receive_abandon(struct keyframe_incoming *in);

/* Deletes all but the newest `keep` and those that history needs: one in every `spacing` entries
 * (0: none) and the one that the log continues (index + 1 is its first entry). */
int keyframe_prune(struct store *s, unsigned keep, uint64_t spacing, struct error *err);

#endif
