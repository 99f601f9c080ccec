/* Writing a keyframe. */
#include "store/files.h"
#include "store/keyframe_inside.h"
#include "store/marks.h"

#include "base/buf.h"

#include <assert.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITER_COMMIT_BYTES = 16 << 20 };
static const size_t writer_map = (size_t)64 << 30; /* address space only */

struct keyframe_writer {
    struct store *s;
    char *path; /* temporary */
    struct keyframe_meta meta;
    char *configuration;
    MDB_env *env;
    MDB_txn *txn;
    size_t pending; /* bytes in txn */
    uint32_t records_crc;
};

static int writer_lmdb(struct keyframe_writer *w, int rc, struct error *err)
{
    int code = lmdb_write_code(w->s->keyframe_dir, rc);
    if (code == E_FULL) store_mark(STORE_MARK_keyframe_full);
    return error_set(err, code, "cannot write %s: %s", w->path, mdb_strerror(rc));
}

int keyframe_create(struct store *s, const struct keyframe_meta *meta, struct keyframe_writer **out,
                    struct error *err)
{
    assert(!s->read_only);
    struct keyframe_writer *w = mem_new(struct keyframe_writer);
    w->s = s;
    w->path = keyframe_temporary(s);
    w->meta = *meta;
    w->meta.record_count = 0;
    w->configuration = mem_copy(meta->configuration.p ? meta->configuration.p : "",
                                meta->configuration.n ? meta->configuration.n : 1);
    w->meta.configuration.p = w->configuration;
    unlink(w->path);
    int rc = segment_env_open(w->path, MDB_NOLOCK | MDB_NOSYNC, writer_map, &w->env, err);
    if (rc == E_IO && space_nearly_none(s->keyframe_dir)) rc = E_FULL;
    if (!rc) {
        int begun = mdb_txn_begin(w->env, NULL, 0, &w->txn);
        if (begun) rc = writer_lmdb(w, begun, err);
    }
    if (rc) {
        keyframe_abandon(w);
        return rc;
    }
    *out = w;
    return 0;
}

static int writer_commit(struct keyframe_writer *w, struct error *err)
{
    int rc = mdb_txn_commit(w->txn);
    w->txn = NULL;
    w->pending = 0;
    return rc ? writer_lmdb(w, rc, err) : 0;
}

int keyframe_add(struct keyframe_writer *w, struct str record, struct error *err)
{
    int rc = 0;
    if (w->pending > WRITER_COMMIT_BYTES && (rc = writer_commit(w, err))) return rc;
    if (!w->txn && (rc = mdb_txn_begin(w->env, NULL, 0, &w->txn))) return writer_lmdb(w, rc, err);
    size_t number = w->meta.record_count + 1;
    uint32_t crc = keyframe_record_crc(number, record);
    MDB_val key = {sizeof number, &number}, value = {sizeof crc + record.n, NULL};
    rc = mdb_put(w->txn, STORE_DBI, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (rc) return writer_lmdb(w, rc, err);
    memcpy(value.mv_data, &crc, sizeof crc);
    if (record.n) memcpy((char *)value.mv_data + sizeof crc, record.p, record.n);
    w->records_crc = crc32c(w->records_crc, &crc, sizeof crc);
    w->meta.record_count = number;
    w->pending += value.mv_size + 16;
    return 0;
}

static int writer_meta(struct keyframe_writer *w, struct error *err)
{
    int rc = 0;
    if (!w->txn && (rc = mdb_txn_begin(w->env, NULL, 0, &w->txn))) return writer_lmdb(w, rc, err);
    buf_auto struct buf head = BUF_INIT;
    keyframe_head_encode(&w->meta, w->records_crc, &head);
    size_t zero = 0;
    MDB_val key = {sizeof zero, &zero}, value = {head.len, head.data};
    rc = mdb_put(w->txn, STORE_DBI, &key, &value, 0);
    return rc ? writer_lmdb(w, rc, err) : writer_commit(w, err);
}

/* LMDB's file may be shorter than its last page number says; the trailer goes behind both. */
static int writer_close(struct keyframe_writer *w, struct error *err)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat st;
    mdb_env_info(w->env, &info);
    mdb_env_stat(w->env, &stat);
    mdb_env_close(w->env);
    w->env = NULL;
    off_t end = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
    if (lstat(w->path, &st) || (st.st_size < end && truncate(w->path, end)))
        return files_errno(err, "extend", w->path);
    return keyframe_trailer_add(w->path, &w->meta, err);
}

int keyframe_finish(struct keyframe_writer *w, struct error *err)
{
    int rc = writer_meta(w, err);
    if (!rc) rc = writer_close(w, err);
    if (!rc) rc = keyframe_publish(w->s, w->path, &w->meta, err);
    keyframe_abandon(w); /* what was published has another name */
    return rc;
}

void keyframe_abandon(struct keyframe_writer *w)
{
    if (!w) return;
    if (w->txn) mdb_txn_abort(w->txn);
    if (w->env) mdb_env_close(w->env);
    unlink(w->path);
    mem_free(w->path);
    mem_free(w->configuration);
    mem_free(w);
}
