/* Versions as bytes, for keyframes and transfer:
 *   [1, kind key, ns|nil, name, uid, created_revision, created_s, revision, generation,
 *    digest of body, digest of status|nil, node|nil, deleted_s, grace_s] */
#include "base/mem.h"
#include "proto/object.h"

enum { OBJECT_CODE_VERSION = 1, OBJECT_CODE_FIELDS = 14 };

static void object_put_text(struct str s, struct buf *out)
{
    if (s.p)
        mp_put_str(out, s);
    else
        mp_put_nil(out);
}

void object_encode(const struct object *o, struct buf *out)
{
    mp_put_array(out, OBJECT_CODE_FIELDS);
    mp_put_int(out, OBJECT_CODE_VERSION);
    mp_put_z(out, o->id->kind->key);
    object_put_text(istr_str(o->id->ns), out);
    mp_put_str(out, object_name(o));
    mp_put_bin(out, o->id->uid.bytes, sizeof o->id->uid.bytes);
    mp_put_uint(out, o->id->created_revision);
    mp_put_int(out, o->id->created_s);
    mp_put_uint(out, o->revision);
    mp_put_uint(out, o->generation);
    mp_put_bin(out, &o->body->digest, sizeof o->body->digest);
    if (o->status)
        mp_put_bin(out, &o->status->digest, sizeof o->status->digest);
    else
        mp_put_nil(out);
    object_put_text(istr_str(o->node), out);
    mp_put_int(out, o->deleted_s);
    mp_put_int(out, o->grace_s);
}

/* Reads elements one after the other; one that is missing or of a wrong type is remembered. */
struct decoder {
    struct mp_iter it;
    bool damaged;
};

static struct mp object_take(struct decoder *d, enum mp_type type, bool or_nil)
{
    struct mp v = {0};
    if (mp_iter_next(&d->it)) v = d->it.value;
    if (v.type != type && !(or_nil && v.type == MP_NIL)) d->damaged = true;
    return v;
}

static uint64_t object_take_uint(struct decoder *d, uint64_t most)
{
    struct mp v = {0};
    if (mp_iter_next(&d->it)) v = d->it.value;
    uint64_t value = v.type == MP_UINT ? v.u : v.type == MP_INT && v.i >= 0 ? (uint64_t)v.i : 0;
    bool number = v.type == MP_UINT || (v.type == MP_INT && v.i >= 0);
    if (!number || value > most) d->damaged = true;
    return value;
}

static bool object_take_digest(struct decoder *d, bool or_nil, struct digest *out)
{
    struct mp v = object_take(d, MP_BIN, or_nil);
    if (v.type == MP_BIN && v.s.n != sizeof *out) d->damaged = true;
    if (v.type != MP_BIN || d->damaged) return false;
    memcpy(out, v.s.p, sizeof *out);
    return true;
}

/* Everything but the documents. The object is not whole yet; NULL: damaged. */
struct draft {
    const struct kind *kind;
    struct str ns, name, uid, node;
    uint64_t created_revision, revision, generation;
    int64_t created_s, deleted_s, grace_s;
    struct digest body, status;
    bool has_status;
};

static int object_take_draft(struct str bytes, struct draft *out, struct error *err)
{
    struct mp all = mp_read(bytes.p, bytes.n);
    struct decoder d = {.it = mp_items(all)};
    if (all.type != MP_ARRAY || !mp_valid(bytes.p, bytes.n))
        return error_set(err, E_CORRUPT, "object: not one array");
    uint64_t version = object_take_uint(&d, UINT64_MAX);
    if (!d.damaged && version != OBJECT_CODE_VERSION)
        return error_set(err, E_UNSUPPORTED, "object: encoding %llu of a newer build",
                         (unsigned long long)version);
    struct str key = object_take(&d, MP_STR, false).s;
    *out = (struct draft){.kind = kind_by_key(key)};
    out->ns = object_take(&d, MP_STR, true).s;
    out->name = object_take(&d, MP_STR, false).s;
    out->uid = object_take(&d, MP_BIN, false).s;
    out->created_revision = object_take_uint(&d, UINT64_MAX);
    out->created_s = object_take(&d, MP_INT, false).i;
    out->revision = object_take_uint(&d, UINT64_MAX);
    out->generation = object_take_uint(&d, UINT32_MAX);
    object_take_digest(&d, false, &out->body);
    out->has_status = object_take_digest(&d, true, &out->status);
    out->node = object_take(&d, MP_STR, true).s;
    out->deleted_s = object_take(&d, MP_INT, false).i;
    out->grace_s = object_take(&d, MP_INT, false).i;
    if (out->uid.n != sizeof(struct uid) || out->grace_s < INT32_MIN || out->grace_s > INT32_MAX)
        d.damaged = true;
    if (d.damaged) return error_set(err, E_CORRUPT, "object: damaged fields");
    if (!out->kind)
        return error_set(err, E_CORRUPT, "object: unknown kind '%.*s'", (int)key.n, key.p);
    return 0;
}

static struct doc *object_find(struct doc *(*find)(void *ctx, const struct digest *), void *ctx,
                               const struct draft *draft, bool status, struct error *err)
{
    const struct digest *wanted = status ? &draft->status : &draft->body;
    struct doc *d = find(ctx, wanted);
    char hex[DIGEST_HEX];
    digest_hex(wanted, hex);
    if (!d)
        error_set(err, E_CORRUPT, "%s %.*s: no document %s for its %s", draft->kind->key,
                  (int)draft->name.n, draft->name.p, hex, status ? "status" : "body");
    return d;
}

int object_decode(struct str bytes, struct doc *(*find)(void *ctx, const struct digest *),
                  void *ctx, struct object **out, struct error *err)
{
    struct draft draft;
    int rc = object_take_draft(bytes, &draft, err);
    if (rc) return rc;
    struct doc *body = object_find(find, ctx, &draft, false, err), *status = NULL;
    if (body && draft.has_status) status = object_find(find, ctx, &draft, true, err);
    if (!body || (draft.has_status && !status)) {
        doc_unref(body);
        return E_CORRUPT;
    }
    struct ident *id = ident_new(draft.kind, draft.ns.p ? istr_get(draft.ns) : NULL, draft.name);
    memcpy(id->uid.bytes, draft.uid.p, sizeof id->uid.bytes);
    id->created_revision = draft.created_revision;
    id->created_s = draft.created_s;
    struct object *o = object_new(id, body, status);
    o->revision = draft.revision;
    o->generation = (uint32_t)draft.generation;
    o->node = draft.node.p ? istr_get(draft.node) : NULL;
    o->deleted_s = draft.deleted_s;
    o->grace_s = (int32_t)draft.grace_s;
    object_seal(o);
    *out = o;
    return 0;
}
