/* A stage on which service accounts get tokens. */
#ifndef LOGSHIP_TESTS_ACTORS_MINT_H
#define LOGSHIP_TESTS_ACTORS_MINT_H

#include "stage.h"

#include "actors/tokens.h"

/* Makes tokens that say whose they are. */
static inline struct doc *fake_mint(const struct token_mint *m, const struct object *account,
                                    struct str secret, const struct doc *body)
{
    (void)m;
    char token[128];
    snprintf(token, sizeof token, "%s/%s/%.*s", account->id->ns, account->id->name, (int)secret.n,
             secret.p);
    buf_auto struct buf data = BUF_INIT;
    mp_put_map(&data, 1);
    mp_put_z(&data, "token");
    mp_put_z(&data, token);
    return edit_doc(body, "data", edit_value(&data));
}

static inline struct str fake_root_ca(const struct token_mint *m)
{
    (void)m;
    return STR("the CA");
}

static const struct token_mint fake = {fake_mint, fake_root_ca};

static inline struct stage *open_stage(void)
{
    struct stage *s = stage_open_with(NULL, &fake);
    stage_pass(s, 200);
    return s;
}

/* The token of an account that the account lists; its name must be unique among them. */
static inline struct object *token_of(struct stage *s, const char *account)
{
    struct object *o = stage_get(s, kind_serviceaccount, account), *found = NULL;
    assert_non_null(o);
    struct mp list = doc_path(o->body, "secrets");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct object *secret =
            world_get(s->world, kind_secret, o->id->ns, mp_str(mp_get(it.value, "name")));
        if (!secret || !token_is_of(secret, o)) continue;
        assert_null(found);
        found = secret;
    }
    return found;
}

#endif
