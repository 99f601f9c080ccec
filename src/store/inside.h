/* The inside of the store: what its files share, and nobody else includes.
 *
 * One mutex guards the table of segments and the bounds. It is held for moments, never across a
 * commit, a read or a walk over pages. An LMDB environment must not be open twice in a process
 * (closing one would drop the file locks of the other), so every reader and the writer share the
 * handle in `struct segment`; its references keep it open when the segment leaves the table. */
#ifndef LOGSHIP_STORE_INSIDE_H
#define LOGSHIP_STORE_INSIDE_H

#include "base/list.h"
#include "store/record.h"
#include "store/store.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

enum {
    SEGMENT_OPEN_MAX = 16,        /* idle environments of old segments that are kept open */
    SEGMENT_ROOM = 1 << 30,       /* map beyond segment_bytes: one batch always fits */
    STORE_BATCH_MAX = 256 << 20,  /* payload bytes of one store_append */
    STORE_TAIL_CHECKED = 64 << 20 /* bytes of the newest segment that store_open reads */
};
#define STORE_DBI 1 /* LMDB's main database; the only one in any of our environments */

struct segment {
    uint64_t first; /* index of its first record, and its name */
    ino_t inode;    /* tells a segment from another that took its name */
    char *path;
    char name[64]; /* "log/00000000000000000001.mdb", for messages */
    MDB_env *env;  /* NULL: not open now */
    unsigned refs; /* readers, and the writer */
    uint64_t used; /* when it was last used, in store->clock */
    bool removed;  /* not in the table any more: closed with the last reference */
    bool walking;  /* somebody walks its pages; others wait in store->walked */
    bool doubted;  /* to be walked (again) before the next reader gets it */
};

struct slots {
    int fd;
    uint64_t sequence, term, vote;
};

struct store {
    struct list link; /* of the stores open in this process */
    char *dir, *log_dir, *keyframe_dir;
    dev_t device;
    ino_t inode;
    bool read_only, no_sync, no_fork, second_votes;
    size_t segment_bytes, ballast_bytes;
    int lock_fd, committed_fd;
    struct slots slots;
    _Atomic uint64_t committed;
    _Atomic bool ballast_spent;
    bool failed; /* an earlier commit failed for good; writer only */
    pthread_mutex_t past_lock;
    uint64_t past_sequence, past_version; /* on disk; of the last store_past_set */

    pthread_mutex_t lock;
    pthread_cond_t walked;
    struct segment **segments; /* ascending; at least one once open */
    size_t count;
    uint64_t clock;
    struct log_bounds bounds;
    unsigned appends; /* since stale readers were last looked for; writer only */
};

/* segment_env.c, segment.c, segment_hold.c: environments, the table of them, and who reads them */
int segment_env_open(const char *path, unsigned flags, size_t map, MDB_env **out,
                     struct error *err);
/* segment_pages.c: may LMDB be given the pages of this file? Not while somebody writes it. */
int segment_pages_check(const char *path, const char *name, struct error *err);
int segment_create(struct store *s, const struct record_base *base, const char *suffix,
                   struct error *err);
bool store_is_stopped(const struct store *s); /* nobody holds the lock for writing */
int segments_scan(struct store *s,
                  struct error *err); /* makes the table what the directory holds */
/* Holds the segment where this index is or would be. E_GONE: below the first. */
int segment_hold(struct store *s, uint64_t index, struct segment **out, struct error *err);
void segment_release(struct store *s, struct segment *seg);
/* Its pages are not to be believed: whoever holds it next has them walked first. Not of the newest,
 * which is being written. */
void segment_doubt(struct store *s, struct segment *seg);
void segment_free(struct segment *seg);
int segment_unlink(struct store *s, struct segment *seg, struct error *err);
void segments_close(struct store *s);
int lmdb_code(int rc);
/* The code of an LMDB failure while writing: a full disk may look like a plain EIO (short write).
 */
int lmdb_write_code(const char *dir, int rc);

/* reader.c: reading inside one short LMDB transaction */
struct reader {
    struct store *s;
    struct segment *seg;
    MDB_txn *txn;
    size_t limit; /* no value is longer than the file */
    struct record_base base;
    uint64_t last; /* index of the last record in this view; base.index: none */
};
int reader_begin(struct store *s, uint64_t index, struct reader *r, struct error *err);
/* The same on an environment of one's own, for the checking child. */
int reader_attach(MDB_env *env, struct reader *r, struct error *err);
/* A checked record. E_NOTFOUND: not there (hole or end: the caller knows which). */
int reader_get(struct reader *r, uint64_t index, struct record *out, struct digest *previous,
               struct error *err);
void reader_end(struct reader *r);
/* Where the log stands at index: base or record. */
int reader_point(struct reader *r, uint64_t index, struct record_base *out, struct error *err);

/* check.c: looking for damage */
struct check_result {
    struct record_base base, last; /* of the segment */
    uint64_t records;
};
struct check_job {
    const struct segment *segment;
    uint64_t tail_bytes; /* 0: the last record only */
    bool at_rest;        /* nobody writes it: its pages are walked too */
};
/* Reads a segment by an environment of its own; ctx is a check_job. */
int check_named(struct store *s, const void *ctx, struct check_result *out, struct error *err);
/* Runs fn in a child process, so that a crash inside LMDB is a finding and not our end. *out goes
 * in and comes back. */
typedef int probe_fn(struct store *s, const void *ctx, struct check_result *out, struct error *err);
int probe(struct store *s, const char *name, probe_fn *fn, const void *ctx,
          struct check_result *out, struct error *err);
/* Damage that was found, or the disk's failure that looked like it (LMDB reads by its map, where a
 * sector that cannot be read is a signal): plain reads tell. */
int check_disk(const struct segment *seg, int found, struct error *err);
int check_joint(const struct segment *newer, const struct record_base *end,
                const struct record_base *base, struct error *err);

/* log.c: what a crash left undone of store_reset */
int log_finish_reset(struct store *s, struct error *err);

/* identity.c, committed.c */
int committed_open(struct store *s, struct error *err);
int identity_read(const char *dir, struct store_identity *out, struct error *err);

/* slots.c */
int slots_create(struct store *s, struct error *err);
int slots_open(struct store *s, struct error *err);
int slots_check(const struct store *s, uint64_t *out_term, store_report_fn *report, void *ctx);
struct slot_value {
    uint64_t sequence, term, vote;
};
enum { SLOT_SIZE = 512 };
void slot_encode(const struct slot_value *v, unsigned char out[SLOT_SIZE]);
int slot_decode(const unsigned char *bytes, struct slot_value *out);

/* past.c */
enum { PAST_SIZE = 512 };
bool past_is_whole(const unsigned char *copy);

/* store.c: things that only agree if nothing was lost (slots, bounds, committed hint) */
int store_check_agreement(struct store *s, uint64_t committed, uint64_t term, struct error *err);

/* bounds of a log read afresh from the newest segment (read-only stores follow a live log so) */
int store_load_bounds(struct store *s, struct error *err);
void store_set_bounds(struct store *s, const struct record_base *last, uint64_t first);

/* space.c */
void space_ballast_fill(struct store *s);
bool space_ballast_release(struct store *s); /* true: there was something to release */
/* Makes sure that the file has room for these bytes behind its end; E_FULL before LMDB meets it. */
int space_reserve(struct store *s, struct segment *seg, size_t bytes, struct error *err);
bool space_nearly_none(const char *dir);

/* keyframe.c */
/* by_log: compare their chains with that of the log */
int keyframe_check_all(struct store *s, bool by_log, store_report_fn *report, void *ctx);

/* What to do with a master whose data cannot be trusted. */
#define STORE_REPLACE_ADVICE                                                                       \
    "`logship master replace` gives its seat to an empty master under a new id"

#endif
