/* Who this data directory belongs to. */
#include "store/files.h"
#include "store/inside.h"

#include "proto/mp.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { IDENTITY_FORMAT = 1, IDENTITY_MAX = 256 };

static uint32_t identity_crc(const char *cluster, uint64_t server_id)
{
    return crc32c(crc32c(0, cluster, strlen(cluster)), &server_id, sizeof server_id);
}

int identity_read(const char *dir, struct store_identity *out, struct error *err)
{
    mem_auto char *path = mem_printf("%s/identity", dir);
    char bytes[IDENTITY_MAX];
    size_t n;
    int rc = files_read(path, bytes, sizeof bytes, &n, err);
    if (rc == E_NOTFOUND) return error_set(err, rc, "%s has no identity yet", dir);
    if (rc) return rc;
    if (!mp_valid(bytes, n)) return error_set(err, E_CORRUPT, "identity: not readable");
    struct mp map = mp_read(bytes, n);
    struct str cluster = mp_str(mp_get(map, "cluster"));
    struct store_identity found = {.server_id = (uint64_t)mp_i64(mp_get(map, "server"), 0)};
    if (cluster.n && cluster.n < sizeof found.cluster) memcpy(found.cluster, cluster.p, cluster.n);
    if (cluster.n >= sizeof found.cluster ||
        mp_i64(mp_get(map, "check"), -1) != identity_crc(found.cluster, found.server_id))
        return error_set(err, E_CORRUPT, "identity: checksum mismatch");
    if (mp_i64(mp_get(map, "format"), 0) != IDENTITY_FORMAT)
        return error_set(err, E_UNSUPPORTED, "%s was written by another version of this program",
                         dir);
    *out = found;
    return 0;
}

int store_identity_get(struct store *s, struct store_identity *out, struct error *err)
{
    return identity_read(s->dir, out, err);
}

int store_identity_set(struct store *s, const struct store_identity *identity, struct error *err)
{
    assert(!s->read_only);
    struct store_identity now = {0};
    int rc = identity_read(s->dir, &now, err);
    if (rc == 0) {
        if (now.server_id == identity->server_id && strcmp(now.cluster, identity->cluster) == 0)
            return 0;
        return error_set(err, E_CONFLICT,
                         "%s belongs to server %" PRIu64 " of cluster %s, not to server %" PRIu64
                         " of cluster %s",
                         s->dir, now.server_id, now.cluster, identity->server_id,
                         identity->cluster);
    }
    if (rc != E_NOTFOUND) return rc;
    if (identity->server_id == 0 || identity->server_id > INT64_MAX || !identity->cluster[0])
        return error_set(err, E_INVALID, "an identity needs a cluster and a server id");
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 4);
    mp_put_z(&b, "cluster");
    mp_put_z(&b, identity->cluster);
    mp_put_z(&b, "server");
    mp_put_uint(&b, identity->server_id);
    mp_put_z(&b, "format");
    mp_put_uint(&b, IDENTITY_FORMAT);
    mp_put_z(&b, "check");
    mp_put_uint(&b, identity_crc(identity->cluster, identity->server_id));
    return files_replace(s->dir, "identity", b.data, b.len, !s->no_sync, err);
}
