/* LMDB environments: their errors, opening them, and making a new segment. */
#include "store/files.h"
#include "store/inside.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

int lmdb_code(int rc)
{
    if (files_is_full(rc)) return E_FULL;
    switch (rc) {
    case 0:
        return 0;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return E_FULL;
    case MDB_NOTFOUND:
    case ENOENT:
        return E_NOTFOUND;
    case MDB_READERS_FULL:
        return E_BUSY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_CURSOR_FULL:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_VALSIZE:
        return E_CORRUPT;
    case EACCES:
        return E_DENIED;
    default:
        return E_IO;
    }
}

int lmdb_write_code(const char *dir, int rc)
{
    int code = lmdb_code(rc);
    return rc == EIO && space_nearly_none(dir) ? E_FULL : code;
}

int segment_env_open(const char *path, unsigned flags, size_t map, MDB_env **out, struct error *err)
{
    MDB_env *env = NULL;
    int rc = mdb_env_create(&env);
    if (rc) return error_set(err, E_IO, "cannot set up LMDB: %s", mdb_strerror(rc));
    mdb_env_set_mapsize(env, map);
    rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NORDAHEAD | MDB_NOTLS | flags, 0600);
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    if (!rc) rc = mdb_txn_begin(env, NULL, flags & MDB_RDONLY, &txn);
    if (!rc) rc = mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &dbi);
    if (!rc) {
        assert(dbi == STORE_DBI);
        rc = mdb_txn_commit(txn);
    } else if (txn) {
        mdb_txn_abort(txn);
    }
    if (rc) {
        mdb_env_close(env);
        return error_set(err, lmdb_code(rc), "cannot open %s: %s", path, mdb_strerror(rc));
    }
    *out = env;
    return 0;
}

/* The path of a new segment is made under another name, so that a segment with its proper name is
 * always whole: a crash here leaves only something to sweep up. */
int segment_create(struct store *s, const struct record_base *base, const char *suffix,
                   struct error *err)
{
    mem_auto char *path = mem_printf("%s/%020" PRIu64 "%s", s->log_dir, base->index + 1, suffix);
    mem_auto char *temporary = mem_printf("%s/segment.tmp", s->log_dir);
    unlink(temporary);
    struct record_base sealed = *base;
    record_base_seal(&sealed);
    MDB_env *env = NULL;
    int rc = segment_env_open(temporary, MDB_NOLOCK | (s->no_sync ? MDB_NOSYNC : 0), 16 << 20, &env,
                              err);
    if (!rc) {
        MDB_txn *txn = NULL;
        size_t zero = 0;
        MDB_val key = {sizeof zero, &zero}, value = {sizeof sealed, &sealed};
        int mrc = mdb_txn_begin(env, NULL, 0, &txn);
        if (!mrc) mrc = mdb_put(txn, STORE_DBI, &key, &value, MDB_APPEND);
        if (!mrc)
            mrc = mdb_txn_commit(txn);
        else if (txn)
            mdb_txn_abort(txn);
        mdb_env_close(env);
        if (mrc)
            rc = error_set(err, lmdb_write_code(s->log_dir, mrc), "cannot write %s: %s", path,
                           mdb_strerror(mrc));
    } else if (space_nearly_none(s->log_dir)) {
        rc = E_FULL;
    }
    if (!rc && rename(temporary, path)) rc = files_errno(err, "rename to", path);
    if (!rc && !s->no_sync) rc = files_sync_dir(s->log_dir, err);
    if (rc) unlink(temporary);
    return rc;
}
