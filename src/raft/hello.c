#include "proto/mp.h"
#include "raft/peers_internal.h"

#include <stdio.h>

static const char MAGIC[] = "logship-master";

void hello_write(struct buf *out, const struct hello *h)
{
    mp_put_array(out, 6);
    mp_put_z(out, MAGIC);
    mp_put_uint(out, PEERS_WIRE_VERSION);
    mp_put_z(out, h->cluster);
    mp_put_uint(out, h->id);
    mp_put_bin(out, &h->configuration, sizeof h->configuration);
    mp_put_bin(out, h->past.p, h->past.n);
}

int hello_read(struct hello *out, const void *bytes, size_t n, struct error *err)
{
    if (n > 1024 || !mp_valid(bytes, n)) return error_set(err, E_INVALID, "not a hello");
    struct mp root = mp_read(bytes, n);
    if (root.type != MP_ARRAY || root.count != 6 || !mp_is(mp_at(root, 0), MAGIC))
        return error_set(err, E_INVALID, "not a hello");
    int64_t version = mp_i64(mp_at(root, 1), -1);
    if (version != PEERS_WIRE_VERSION)
        return error_set(err, E_UNSUPPORTED, "wire version %lld, ours is %d", (long long)version,
                         PEERS_WIRE_VERSION);
    struct hello h = {0};
    struct str cluster = mp_str(mp_at(root, 2)), digest = mp_str(mp_at(root, 4));
    struct mp past = mp_at(root, 5);
    int64_t id = mp_i64(mp_at(root, 3), 0);
    if (cluster.n >= sizeof h.cluster || digest.n != sizeof h.configuration || id <= 0 ||
        past.type != MP_BIN)
        return error_set(err, E_INVALID, "hello: fields");
    if (cluster.n) memcpy(h.cluster, cluster.p, cluster.n);
    memcpy(&h.configuration, digest.p, digest.n);
    h.id = (uint64_t)id;
    h.past = past.s;
    *out = h;
    return 0;
}

int hello_check(const struct hello *own, const struct hello *theirs, uint64_t certified,
                struct error *err)
{
    if (theirs->id != certified)
        return error_set(err, E_DENIED, "says it is server %llu, its certificate says %llu",
                         (unsigned long long)theirs->id, (unsigned long long)certified);
    if (strcmp(own->cluster, theirs->cluster) != 0)
        return error_set(err, E_DENIED, "is of cluster %s, not of %s", theirs->cluster,
                         own->cluster);
    if (!digest_equal(&own->configuration, &theirs->configuration))
        return error_set(err, E_DENIED, "was started with other masters than we were");
    return 0;
}

uint64_t hello_certified_id(const struct tls_peer *peer)
{
    size_t prefix = strlen(MAGIC);
    const char *name = peer->common_name;
    uint64_t id;
    if (strncmp(name, MAGIC, prefix) != 0 || name[prefix] != '-') return 0;
    return str_to_u64(str_of(name + prefix + 1), &id) ? id : 0;
}

struct digest hello_configuration(const struct quorum_server *servers, unsigned count)
{
    struct buf buf_auto text = BUF_INIT;
    for (unsigned i = 0; i < count; i++)
        buf_printf(&text, "%llu=%s\n", (unsigned long long)servers[i].id, servers[i].address);
    return digest_of(text.data, text.len);
}
