/* Reading records inside one short LMDB transaction. */
#include "store/inside.h"
#include "store/marks.h"

#include <inttypes.h>
#include <sys/stat.h>

static const char *reader_name(const struct reader *r)
{
    return r->seg ? r->seg->name : "segment";
}

static int reader_lmdb(struct reader *r, int rc, struct error *err, const char *what)
{
    return error_set(err, lmdb_code(rc), "%s: %s: %s", reader_name(r), what, mdb_strerror(rc));
}

static int reader_txn(struct reader *r, MDB_env *env)
{
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &r->txn);
    if (rc == MDB_READERS_FULL) {
        int dead;
        mdb_reader_check(env, &dead);
        rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &r->txn);
    }
    return rc;
}

/* LMDB trusts its pages; a length that cannot be would lead us out of the file. */
static bool reader_plausible(const struct reader *r, const MDB_val *v)
{
    return v->mv_size <= r->limit;
}

static int reader_base(struct reader *r, struct error *err)
{
    MDB_val key, value;
    size_t number = 0;
    MDB_cursor *c;
    int rc = mdb_cursor_open(r->txn, STORE_DBI, &c);
    if (rc) return reader_lmdb(r, rc, err, "cannot read");
    rc = mdb_cursor_get(c, &key, &value, MDB_FIRST);
    if (!rc && key.mv_size == sizeof number) memcpy(&number, key.mv_data, sizeof number);
    if (rc || key.mv_size != sizeof number || number != 0 || !reader_plausible(r, &value) ||
        record_base_decode(value.mv_data, value.mv_size, &r->base)) {
        mdb_cursor_close(c);
        return error_set(err, E_CORRUPT, "%s: its first page is damaged", reader_name(r));
    }
    rc = mdb_cursor_get(c, &key, &value, MDB_LAST);
    if (!rc && key.mv_size == sizeof number)
        memcpy(&number, key.mv_data, sizeof number);
    else if (!rc)
        rc = MDB_CORRUPTED;
    mdb_cursor_close(c);
    if (rc) return reader_lmdb(r, rc, err, "cannot find its last entry");
    r->last = number ? number : r->base.index;
    if (r->last < r->base.index)
        return error_set(err, E_CORRUPT, "%s: its last entry %zu lies before its first",
                         reader_name(r), number);
    return 0;
}

int reader_attach(MDB_env *env, struct reader *r, struct error *err)
{
    int rc = reader_txn(r, env);
    if (rc) {
        r->txn = NULL;
        return reader_lmdb(r, rc, err, "cannot read");
    }
    MDB_envinfo info; /* before the size of the file: the writer lets both grow, the file first */
    MDB_stat stat;
    mdb_env_info(env, &info);
    mdb_env_stat(env, &stat);
    int fd;
    struct stat st;
    mdb_env_get_fd(env, &fd);
    r->limit = fstat(fd, &st) ? 0 : (size_t)st.st_size;
    if (r->limit < (info.me_last_pgno + 1) * stat.ms_psize) /* space_reserve sees to it */
        return error_set(err, E_CORRUPT, "%s: is cut off", reader_name(r));
    return reader_base(r, err);
}

int reader_begin(struct store *s, uint64_t index, struct reader *r, struct error *err)
{
    *r = (struct reader){.s = s};
    int rc = segment_hold(s, index, &r->seg, err);
    if (rc) return rc;
    rc = reader_attach(r->seg->env, r, err);
    if (!rc && r->base.index + 1 != r->seg->first)
        rc = error_set(err, E_CORRUPT, "%s: holds entries from %" PRIu64 " on", r->seg->name,
                       r->base.index + 1);
    if (rc) reader_end(r);
    return rc;
}

void reader_end(struct reader *r)
{
    if (r->txn) mdb_txn_abort(r->txn);
    if (r->s && r->seg) segment_release(r->s, r->seg);
    *r = (struct reader){0};
}

int reader_get(struct reader *r, uint64_t index, struct record *out, struct digest *previous,
               struct error *err)
{
    const char *name = reader_name(r);
    size_t number = index;
    MDB_val key = {sizeof number, &number}, value;
    int rc = mdb_get(r->txn, STORE_DBI, &key, &value);
    if (rc == MDB_NOTFOUND && index <= r->last)
        return error_set(err, E_CORRUPT, "%s: entry %" PRIu64 ": missing", name, index);
    if (rc == MDB_NOTFOUND) return error_set(err, E_NOTFOUND, "no entry %" PRIu64, index);
    if (rc)
        return error_set(err, lmdb_code(rc), "%s: entry %" PRIu64 ": %s", name, index,
                         mdb_strerror(rc));
    const char *what = "longer than the file";
    if (!reader_plausible(r, &value) ||
        record_decode(value.mv_data, value.mv_size, index, out, previous, &what)) {
        store_mark(STORE_MARK_record_damaged);
        return error_set(err, E_CORRUPT, "%s: entry %" PRIu64 ": %s", name, index, what);
    }
    return 0;
}

int reader_point(struct reader *r, uint64_t index, struct record_base *out, struct error *err)
{
    if (index == r->base.index) {
        *out = r->base;
        return 0;
    }
    struct record record;
    struct digest previous;
    int rc = reader_get(r, index, &record, &previous, err);
    if (rc) return rc;
    *out = (struct record_base){
        .index = index, .term = record.term, .chain = record_chain(&previous, &record)};
    return 0;
}
