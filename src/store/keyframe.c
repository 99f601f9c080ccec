/* Reading keyframes. */
#include "store/files.h"
#include "store/keyframe_inside.h"
#include "store/marks.h"

#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct keyframe {
    char *path;
    int fd;
    uint64_t size;
    struct keyframe_meta meta;
    MDB_env *env;
    MDB_txn *txn; /* for life: the file never changes */
    uint64_t next;
    uint32_t records_crc, records_seen;
};

static int keyframe_lmdb(struct keyframe *k, int rc, struct error *err)
{
    return error_set(err, rc == EACCES || rc == ENOMEM ? E_IO : E_CORRUPT, "%s: %s", k->path,
                     mdb_strerror(rc));
}

static int keyframe_load(struct keyframe *k, struct error *err)
{
    struct stat st;
    k->fd = open(k->path, O_RDONLY | O_CLOEXEC);
    if (k->fd < 0 || fstat(k->fd, &st)) return files_errno(err, "open", k->path);
    k->size = (uint64_t)st.st_size;
    int rc = keyframe_file_check(k->path, err);
    /* No locks: what has a name is never written again. */
    if (!rc) rc = segment_env_open(k->path, MDB_RDONLY | MDB_NOLOCK, k->size, &k->env, err);
    if (rc) return rc;
    rc = mdb_txn_begin(k->env, NULL, MDB_RDONLY, &k->txn);
    size_t zero = 0;
    MDB_val key = {sizeof zero, &zero}, value;
    if (!rc) rc = mdb_get(k->txn, STORE_DBI, &key, &value);
    if (rc) return keyframe_lmdb(k, rc, err);
    if (keyframe_head_decode(value.mv_data, value.mv_size, &k->meta, &k->records_crc))
        return error_set(err, E_CORRUPT, "%s: its head is damaged", k->path);
    return 0;
}

int keyframe_open_file(const char *path, struct keyframe **out, struct error *err)
{
    struct keyframe *k = mem_new(struct keyframe);
    k->path = mem_strdup(path);
    k->next = 1;
    k->fd = -1;
    int rc = keyframe_load(k, err);
    if (rc) {
        keyframe_close(k);
        return rc;
    }
    *out = k;
    return 0;
}

int keyframe_open(struct store *s, uint64_t at_most, struct keyframe **out, struct error *err)
{
    uint64_t *revisions = NULL;
    size_t n = 0;
    int rc = files_numbers(s->keyframe_dir, ".mdb", &revisions, &n, err);
    if (rc) return rc;
    rc = error_set(err, E_NOTFOUND, "there is no keyframe");
    while (n > 0) {
        uint64_t revision = revisions[--n];
        if (revision > at_most) continue;
        mem_auto char *path = keyframe_path(s, revision);
        struct error why = {0};
        int one = keyframe_open_file(path, out, &why);
        if (one == E_NOTFOUND) continue; /* pruned meanwhile */
        if (one != E_CORRUPT) {
            if (one && err) *err = why;
            rc = one;
            break;
        }
        trace_error("store", "%s; looking for an older keyframe", why.text);
        store_mark(STORE_MARK_keyframe_damaged);
        if (rc == E_NOTFOUND && err) *err = why;
        rc = E_CORRUPT;
    }
    mem_free(revisions);
    return rc;
}

const struct keyframe_meta *keyframe_meta(const struct keyframe *k)
{
    return &k->meta;
}

int keyframe_next(struct keyframe *k, struct str *record, struct error *err)
{
    if (k->next > k->meta.record_count) {
        if (k->records_seen == k->records_crc) return E_NOTFOUND;
        return error_set(err, E_CORRUPT, "%s: its records are not those it was written with",
                         k->path);
    }
    size_t number = k->next;
    uint32_t crc;
    MDB_val key = {sizeof number, &number}, value;
    int rc = mdb_get(k->txn, STORE_DBI, &key, &value);
    if (rc)
        return error_set(err, E_CORRUPT, "%s: record %zu: %s", k->path, number, mdb_strerror(rc));
    if (value.mv_size < sizeof crc)
        return error_set(err, E_CORRUPT, "%s: record %zu: too short", k->path, number);
    memcpy(&crc, value.mv_data, sizeof crc);
    struct str bytes = {(const char *)value.mv_data + sizeof crc, value.mv_size - sizeof crc};
    if (crc != keyframe_record_crc(number, bytes))
        return error_set(err, E_CORRUPT, "%s: record %zu: checksum mismatch", k->path, number);
    k->records_seen = crc32c(k->records_seen, &crc, sizeof crc);
    k->next++;
    *record = bytes;
    return 0;
}

void keyframe_close(struct keyframe *k)
{
    if (!k) return;
    if (k->txn) mdb_txn_abort(k->txn);
    if (k->env) mdb_env_close(k->env);
    if (k->fd >= 0) close(k->fd);
    mem_free(k->path);
    mem_free(k);
}

int keyframe_file_size(struct keyframe *k, uint64_t *out, struct error *err)
{
    (void)err;
    *out = k->size;
    return 0;
}

int keyframe_file_read(struct keyframe *k, uint64_t offset, void *bytes, size_t n, size_t *out_n,
                       struct error *err)
{
    size_t have = 0;
    while (have < n) {
        ssize_t got = pread(k->fd, (char *)bytes + have, n - have, (off_t)(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return files_errno(err, "read", k->path);
        if (got == 0) break;
        have += (size_t)got;
    }
    *out_n = have;
    return 0;
}
