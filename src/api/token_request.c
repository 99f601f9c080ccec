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
};

static void token_request_free(void *state)
{
    struct token_request *t = state;
    buf_free(&t->doc);
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
    } else if (mp_path(doc, "spec.boundObjectRef").type == MP_MAP) {
        cause = (struct cause){"FieldValueForbidden", (char *)"spec.boundObjectRef",
                               (char *)"Forbidden: tokens end with their account only"};
    } else {
        return true;
    }
    reply_invalid(r, r->route.name, &(struct causes){&cause, 1, 1});
    return false;
}

static void put_status(struct request *r, const struct object *account, struct mp doc,
                       struct buf *out)
{
    char uid[UID_TEXT], until[TIME_TEXT];
    int64_t now_s = time(NULL);
    uid_text(&account->id->uid, uid);
    struct account_claims claims = {.ns = istr_str(account->id->ns),
                                    .name = object_name(account),
                                    .uid = str_of(uid),
                                    .issued_s = now_s,
                                    .expires_s = now_s + seconds_of(doc),
                                    .audiences = mp_path(doc, "spec.audiences")};
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

static void token_found(struct request *r, struct fetch *f)
{
    struct token_request *t = r->state;
    if (!f->count) {
        reply_not_found(r);
        return;
    }
    struct mp doc = mp_read(t->doc.data, t->doc.len);
    buf_auto struct buf status = BUF_INIT, seconds = BUF_INIT, one = BUF_INIT, all = BUF_INIT;
    buf_auto struct buf json = BUF_INIT;
    put_status(r, f->objects[0], doc, &status);
    mp_put_int(&seconds, seconds_of(doc));
    edit_put(&one, doc, "spec.expirationSeconds", edit_value(&seconds));
    edit_put(&all, mp_read(one.data, one.len), "status", edit_value(&status));
    json_write(mp_read(all.data, all.len), &json);
    reply_json(r, 201, &json);
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
