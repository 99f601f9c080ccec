#include "proto/protobuf.h"

#include "base/mem.h"
#include "proto/mp.h"
#include "proto/protobuf_fields.h"
#include "proto/protobuf_wire.h"

#include <limits.h>

/* The type of a body that no kind claims: options, scales, bindings and the like. */
static const struct type *protobuf_type(struct str api_version, struct str kind)
{
    const struct kind_version *version;
    if (kind_by_gvk(api_version, kind, &version)) return version->type;
    struct str group = STR("core"), rest = api_version, head;
    if (memchr(api_version.p ? api_version.p : "", '/', api_version.n))
        str_split(&rest, '/', &group);
    if (!str_split(&group, '.', &head)) return NULL;
    if (head.n + rest.n + kind.n > PATH_MAX) return NULL;
    mem_auto char *name = mem_printf("%.*s.%.*s.%.*s", (int)head.n, head.p, (int)rest.n,
                                     rest.n ? rest.p : "", (int)kind.n, kind.n ? kind.p : "");
    const struct type *type = type_by_name(name);
    if (type) return type;
    mem_auto char *shared = mem_printf("apis.meta.v1.%.*s", (int)kind.n, kind.n ? kind.p : "");
    return type_by_name(shared);
}

static int protobuf_unwrap(struct str bytes, struct str *api_version, struct str *kind,
                           struct str *raw, struct error *err)
{
    static const char magic[4] = {'k', '8', 's', '\0'};
    if (bytes.n < sizeof magic || memcmp(bytes.p, magic, sizeof magic) != 0)
        return error_set(err, E_INVALID, "protobuf: the body does not begin with k8s\\0");
    struct str envelope = {bytes.p + sizeof magic, bytes.n - sizeof magic};
    struct str meta = wire_text(envelope, 1);
    if (!wire_valid(envelope) || !wire_valid(meta))
        return error_set(err, E_INVALID, "protobuf: the envelope is damaged");
    if (wire_text(envelope, 3).n)
        return error_set(err, E_UNSUPPORTED, "protobuf: the body is encoded once more");
    *api_version = wire_text(meta, 1);
    *kind = wire_text(meta, 2);
    *raw = wire_text(envelope, 2);
    return 0;
}

int protobuf_decode(struct str bytes, const struct type *type, struct buf *out, struct error *err)
{
    struct str api_version, kind, raw;
    int rc = protobuf_unwrap(bytes, &api_version, &kind, &raw, err);
    if (rc) return rc;
    if (!type) type = protobuf_type(api_version, kind);
    if (!type)
        return error_set(err, E_UNSUPPORTED, "protobuf: no kind \"%.*s\" in version \"%.*s\"",
                         (int)(kind.n < 64 ? kind.n : 64), kind.n ? kind.p : "",
                         (int)(api_version.n < 64 ? api_version.n : 64),
                         api_version.n ? api_version.p : "");
    uint32_t count = 2;
    size_t begin = mp_begin(out);
    mp_put_z(out, "apiVersion");
    mp_put_str(out, api_version);
    mp_put_z(out, "kind");
    mp_put_str(out, kind);
    rc = protobuf_put_fields(type, raw, out, &count, err);
    mp_end_map(out, begin, count);
    if (!rc && !mp_valid(out->data + begin, out->len - begin))
        rc = error_set(err, E_INVALID, "protobuf: a text is not UTF-8");
    if (rc) out->len = begin;
    return rc;
}
