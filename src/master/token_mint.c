#include "master/token_mint.h"

#include "actors/edit.h"
#include "api/account_claims.h"
#include "api/seal.h"
#include "base/mem.h"
#include "net/jwt.h"
#include "proto/base64.h"

#include <errno.h>
#include <stdio.h>

static void put_data(struct buf *out, const char *key, struct str bytes)
{
    buf_auto struct buf text = BUF_INIT;
    base64_encode(bytes, &text);
    mp_put_z(out, key);
    mp_put_str(out, (struct str){text.data, text.len});
}

static void put_token(const struct master_mint *m, const struct object *account, struct str secret,
                      struct buf *data)
{
    char uid[UID_TEXT];
    uid_text(&account->id->uid, uid);
    struct account_claims claims = {.ns = istr_str(account->id->ns),
                                    .name = object_name(account),
                                    .uid = str_of(uid),
                                    .secret = secret};
    buf_auto struct buf json = BUF_INIT, token = BUF_INIT;
    account_claims_write(&claims, &json);
    jwt_sign(m->key, (struct str){json.data, json.len}, &token);
    put_data(data, "token", (struct str){token.data, token.len});
}

/* What the Secret holds besides stays. */
static struct doc *body_in_clear(const struct master_mint *m, const struct object *account,
                                 struct str secret, const struct doc *body)
{
    struct object *sealed = object_new(ident_new(kind_secret, account->id->ns, secret),
                                       doc_ref((struct doc *)body), NULL);
    struct object *open = seal_open(m->seal_key, sealed);
    struct doc *clear = doc_ref(open->body);
    object_unref(open);
    object_unref(sealed);
    return clear;
}

static struct doc *mint(const struct token_mint *base, const struct object *account,
                        struct str secret, const struct doc *body)
{
    static const char *const made[] = {"ca.crt", "namespace", "token"};
    const struct master_mint *m = container_of(base, struct master_mint, mint);
    struct doc *clear = body_in_clear(m, account, secret, body);
    buf_auto struct buf data = BUF_INIT;
    uint32_t pairs = 3;
    size_t mark = mp_begin(&data);
    put_data(&data, made[0], (struct str){m->ca.data, m->ca.len});
    put_data(&data, made[1], istr_str(account->id->ns));
    put_token(m, account, secret, &data);
    struct mp old = doc_path(clear, "data");
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it);) {
        if (str_is(it.key, made[0]) || str_is(it.key, made[1]) || str_is(it.key, made[2])) continue;
        mp_put_str(&data, it.key);
        mp_put(&data, it.value);
        pairs++;
    }
    mp_end_map(&data, mark, pairs);
    struct doc *filled = edit_doc(clear, "data", edit_value(&data));
    doc_unref(clear);
    return seal_close(m->seal_key, filled, NULL);
}

static struct str root_ca(const struct token_mint *base)
{
    const struct master_mint *m = container_of(base, struct master_mint, mint);
    return (struct str){m->ca.data, m->ca.len};
}

int master_mint_open(struct master_mint *m, const struct jwt_key *key,
                     const unsigned char *seal_key, const char *ca_file, struct error *err)
{
    *m = (struct master_mint){.mint = {mint, root_ca}, .key = key, .seal_key = seal_key};
    FILE *file = fopen(ca_file, "re");
    if (!file) return error_set(err, E_IO, "%s: %s", ca_file, strerror(errno));
    size_t got;
    do {
        got = fread(buf_reserve(&m->ca, 4096), 1, 4096, file);
        m->ca.len += got;
    } while (got);
    bool failed = ferror(file);
    fclose(file);
    return failed ? error_set(err, E_IO, "%s: cannot be read", ca_file) : 0;
}
