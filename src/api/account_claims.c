#include "api/account_claims.h"

#include "actors/tokens.h"
#include "proto/json.h"

#define KEPT_ISSUER  "kubernetes/serviceaccount"
#define BOUND_ISSUER "https://kubernetes.default.svc.cluster.local"

/* A pod that ends may use its token a little longer, as clocks differ. */
enum { LEEWAY_S = 60 };

/* What tokens can be bound to, and what their claims call it. */
static const struct {
    const struct kind *const *kind;
    const char *claim;
} bindable[] = {{&kind_pod, "pod"}, {&kind_secret, "secret"}};
enum { BINDABLE = sizeof bindable / sizeof *bindable };

const struct kind *account_bound_kind(struct str api_version, struct str kind)
{
    for (size_t i = 0; i < BINDABLE && str_is(api_version, "v1"); i++)
        if (str_is(kind, (*bindable[i].kind)->kind)) return *bindable[i].kind;
    return NULL;
}

static void put(struct buf *out, const char *key, struct str value)
{
    mp_put_z(out, key);
    mp_put_str(out, value);
}

static void put_kept(const struct account_claims *c, struct str user, struct buf *out)
{
    mp_put_map(out, 6);
    put(out, "iss", STR(KEPT_ISSUER));
    put(out, "kubernetes.io/serviceaccount/namespace", c->ns);
    put(out, "kubernetes.io/serviceaccount/secret.name", c->secret);
    put(out, "kubernetes.io/serviceaccount/service-account.name", c->name);
    put(out, "kubernetes.io/serviceaccount/service-account.uid", c->uid);
    put(out, "sub", user);
}

static void put_reference(struct buf *out, const char *key, struct str name, struct str uid)
{
    mp_put_z(out, key);
    mp_put_map(out, 2);
    put(out, "name", name);
    put(out, "uid", uid);
}

static void put_bound(const struct account_claims *c, struct str user, struct buf *out)
{
    mp_put_map(out, 7);
    mp_put_z(out, "aud");
    if (c->audiences.count) {
        mp_put(out, c->audiences);
    } else {
        account_put_our_audience(out);
    }
    mp_put_z(out, "exp");
    mp_put_int(out, c->expires_s);
    mp_put_z(out, "iat");
    mp_put_int(out, c->issued_s);
    put(out, "iss", STR(BOUND_ISSUER));
    mp_put_z(out, "kubernetes.io");
    mp_put_map(out, c->bound ? 3 : 2);
    put(out, "namespace", c->ns);
    for (size_t i = 0; i < BINDABLE; i++)
        if (c->bound == *bindable[i].kind)
            put_reference(out, bindable[i].claim, c->bound_name, c->bound_uid);
    put_reference(out, "serviceaccount", c->name, c->uid);
    mp_put_z(out, "nbf");
    mp_put_int(out, c->issued_s);
    put(out, "sub", user);
}

void account_claims_user(const struct account_claims *c, struct buf *out)
{
    buf_printf(out, "system:serviceaccount:%.*s:%.*s", (int)c->ns.n, c->ns.p, (int)c->name.n,
               c->name.p);
}

void account_claims_write(const struct account_claims *c, struct buf *out)
{
    buf_auto struct buf packed = BUF_INIT, user = BUF_INIT;
    account_claims_user(c, &user);
    if (c->secret.n)
        put_kept(c, (struct str){user.data, user.len}, &packed);
    else
        put_bound(c, (struct str){user.data, user.len}, &packed);
    json_write(mp_read(packed.data, packed.len), out);
}

static void read_kept(struct mp root, struct account_claims *out)
{
    out->ns = mp_str(mp_get(root, "kubernetes.io/serviceaccount/namespace"));
    out->name = mp_str(mp_get(root, "kubernetes.io/serviceaccount/service-account.name"));
    out->uid = mp_str(mp_get(root, "kubernetes.io/serviceaccount/service-account.uid"));
    out->secret = mp_str(mp_get(root, "kubernetes.io/serviceaccount/secret.name"));
}

static void read_bound(struct mp root, struct account_claims *out)
{
    struct mp ours = mp_get(root, "kubernetes.io"), account = mp_get(ours, "serviceaccount");
    out->ns = mp_str(mp_get(ours, "namespace"));
    out->name = mp_str(mp_get(account, "name"));
    out->uid = mp_str(mp_get(account, "uid"));
    out->issued_s = mp_i64(mp_get(root, "iat"), 0);
    out->expires_s = mp_i64(mp_get(root, "exp"), 0);
    out->audiences = mp_get(root, "aud");
    for (size_t i = 0; i < BINDABLE; i++) {
        struct mp bound = mp_get(ours, bindable[i].claim);
        if (bound.type != MP_MAP) continue;
        out->bound = *bindable[i].kind;
        out->bound_name = mp_str(mp_get(bound, "name"));
        out->bound_uid = mp_str(mp_get(bound, "uid"));
    }
}

bool account_claims_read(struct str json, struct buf *memory, struct account_claims *out)
{
    struct error err = {0};
    *out = (struct account_claims){0};
    if (json_parse(json.p, json.n, memory, &err)) return false;
    struct mp root = mp_read(memory->data, memory->len);
    if (mp_is(mp_get(root, "iss"), KEPT_ISSUER))
        read_kept(root, out);
    else if (mp_is(mp_get(root, "iss"), BOUND_ISSUER))
        read_bound(root, out);
    return out->ns.n && out->name.n && out->uid.n && (out->secret.n || out->expires_s);
}

static bool audience_among(struct mp list, struct str one)
{
    if (!list.count) return str_is(one, BOUND_ISSUER);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (str_eq(mp_str(it.value), one)) return true;
    return false;
}

bool account_audience_is_ours(struct mp wanted)
{
    return audience_among(wanted, STR(BOUND_ISSUER));
}

void account_put_our_audience(struct buf *out)
{
    mp_put_array(out, 1);
    mp_put_z(out, BOUND_ISSUER);
}

uint32_t account_claims_audiences(const struct account_claims *c, struct mp wanted, struct buf *out)
{
    size_t mark = mp_begin(out);
    uint32_t count = 0;
    if (!c->audiences.count && account_audience_is_ours(wanted)) {
        mp_put_z(out, BOUND_ISSUER);
        count++;
    }
    for (struct mp_iter it = mp_items(c->audiences); mp_iter_next(&it);) {
        if (!audience_among(wanted, mp_str(it.value))) continue;
        mp_put(out, it.value);
        count++;
    }
    mp_end_array(out, mark, count);
    return count;
}

static bool uid_is(const struct object *o, struct str text)
{
    struct uid uid;
    return uid_parse(text, &uid) && uid_equal(&uid, &o->id->uid);
}

static bool bound_is_there(const struct account_claims *c, struct world *w, istr ns, int64_t now_s)
{
    const struct object *o = world_get(w, c->bound, ns, c->bound_name);
    return o && uid_is(o, c->bound_uid) && (!o->deleted_s || now_s <= o->deleted_s + LEEWAY_S);
}

bool account_claims_hold(const struct account_claims *c, struct world *w, int64_t now_s)
{
    istr ns = istr_find(c->ns);
    const struct object *account = ns ? world_get(w, kind_serviceaccount, ns, c->name) : NULL;
    if (!account || account->deleted_s || !uid_is(account, c->uid)) return false;
    if (!c->secret.n) return now_s < c->expires_s && (!c->bound || bound_is_there(c, w, ns, now_s));
    const struct object *secret = world_get(w, kind_secret, ns, c->secret);
    return secret && !secret->deleted_s && token_is_of(secret, account);
}
