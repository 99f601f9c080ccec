/* POST serviceaccounts/x/token: a token that expires, without a Secret. */
#include "actors/edit.h"
#include "api/account_claims.h"
#include "api/write.h"
#include "net/jwt.h"
#include "proto/json.h"
#include "proto/timefmt.h"

#include <time.h>

enum { DEFAULT_S = 3600, LEAST_S = 600 };
static const int64_t most_s = (int64_t)1 << 32;

struct token_request {
    struct buf doc; /* as asked */
    struct object *account;
};

static void token_request_free(void *state)
{
    struct token_request *t = state;
    buf_free(&t->doc);
    object_unref(t->account);
    mem_free(t);
}

static int64_t seconds_of(struct mp doc)
{
    return mp_i64(mp_path(doc, "spec.expirationSeconds"), DEFAULT_S);
}

/* Refuses what cannot be given. */
static bool token_may_be_had(struct request *r, struct mp doc)
{
    struct cause cause = {"FieldValueInvalid", (char *)"spec.expirationSeconds", NULL};
    int64_t seconds = seconds_of(doc);
    if (seconds < LEAST_S) {
        cause.message = (char *)"Invalid value: may not specify a duration less than 10 minutes";
    } else if (seconds > most_s) {
        cause.message =
            (char *)"Invalid value: may not specify a duration larger than 2^32 seconds";
    } else {
        return true;
    }
    reply_invalid(r, r->route.name, &(struct causes){&cause, 1, 1});
    return false;
}

/* `bound`: the object that the token ends with, or NULL. */
static void put_status(struct request *r, const struct object *bound, struct mp doc,
                       struct buf *out)
{
    const struct object *account = ((struct token_request *)r->state)->account;
    char uid[UID_TEXT], bound_uid[UID_TEXT], until[TIME_TEXT];
    int64_t now_s = time(NULL);
    uid_text(&account->id->uid, uid);
    struct account_claims claims = {.ns = istr_str(account->id->ns),
                                    .name = object_name(account),
                                    .uid = str_of(uid),
                                    .issued_s = now_s,
                                    .expires_s = now_s + seconds_of(doc),
                                    .audiences = mp_path(doc, "spec.audiences")};
    if (bound) {
        uid_text(&bound->id->uid, bound_uid);
        claims.bound = bound->id->kind;
        claims.bound_name = object_name(bound);
        claims.bound_uid = str_of(bound_uid);
    }
    buf_auto struct buf json = BUF_INIT, token = BUF_INIT;
    account_claims_write(&claims, &json);
    jwt_sign(r->api->options.account_key, (struct str){json.data, json.len}, &token);
    time_format_s(claims.expires_s, until);
    mp_put_map(out, 2);
    mp_put_z(out, "token");
    mp_put_str(out, (struct str){token.data, token.len});
    mp_put_z(out, "expirationTimestamp");
    mp_put_z(out, until);
}

static void token_give(struct request *r, const struct object *bound)
{
    struct token_request *t = r->state;
    struct mp doc = mp_read(t->doc.data, t->doc.len);
    buf_auto struct buf status = BUF_INIT, seconds = BUF_INIT, one = BUF_INIT, all = BUF_INIT;
    buf_auto struct buf json = BUF_INIT;
    put_status(r, bound, doc, &status);
    mp_put_int(&seconds, seconds_of(doc));
    edit_put(&one, doc, "spec.expirationSeconds", edit_value(&seconds));
    edit_put(&all, mp_read(one.data, one.len), "status", edit_value(&status));
    json_write(mp_read(all.data, all.len), &json);
    reply_json(r, 201, &json);
}

static struct mp token_reference(struct request *r)
{
    struct token_request *t = r->state;
    return mp_path(mp_read(t->doc.data, t->doc.len), "spec.boundObjectRef");
}

static void token_bound_missing(struct request *r, const char *resource, struct str name)
{
    buf_auto struct buf message = BUF_INIT;
    buf_printf(&message, "%s \"%.*s\" not found", resource, (int)name.n, name.p);
    reply_status(
        r, &(struct status){.code = 404, .message = message.data, .name = name, .kind = resource});
}

/* Only the object that was meant will do, and a pod only with its own account. */
static void token_bound_found(struct request *r, struct fetch *f)
{
    struct token_request *t = r->state;
    struct mp ref = token_reference(r);
    struct str wanted = mp_str(mp_get(ref, "uid")), name = mp_str(mp_get(ref, "name"));
    const struct object *o = f->count ? f->objects[0] : NULL;
    struct uid uid;
    if (!o)
        token_bound_missing(r, f->kind->resource, name);
    else if (o->id->kind == kind_pod &&
             !str_eq(mp_str(doc_path(o->body, "spec.serviceAccountName")), object_name(t->account)))
        reply_error(r, 400, NULL,
                    "cannot bind token for serviceaccount \"%s\" to pod running with different "
                    "serviceaccount name.",
                    t->account->id->name);
    else if (wanted.n && !(uid_parse(wanted, &uid) && uid_equal(&uid, &o->id->uid)))
        reply_error(r, 409, NULL,
                    "Operation cannot be fulfilled on %s \"%.*s\": the UID in the bound object "
                    "reference (%.*s) does not match the UID in record. The object might have been "
                    "deleted and then recreated",
                    f->kind->resource, (int)name.n, name.p, (int)wanted.n, wanted.p);
    else
        token_give(r, o);
}

static void token_found(struct request *r, struct fetch *f)
{
    struct token_request *t = r->state;
    struct mp ref = token_reference(r);
    struct str version = mp_str(mp_get(ref, "apiVersion")), kind = mp_str(mp_get(ref, "kind"));
    struct str name = mp_str(mp_get(ref, "name"));
    if (!f->count) {
        reply_not_found(r);
        return;
    }
    t->account = object_ref(f->objects[0]);
    const struct kind *bound = account_bound_kind(version, kind);
    if (ref.type != MP_MAP)
        token_give(r, NULL);
    else if (!bound)
        reply_error(r, 400, NULL, "cannot bind token to object of type %.*s, Kind=%.*s",
                    (int)version.n, version.p ? version.p : "", (int)kind.n, kind.p ? kind.p : "");
    else
        fetch_start(r, bound, r->route.ns, name.n ? name : STR(""), FRESH_LINEARIZABLE,
                    token_bound_found);
}

void serve_token(struct request *r)
{
    struct write_options options;
    buf_auto struct buf body = BUF_INIT;
    struct token_request *t = mem_new(struct token_request);
    r->state = t;
    r->state_free = token_request_free;
    if (!r->api->options.account_key) {
        reply_no_such_method(r);
        return;
    }
    if (!write_options_parse(r, &options)) return;
    if (!write_body(r, r->route.sub->type, false, &body)) return;
    /* Some clients leave out what it is. */
    buf_auto struct buf kind = BUF_INIT, version = BUF_INIT, named = BUF_INIT;
    mp_put_z(&kind, "TokenRequest");
    mp_put_z(&version, "authentication.k8s.io/v1");
    edit_put(&named, mp_read(body.data, body.len), "kind", edit_value(&kind));
    edit_put(&t->doc, mp_read(named.data, named.len), "apiVersion", edit_value(&version));
    if (token_may_be_had(r, mp_read(t->doc.data, t->doc.len)))
        fetch_start(r, kind_serviceaccount, r->route.ns, r->route.name, FRESH_LINEARIZABLE,
                    token_found);
}
