/* Continue tokens: base64url over msgpack [1, revision, namespace or nil, name]. */
#include "api/snapshot.h"

#include <sodium.h>

enum { TOKEN_VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING, TOKEN_MAX = 1024 };

char *token_encode(const struct token *t)
{
    buf_auto struct buf b = BUF_INIT;
    mp_put_array(&b, 4);
    mp_put_int(&b, 1);
    mp_put_uint(&b, t->revision);
    if (t->ns.p)
        mp_put_str(&b, t->ns);
    else
        mp_put_nil(&b);
    mp_put_str(&b, t->name);
    size_t room = sodium_base64_encoded_len(b.len, TOKEN_VARIANT);
    char *text = mem_alloc(room);
    sodium_bin2base64(text, room, (const unsigned char *)b.data, b.len, TOKEN_VARIANT);
    return text;
}

bool token_decode(struct str text, struct buf *memory, struct token *out)
{
    if (text.n > TOKEN_MAX) return false;
    unsigned char *to = (unsigned char *)buf_reserve(memory, text.n + 1);
    if (sodium_base642bin(to, text.n + 1, text.p, text.n, NULL, &memory->len, NULL, TOKEN_VARIANT))
        return false;
    if (!mp_valid(memory->data, memory->len)) return false;
    struct mp root = mp_read(memory->data, memory->len);
    struct mp revision = mp_at(root, 1), ns = mp_at(root, 2), name = mp_at(root, 3);
    if (root.type != MP_ARRAY || mp_i64(mp_at(root, 0), 0) != 1) return false;
    if (mp_i64(revision, -1) < 1 || name.type != MP_STR) return false;
    if (ns.type != MP_STR && ns.type != MP_NIL) return false;
    *out = (struct token){.revision = (uint64_t)mp_i64(revision, 0), .name = mp_str(name)};
    if (ns.type == MP_STR) out->ns = mp_str(ns);
    return true;
}
