#include "base/mem.h"
#include "raft/wire.h"

#include <endian.h>
#include <raft.h>

enum { FORMAT = 1, SERVERS_MAX = 16 };

struct reader {
    const char *p, *end;
    bool ok;
};

static uint64_t reader_number(struct reader *r, size_t width)
{
    if (!r->ok || (size_t)(r->end - r->p) < width) {
        r->ok = false;
        return 0;
    }
    uint64_t v = 0;
    memcpy(&v, r->p, width);
    r->p += width;
    return le64toh(v);
}

static const char *reader_text(struct reader *r)
{
    const char *nul = r->ok ? memchr(r->p, '\0', (size_t)(r->end - r->p)) : NULL;
    if (!nul) {
        r->ok = false;
        return NULL;
    }
    const char *text = r->p;
    r->p = nul + 1;
    return text;
}

static int configuration_servers(struct reader *r, struct raft_configuration *out,
                                 struct error *err)
{
    uint64_t count = reader_number(r, 8);
    if (!r->ok || count == 0 || count > SERVERS_MAX)
        return error_set(err, E_INVALID, "configuration: number of servers");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t id = reader_number(r, 8);
        const char *address = reader_text(r);
        uint64_t role = reader_number(r, 1);
        if (!r->ok) return error_set(err, E_INVALID, "configuration: cut short");
        if (id == 0 || role > RAFT_SPARE ||
            raft_configuration_add(out, id, address, (int)role) != 0)
            return error_set(err, E_INVALID, "configuration: server %llu", (unsigned long long)id);
    }
    if (r->end - r->p >= 8) return error_set(err, E_INVALID, "configuration: bytes after the end");
    return 0;
}

int configuration_read(struct str bytes, struct raft_configuration *out, struct error *err)
{
    struct reader r = {.p = bytes.p, .end = bytes.p + bytes.n, .ok = bytes.n > 0};
    struct raft_configuration conf;
    raft_configuration_init(&conf);
    if (reader_number(&r, 1) != FORMAT)
        return error_set(err, E_INVALID, "configuration: unknown format");
    int rc = configuration_servers(&r, &conf, err);
    if (rc) {
        raft_configuration_close(&conf);
        return rc;
    }
    *out = conf;
    return 0;
}

void *configuration_write(const struct raft_configuration *conf, size_t *out_n)
{
    size_t n = 1 + 8;
    for (unsigned i = 0; i < conf->n; i++) n += 8 + strlen(conf->servers[i].address) + 1 + 1;
    n = (n + 7) & ~(size_t)7;
    char *bytes = raft_malloc(n), *p = bytes;
    memset(bytes, 0, n);
    *p++ = FORMAT;
    uint64_t count = htole64(conf->n);
    memcpy(p, &count, 8);
    p += 8;
    for (unsigned i = 0; i < conf->n; i++) {
        const struct raft_server *s = &conf->servers[i];
        uint64_t id = htole64(s->id);
        memcpy(p, &id, 8);
        size_t length = strlen(s->address) + 1;
        memcpy(p + 8, s->address, length);
        p += 8 + length;
        *p++ = (char)s->role;
    }
    *out_n = n;
    return bytes;
}
