#include "api/seal.h"

#include "api/edit.h"
#include "base/mem.h"
#include "base/trace.h"

#include <sodium.h>

#define APPLIED "kubectl.kubernetes.io/last-applied-configuration"

enum {
    NONCE = crypto_secretbox_NONCEBYTES,
    OVERHEAD = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
};

static void seal_box(const unsigned char *key, const struct buf *plain, struct buf *out)
{
    unsigned char *box = mem_alloc(OVERHEAD + plain->len);
    randombytes_buf(box, NONCE);
    crypto_secretbox_easy(box + NONCE, (const unsigned char *)plain->data, plain->len, box, key);
    mp_put_bin(out, box, OVERHEAD + plain->len);
    mem_free(box);
}

/* Opens the body's box into `plain`; false: there is none, or it is not ours. */
static bool seal_unbox(const unsigned char *key, struct mp body, struct buf *plain)
{
    struct str box = mp_str(mp_get(body, "sealed"));
    if (box.n < OVERHEAD) return false;
    size_t n = box.n - OVERHEAD;
    const unsigned char *bytes = (const unsigned char *)box.p;
    char *to = buf_reserve(plain, n);
    if (crypto_secretbox_open_easy((unsigned char *)to, bytes + NONCE, box.n - NONCE, bytes, key)) {
        trace_error("seal", "a sealed body cannot be opened: another key?");
        return false;
    }
    plain->len += n;
    return mp_valid(plain->data, plain->len);
}

/* {"data": ..., "applied": ...}, either only when it is there. */
static bool seal_plain(struct mp data, struct mp applied, struct buf *plain)
{
    bool has_data = data.type == MP_MAP && data.count, has_applied = applied.type == MP_STR;
    mp_put_map(plain, (uint32_t)has_data + has_applied);
    if (has_data) {
        mp_put_z(plain, "data");
        mp_put(plain, data);
    }
    if (has_applied) {
        mp_put_z(plain, "applied");
        mp_put(plain, applied);
    }
    return has_data || has_applied;
}

static void seal_metadata(struct mp metadata, struct str applied, struct buf *out)
{
    buf_auto struct buf annotations = BUF_INIT;
    struct edit change = {APPLIED, applied};
    edit_map(mp_get(metadata, "annotations"), &change, 1, &annotations);
    bool empty = mp_read(annotations.data, annotations.len).count == 0;
    struct edit edit = {"annotations", empty ? (struct str){0} : edit_bytes(&annotations)};
    edit_map(metadata, &edit, 1, out);
}

struct doc *seal_close(const unsigned char *key, struct doc *body, const struct object *before)
{
    buf_auto struct buf plain = BUF_INIT, sealed = BUF_INIT, metadata = BUF_INIT, out = BUF_INIT;
    buf_auto struct buf old = BUF_INIT;
    struct mp root = doc_root(body), meta = mp_get(root, "metadata");
    if (!seal_plain(mp_get(root, "data"), mp_get(mp_get(meta, "annotations"), APPLIED), &plain))
        return body;
    bool same = before && seal_unbox(key, doc_root(before->body), &old) && old.len == plain.len &&
                sodium_memcmp(old.data, plain.data, plain.len) == 0;
    if (same)
        mp_put(&sealed, mp_get(doc_root(before->body), "sealed"));
    else
        seal_box(key, &plain, &sealed);
    seal_metadata(meta, (struct str){0}, &metadata);
    struct edit edits[] = {
        {"data", {0}}, {"metadata", edit_bytes(&metadata)}, {"sealed", edit_bytes(&sealed)}};
    edit_map(root, edits, 3, &out);
    sodium_memzero(plain.data, plain.len);
    doc_unref(body);
    return doc_from_buf(&out);
}

static struct doc *seal_opened(const struct doc *body, const struct buf *plain)
{
    buf_auto struct buf metadata = BUF_INIT, out = BUF_INIT;
    struct mp root = doc_root(body), inside = mp_read(plain->data, plain->len);
    struct mp data = mp_get(inside, "data"), applied = mp_get(inside, "applied");
    if (applied.type == MP_STR)
        seal_metadata(mp_get(root, "metadata"), applied.raw, &metadata);
    else
        mp_put(&metadata, mp_get(root, "metadata"));
    struct edit edits[] = {
        {"sealed", {0}}, {"data", data.raw}, {"metadata", edit_bytes(&metadata)}};
    edit_map(root, edits, 3, &out);
    return doc_from_buf(&out);
}

struct object *seal_open(const unsigned char *key, struct object *o)
{
    buf_auto struct buf plain = BUF_INIT;
    if (o->id->kind != kind_secret || !seal_unbox(key, doc_root(o->body), &plain))
        return object_ref(o);
    struct object *open = object_next(o);
    doc_unref(open->body);
    open->body = seal_opened(o->body, &plain);
    sodium_memzero(plain.data, plain.len);
    return open;
}
