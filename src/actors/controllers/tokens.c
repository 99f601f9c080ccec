/* Every service account has a Secret with a token, and lists it; a token without its account goes.
 * A Secret of that type that somebody else made gets its token too. */
#include "actors/tokens.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/lookout.h"
#include "actors/edit.h"
#include "base/mem.h"
#include "proto/names.h"

#include <stdio.h>

/* Signing takes the better part of a millisecond. */
enum { LOOKS_PER_TURN = 8 };

struct tokens {
    struct subscriber subscriber;
    struct lookout lookout;
    struct world *world;
    const struct token_mint *mint;
};

static struct tokens *tokens_of(struct subscriber *s)
{
    return container_of(s, struct tokens, subscriber);
}

static struct str account_named_by(const struct object *secret)
{
    return mp_str(mp_get(doc_path(secret->body, "metadata.annotations"), TOKEN_ACCOUNT));
}

/* --- accounts --- */

static bool has_token(struct world *w, const struct object *account)
{
    struct mp secrets = doc_path(account->body, "secrets");
    for (struct mp_iter it = mp_items(secrets); mp_iter_next(&it);) {
        struct object *o =
            world_get(w, kind_secret, account->id->ns, mp_str(mp_get(it.value, "name")));
        if (o && token_is_of(o, account)) return true;
    }
    return false;
}

/* "default-token-": what names of tokens that are made here begin with. */
static void name_prefix(const struct object *account, char *out, size_t size)
{
    enum { BASE_MAX = 180 };
    snprintf(out, size, "%.*s-token-", BASE_MAX, account->id->name);
}

static struct doc *token_body(const struct object *account)
{
    char uid[UID_TEXT];
    uid_text(&account->id->uid, uid);
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 2);
    mp_put_z(&b, "metadata");
    mp_put_map(&b, 1);
    mp_put_z(&b, "annotations");
    mp_put_map(&b, 2);
    mp_put_z(&b, TOKEN_ACCOUNT);
    mp_put_z(&b, account->id->name);
    mp_put_z(&b, TOKEN_ACCOUNT_ID);
    mp_put_z(&b, uid);
    mp_put_z(&b, "type");
    mp_put_z(&b, TOKEN_TYPE);
    return doc_from_buf(&b);
}

/* The account with one more Secret, and without those of ours that are no more. */
static struct doc *account_with(struct world *w, const struct object *account, const char *secret)
{
    char prefix[256];
    name_prefix(account, prefix, sizeof prefix);
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 1;
    size_t mark = mp_begin(&list);
    struct mp old = doc_path(account->body, "secrets");
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it);) {
        struct str name = mp_str(mp_get(it.value, "name"));
        if (str_starts(name, prefix) && !world_get(w, kind_secret, account->id->ns, name)) continue;
        mp_put(&list, it.value);
        count++;
    }
    mp_put_map(&list, 1);
    mp_put_z(&list, "name");
    mp_put_z(&list, secret);
    mp_end_array(&list, mark, count);
    return edit_doc(account->body, "secrets", edit_value(&list));
}

/* Both in one entry: the account never names a token for longer than it takes to find out that it
 * was refused. */
static void make_token(struct tokens *c, struct look *look, const struct object *account)
{
    char prefix[256], suffix[6], name[264];
    unsigned char random[8];
    struct host *host = system_host(c->lookout.system);
    host->random(host, random, sizeof random);
    name_suffix(random, suffix);
    name_prefix(account, prefix, sizeof prefix);
    snprintf(name, sizeof name, "%s%s", prefix, suffix);
    struct doc *plain = token_body(account);
    struct doc *body = c->mint->mint(c->mint, account, str_of(name), plain);
    doc_unref(plain);
    struct command *update =
        acting_on_version(COMMAND_UPDATE, account, c->lookout.who, look->cause);
    update->body = account_with(c->world, account, name);
    look_send(look, look_create(look, kind_secret, account->id->ns, str_of(name), body));
    look_send(look, update);
}

/* It is gone, or another one of its name is there: its tokens are looked at. */
static void look_at_tokens_of(struct tokens *c, const struct look *look)
{
    istr ns = look->ns;
    for (struct actor *a = world_first(c->world, kind_secret, ns); a; a = world_next(a, ns))
        if (token_is_secret(a->object) && str_eq(account_named_by(a->object), look_name(look)))
            lookout_add(&c->lookout, kind_secret, ns, actor_name(a), look->cause);
}

static bool namespace_lasts(const struct world *w, istr ns)
{
    const struct object *o = world_get((struct world *)w, kind_namespace, NULL, istr_str(ns));
    return o && !o->deleted_s;
}

static void look_at_account(struct tokens *c, struct look *look)
{
    const struct object *account =
        world_get(c->world, kind_serviceaccount, look->ns, look_name(look));
    if (!account)
        look_at_tokens_of(c, look);
    else if (!account->deleted_s && namespace_lasts(c->world, look->ns) &&
             !has_token(c->world, account))
        make_token(c, look, account);
}

/* --- tokens --- */

static bool is_filled(const struct object *secret)
{
    struct mp root = doc_root(secret->body);
    return mp_get(root, "sealed").type != MP_END || mp_get(root, "data").count > 0;
}

static void fill_token(struct tokens *c, struct look *look, const struct object *account,
                       const struct object *secret)
{
    char text[UID_TEXT];
    uid_text(&account->id->uid, text);
    buf_auto struct buf annotations = BUF_INIT;
    struct mp old = doc_path(secret->body, "metadata.annotations");
    mp_put_map(&annotations, old.count + 1);
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it);) {
        mp_put_str(&annotations, it.key);
        mp_put(&annotations, it.value);
    }
    mp_put_z(&annotations, TOKEN_ACCOUNT_ID);
    mp_put_z(&annotations, text);
    bool named = mp_get(old, TOKEN_ACCOUNT_ID).type != MP_END;
    struct doc *plain =
        named ? doc_ref(secret->body)
              : edit_doc(secret->body, "metadata.annotations", edit_value(&annotations));
    struct command *update = acting_on_version(COMMAND_UPDATE, secret, c->lookout.who, look->cause);
    update->body = c->mint->mint(c->mint, account, object_name(secret), plain);
    doc_unref(plain);
    look_send(look, update);
}

static void look_at_token(struct tokens *c, struct look *look)
{
    const struct object *secret = world_get(c->world, kind_secret, look->ns, look_name(look));
    if (!secret || secret->deleted_s || !token_is_secret(secret)) return;
    struct mp named = mp_get(doc_path(secret->body, "metadata.annotations"), TOKEN_ACCOUNT_ID);
    const struct object *account =
        world_get(c->world, kind_serviceaccount, look->ns, account_named_by(secret));
    if (!account || (named.type != MP_END && !token_is_of(secret, account)))
        look_send(look, acting_on(COMMAND_DELETE, secret, c->lookout.who, look->cause));
    else if (named.type == MP_END || !is_filled(secret))
        fill_token(c, look, account, secret);
}

/* --- the subscriber --- */

static void tokens_changed(struct subscriber *s, const struct change *change)
{
    struct tokens *c = tokens_of(s);
    const struct object *any = change->after ? change->after : change->before;
    if (!c->mint || !system_leads(c->lookout.system)) return;
    if (any->id->kind == kind_serviceaccount) {
        lookout_add(&c->lookout, any->id->kind, any->id->ns, object_name(any), change->revision);
    } else if (token_is_secret(any)) {
        struct str account = account_named_by(any);
        lookout_add(&c->lookout, any->id->kind, any->id->ns, object_name(any), change->revision);
        if (account.n)
            lookout_add(&c->lookout, kind_serviceaccount, any->id->ns, account, change->revision);
    }
}

static void tokens_lead(struct subscriber *s, bool leads)
{
    struct tokens *c = tokens_of(s);
    lookout_clear(&c->lookout);
    if (!leads || !c->mint) return;
    lookout_add_all(&c->lookout, kind_serviceaccount);
    for (struct actor *a = world_first(c->world, kind_secret, NULL); a; a = world_next(a, NULL))
        if (token_is_secret(a->object))
            lookout_add(&c->lookout, kind_secret, a->ns, actor_name(a), a->object->revision);
}

static void tokens_turn(struct subscriber *s, uint64_t now_ms)
{
    struct tokens *c = tokens_of(s);
    struct look *look;
    for (unsigned n = 0; n < LOOKS_PER_TURN && (look = lookout_take(&c->lookout, now_ms)); n++) {
        if (look->kind == kind_serviceaccount)
            look_at_account(c, look);
        else
            look_at_token(c, look);
        look_end(look);
    }
}

struct subscriber *tokens_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct tokens *c = mem_new(struct tokens);
    c->subscriber = (struct subscriber){
        .name = "tokens", .changed = tokens_changed, .lead = tokens_lead, .turn = tokens_turn};
    lookout_init(&c->lookout, s, "system:serviceaccount:kube-system:tokens-controller");
    c->world = system_world(s);
    c->mint = system_mint(s);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void tokens_controller_free(struct subscriber *s)
{
    struct tokens *c = tokens_of(s);
    list_remove(&s->link);
    lookout_free(&c->lookout);
    mem_free(c);
}
