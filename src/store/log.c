/* Writing the log: append, truncate, reset. One thread at a time. */
#include "store/files.h"
#include "store/inside.h"
#include "store/marks.h"

#include "base/trace.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* The reason is in err; a failure that is not a full disk leaves the environment unusable. */
static int log_failed(struct store *s, int rc, struct error *err, const struct segment *seg,
                      const char *what)
{
    int code = lmdb_write_code(s->log_dir, rc);
    store_mark(code == E_FULL ? STORE_MARK_append_full : STORE_MARK_write_failed);
    if (code != E_FULL) {
        s->failed = true;
        code = E_IO;
    }
    return error_set(err, code, "%s: %s: %s", seg->name, what, mdb_strerror(rc));
}

/* What a record may take in LMDB's pages: large ones have pages of their own, small ones fill two
 * thirds of a page at least. */
static size_t record_room(const struct record *r)
{
    size_t n = record_size(r) + 32;
    return n > 1300 ? (n + 4095) / 4096 * 4096 : n * 3 / 2;
}

static int append_check(const struct store *s, const struct record *records, size_t n,
                        size_t *bytes, struct error *err)
{
    assert(!s->read_only);
    if (s->failed) return error_set(err, E_IO, "an earlier write to the log failed");
    uint64_t index = s->bounds.last_index, term = s->bounds.last_term;
    *bytes = 0;
    for (size_t i = 0; i < n; i++) {
        const struct record *r = &records[i];
        if (r->index != index + 1)
            return error_set(err, E_INVALID, "entry %" PRIu64 " cannot follow entry %" PRIu64,
                             r->index, index);
        if (r->term < term)
            return error_set(err, E_INVALID,
                             "entry %" PRIu64 ": term %" PRIu64 " after term %" PRIu64, r->index,
                             r->term, term);
        *bytes += record_room(r);
        if (r->payload.n > RECORD_MAX || *bytes > STORE_BATCH_MAX)
            return error_set(err, E_TOOBIG, "entry %" PRIu64 ": the batch is too large", r->index);
        index = r->index;
        term = r->term;
    }
    return 0;
}

static size_t segment_bytes_used(const struct segment *seg)
{
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(seg->env, &info);
    mdb_env_stat(seg->env, &stat);
    return (info.me_last_pgno + 1) * stat.ms_psize;
}

/* A full segment gets a successor; it is cut to what it uses and never written again. */
static int log_roll(struct store *s, struct segment **seg, struct error *err)
{
    size_t used = segment_bytes_used(*seg);
    if (used < s->segment_bytes || s->bounds.last_index < (*seg)->first) return 0;
    const struct record_base base = {
        .index = s->bounds.last_index, .term = s->bounds.last_term, .chain = s->bounds.chain};
    store_mark(STORE_MARK_segment_rolled);
    int rc = segment_create(s, &base, ".mdb", err);
    if (!rc) rc = segments_scan(s, err);
    if (rc) return rc;
    int fd;
    if (mdb_env_get_fd((*seg)->env, &fd) == 0 && ftruncate(fd, (off_t)used))
        trace_debug("store", "%s: cannot be cut", (*seg)->name);
    segment_doubt(s, *seg); /* LMDB has had it since before there was anything in it to look at */
    segment_release(s, *seg);
    *seg = NULL;
    return segment_hold(s, UINT64_MAX, seg, err);
}

static int append_put(MDB_txn *txn, const struct record *records, size_t n, struct digest *chain)
{
    for (size_t i = 0; i < n; i++) {
        size_t number = records[i].index;
        MDB_val key = {sizeof number, &number}, value = {record_size(&records[i]), NULL};
        int rc = mdb_put(txn, STORE_DBI, &key, &value, MDB_APPEND | MDB_RESERVE);
        if (rc) return rc;
        record_encode(&records[i], chain, value.mv_data);
        *chain = record_chain(chain, &records[i]);
    }
    return 0;
}

static int append_commit(struct store *s, struct segment *seg, const struct record *records,
                         size_t n, struct error *err)
{
    MDB_txn *txn;
    struct digest chain = s->bounds.chain;
    int rc = mdb_txn_begin(seg->env, NULL, 0, &txn);
    if (rc) return log_failed(s, rc, err, seg, "cannot write");
    rc = append_put(txn, records, n, &chain);
    if (rc) {
        mdb_txn_abort(txn);
        return log_failed(s, rc, err, seg, "cannot append");
    }
    rc = mdb_txn_commit(txn);
    if (rc) return log_failed(s, rc, err, seg, "cannot commit");
    const struct record_base last = {
        .index = records[n - 1].index, .term = records[n - 1].term, .chain = chain};
    store_set_bounds(s, &last, s->bounds.first_index);
    return 0;
}

/* A reader process that was killed would keep the pages of its view from being used again. */
static void append_tidy(struct store *s, struct segment *seg)
{
    int dead;
    if (++s->appends % 4096 == 0) mdb_reader_check(seg->env, &dead);
}

int store_append(struct store *s, const struct record *records, size_t n, struct error *err)
{
    size_t bytes = 0;
    int rc = append_check(s, records, n, &bytes, err);
    if (rc || n == 0) return rc;
    struct segment *seg = NULL;
    rc = segment_hold(s, UINT64_MAX, &seg, err);
    if (!rc) rc = log_roll(s, &seg, err);
    if (!rc) rc = space_reserve(s, seg, bytes, err);
    if (rc == E_FULL) store_mark(STORE_MARK_append_full);
    if (!rc) rc = append_commit(s, seg, records, n, err);
    if (!rc) append_tidy(s, seg);
    if (seg) segment_release(s, seg);
    return rc;
}

static int truncate_records(struct store *s, struct segment *seg, uint64_t from, struct error *err)
{
    MDB_txn *txn;
    MDB_cursor *c = NULL;
    MDB_val key, value;
    int rc = mdb_txn_begin(seg->env, NULL, 0, &txn);
    if (rc) return log_failed(s, rc, err, seg, "cannot write");
    rc = mdb_cursor_open(txn, STORE_DBI, &c);
    while (!rc && (rc = mdb_cursor_get(c, &key, &value, MDB_LAST)) == 0) {
        size_t number = 0;
        if (key.mv_size == sizeof number) memcpy(&number, key.mv_data, sizeof number);
        if (number < from) break;
        rc = mdb_cursor_del(c, 0);
    }
    if (c) mdb_cursor_close(c);
    if (rc) {
        mdb_txn_abort(txn);
        return log_failed(s, rc, err, seg, "cannot truncate");
    }
    rc = mdb_txn_commit(txn);
    return rc ? log_failed(s, rc, err, seg, "cannot commit") : 0;
}

/* Newer segments go first, one by one, each durably: whenever a crash comes, what is left is a
 * prefix of the log. */
static int truncate_segments(struct store *s, uint64_t from, struct error *err)
{
    while (s->count > 1 && s->segments[s->count - 1]->first >= from) {
        store_mark(STORE_MARK_segment_cut);
        int rc = segment_unlink(s, s->segments[s->count - 1], err);
        if (!rc && !s->no_sync) rc = files_sync_dir(s->log_dir, err);
        if (rc) return rc;
    }
    return 0;
}

int store_truncate(struct store *s, uint64_t from_index, struct error *err)
{
    assert(!s->read_only);
    if (s->failed) return error_set(err, E_IO, "an earlier write to the log failed");
    if (from_index == s->bounds.last_index + 1) return 0;
    if (from_index > s->bounds.last_index)
        return error_set(err, E_INVALID,
                         "cannot truncate from %" PRIu64 ", the log ends at %" PRIu64, from_index,
                         s->bounds.last_index);
    if (from_index < s->bounds.first_index)
        return error_set(err, E_GONE,
                         "cannot truncate from %" PRIu64 ", the log begins at %" PRIu64, from_index,
                         s->bounds.first_index);
    if (from_index <= store_committed_get(s))
        return error_set(err, E_INVALID, "entry %" PRIu64 " is committed and cannot be cut off",
                         from_index);
    int rc = truncate_segments(s, from_index, err);
    struct segment *seg = NULL;
    if (!rc) rc = segment_hold(s, UINT64_MAX, &seg, err);
    if (!rc) rc = space_reserve(s, seg, 64 << 10, err);
    if (!rc) rc = truncate_records(s, seg, from_index, err);
    if (seg) segment_release(s, seg);
    int loaded = store_load_bounds(s, rc ? NULL : err);
    return rc ? rc : loaded;
}

int log_finish_reset(struct store *s, struct error *err)
{
    uint64_t *resets = NULL, *firsts = NULL;
    size_t n = 0, old = 0;
    int rc = files_numbers(s->log_dir, ".reset", &resets, &n, err);
    if (!rc && n) rc = files_numbers(s->log_dir, ".mdb", &firsts, &old, err);
    for (size_t i = 0; !rc && n && i < old; i++) {
        mem_auto char *path = mem_printf("%s/%020" PRIu64 ".mdb", s->log_dir, firsts[i]);
        mem_auto char *lock = mem_printf("%s-lock", path);
        rc = files_remove(path, err);
        if (!rc) rc = files_remove(lock, err);
    }
    if (!rc && n) {
        store_mark(STORE_MARK_reset_finished);
        uint64_t first = resets[n - 1];
        mem_auto char *from = mem_printf("%s/%020" PRIu64 ".reset", s->log_dir, first);
        mem_auto char *to = mem_printf("%s/%020" PRIu64 ".mdb", s->log_dir, first);
        if (rename(from, to)) rc = files_errno(err, "rename to", to);
        if (!rc && !s->no_sync) rc = files_sync_dir(s->log_dir, err);
    }
    mem_free(resets);
    mem_free(firsts);
    return rc;
}

/* The new segment appears under a name of its own (.reset); from then on the reset has happened,
 * and what is left to do is done again at the next start if need be. */
int store_reset(struct store *s, uint64_t index, uint64_t term, const struct digest *chain,
                struct error *err)
{
    assert(!s->read_only);
    if (s->failed) return error_set(err, E_IO, "an earlier write to the log failed");
    const struct record_base base = {.index = index, .term = term, .chain = *chain};
    int rc = segment_create(s, &base, ".reset", err);
    if (!rc) rc = log_finish_reset(s, err);
    if (!rc) rc = segments_scan(s, err);
    if (!rc) rc = store_load_bounds(s, err);
    if (!rc) store_committed_set(s, index);
    return rc;
}
