/* Questions that are posted as objects and answered in their status: who am I, whose token is this,
 * may I do that. Nothing is kept. Everybody who is known may do everything. */
#include "api/review.h"
#include "actors/edit.h"
#include "api/account_auth.h"
#include "api/account_claims.h"
#include "api/impersonate.h"
#include "api/write.h"
#include "proto/json.h"

struct review {
    struct buf doc; /* as asked */
};

static void review_free(void *state)
{
    struct review *v = state;
    buf_free(&v->doc);
    mem_free(v);
}

static void review_answer(struct request *r, const struct buf *status)
{
    struct review *v = r->state;
    buf_auto struct buf all = BUF_INIT, json = BUF_INIT;
    edit_put(&all, mp_read(v->doc.data, v->doc.len), "status", edit_value(status));
    json_write(mp_read(all.data, all.len), &json);
    reply_json(r, 201, &json);
}

/* --- may it be done? --- */

static void answer_access(struct request *r)
{
    buf_auto struct buf status = BUF_INIT;
    mp_put_map(&status, 1);
    mp_put_z(&status, "allowed");
    mp_put_bool(&status, true);
    review_answer(r, &status);
}

static void put_all_of(struct buf *out, const char *const *fields, unsigned n)
{
    mp_put_array(out, 1);
    mp_put_map(out, n);
    for (unsigned i = 0; i < n; i++) {
        mp_put_z(out, fields[i]);
        mp_put_array(out, 1);
        mp_put_z(out, "*");
    }
}

static void answer_rules(struct request *r)
{
    static const char *const of_resources[] = {"verbs", "apiGroups", "resources"};
    static const char *const of_paths[] = {"verbs", "nonResourceURLs"};
    buf_auto struct buf status = BUF_INIT;
    mp_put_map(&status, 3);
    mp_put_z(&status, "resourceRules");
    put_all_of(&status, of_resources, 3);
    mp_put_z(&status, "nonResourceRules");
    put_all_of(&status, of_paths, 2);
    mp_put_z(&status, "incomplete");
    mp_put_bool(&status, false);
    review_answer(r, &status);
}

/* --- whose is it? --- */

/* Of a service account, of whom a token in the tokens file names, or of whom a certificate names.
 */
static uint32_t put_groups(struct request *r, const struct account_user *account, struct str token,
                           struct buf *out)
{
    const struct tls_peer *peer = http_peer(r->x);
    buf_auto struct buf group = BUF_INIT;
    if (account) {
        buf_printf(&group, "system:serviceaccounts:%.*s", (int)account->ns.n, account->ns.p);
        mp_put_z(out, "system:serviceaccounts");
        mp_put_str(out, (struct str){group.data, group.len});
        return 2;
    }
    if (token.n) return auth_put_token_groups(r->api->auth, token, out);
    if (peer) return auth_put_peer_groups(peer, out);
    mp_put_z(out, "system:masters"); /* without TLS everybody is the administrator */
    return 1;
}

static void put_extra(struct buf *out, const char *key, struct str value)
{
    mp_put_z(out, key);
    mp_put_array(out, 1);
    mp_put_str(out, value);
}

static void put_user(struct request *r, istr name, const struct account_user *account,
                     struct str token, struct buf *out)
{
    bool bound = account && account->pod.n;
    mp_put_map(out, 2u + (account != NULL) + bound);
    mp_put_z(out, "username");
    mp_put_z(out, name);
    if (account) {
        mp_put_z(out, "uid");
        mp_put_str(out, account->uid);
    }
    mp_put_z(out, "groups");
    size_t mark = mp_begin(out);
    uint32_t count = put_groups(r, account, token, out);
    mp_put_z(out, "system:authenticated");
    mp_end_array(out, mark, count + 1);
    if (!bound) return;
    mp_put_z(out, "extra");
    mp_put_map(out, 2);
    put_extra(out, "authentication.kubernetes.io/pod-name", account->pod);
    put_extra(out, "authentication.kubernetes.io/pod-uid", account->pod_uid);
}

static void answer_user(struct request *r, istr name, const struct account_user *account)
{
    const struct review *v = r->state;
    struct str token = mp_str(mp_path(mp_read(v->doc.data, v->doc.len), "spec.token"));
    buf_auto struct buf status = BUF_INIT;
    mp_put_map(&status, name ? 3 : 2);
    if (name) {
        mp_put_z(&status, "authenticated");
        mp_put_bool(&status, true);
        mp_put_z(&status, "audiences");
        if (account)
            mp_put(&status, account->audiences);
        else
            account_put_our_audience(&status);
        mp_put_z(&status, "user");
        put_user(r, name, account, token, &status);
    } else {
        mp_put_z(&status, "user");
        mp_put_map(&status, 0);
        mp_put_z(&status, "error");
        mp_put_z(&status, "invalid bearer token");
    }
    review_answer(r, &status);
}

static void answer_account(struct request *r, const struct account_user *who)
{
    answer_user(r, who ? who->name : NULL, who);
}

static void answer_token(struct request *r)
{
    struct review *v = r->state;
    struct mp spec = mp_get(mp_read(v->doc.data, v->doc.len), "spec");
    struct mp audiences = mp_get(spec, "audiences");
    struct str token = mp_str(mp_get(spec, "token"));
    if (account_identify(r, token, audiences, answer_account)) return;
    bool known = token.n && account_audience_is_ours(audiences);
    answer_user(r, known ? auth_token_user(r->api->auth, token) : NULL, NULL);
}

/* --- who am I? --- */

static void answer_self_as(struct request *r, const struct account_user *account)
{
    struct str token = account_bearer(http_header(r->x, "Authorization"));
    buf_auto struct buf status = BUF_INIT;
    mp_put_map(&status, 1);
    mp_put_z(&status, "userInfo");
    if (r->impersonates)
        impersonate_put_user(r, &status);
    else
        put_user(r, r->user, account, token, &status);
    review_answer(r, &status);
}

static void answer_self(struct request *r)
{
    struct str token = account_bearer(http_header(r->x, "Authorization"));
    if (r->impersonates || !account_identify(r, token, (struct mp){0}, answer_self_as))
        answer_self_as(r, NULL);
}

static const struct {
    const char *kind;
    void (*answer)(struct request *r);
} reviews[] = {
    {"TokenReview", answer_token},
    {"SelfSubjectReview", answer_self},
    {"SelfSubjectAccessReview", answer_access},
    {"SubjectAccessReview", answer_access},
    {"LocalSubjectAccessReview", answer_access},
    {"SelfSubjectRulesReview", answer_rules},
};

static bool review_read(struct request *r)
{
    struct write_options options;
    buf_auto struct buf body = BUF_INIT, kind = BUF_INIT, version = BUF_INIT, named = BUF_INIT;
    buf_auto struct buf pruned = BUF_INIT;
    struct review *v = r->state;
    if (!write_options_parse(r, &options)) return false;
    if (!write_body(r, r->route.served->type, false, &body)) return false;
    struct mp doc = mp_read(body.data, body.len);
    if (!write_check_kind(r, doc) || !write_check_place(r, doc)) return false;
    if (!write_structure(r, &options, doc, &pruned)) return false;
    if (!review_check(r, mp_read(pruned.data, pruned.len))) return false;
    mp_put_z(&kind, r->route.kind->kind);
    mp_put_z(&version, r->route.served->api_version);
    edit_put(&named, mp_read(pruned.data, pruned.len), "kind", edit_value(&kind));
    edit_put(&v->doc, mp_read(named.data, named.len), "apiVersion", edit_value(&version));
    return true;
}

void serve_review(struct request *r)
{
    r->state = mem_new(struct review);
    r->state_free = review_free;
    if (!accept_plain(http_header(r->x, "Accept"))) { /* an answer has no rows */
        reply_error(r, 406, NULL, "only the following media types are accepted: application/json");
        return;
    }
    if (!review_read(r)) return;
    for (size_t i = 0; i < sizeof reviews / sizeof *reviews; i++)
        if (strcmp(reviews[i].kind, r->route.kind->kind) == 0) {
            reviews[i].answer(r);
            return;
        }
    reply_no_such_method(r);
}
