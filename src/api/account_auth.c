/* Service accounts at the door: the signature is checked here, whether the account and its token
 * still are is asked of the core. */
#include "api/account_auth.h"

#include "api/account_claims.h"
#include "base/mem.h"
#include "net/jwt.h"

#include <strings.h>

struct identification {
    struct ask ask;
    struct request *request;
    account_then_fn *then;
    struct buf memory, audiences;
    struct account_claims claims;
    bool fits, holds;
};

/* Core thread. */
static void identify_on_core(struct ask *a, struct system *s)
{
    struct identification *i = container_of(a, struct identification, ask);
    struct host *host = system_host(s);
    i->holds = account_claims_hold(&i->claims, system_world(s), host->wall_ms(host) / 1000);
}

static void identify_done(struct ask *a, int status)
{
    struct identification *i = container_of(a, struct identification, ask);
    struct request *r = i->request;
    struct account_user who = {.uid = i->claims.uid, .ns = i->claims.ns};
    bool good = !status && i->fits && i->holds;
    who.audiences = mp_read(i->audiences.data, i->audiences.len);
    if (i->claims.bound == kind_pod) {
        who.pod = i->claims.bound_name;
        who.pod_uid = i->claims.bound_uid;
    }
    if (good) {
        buf_auto struct buf name = BUF_INIT;
        account_claims_user(&i->claims, &name);
        who.name = istr_get((struct str){name.data, name.len});
    }
    if (r->x) i->then(r, good ? &who : NULL);
    buf_free(&i->audiences);
    buf_free(&i->memory);
    mem_free(i);
    request_unref(r);
}

bool account_identify(struct request *r, struct str token, struct mp audiences,
                      account_then_fn *then)
{
    const struct jwt_key *key = r->api->options.account_key;
    buf_auto struct buf json = BUF_INIT;
    if (!key || !jwt_verify(key, token, &json)) return false;
    struct identification *i = mem_new(struct identification);
    if (!account_claims_read((struct str){json.data, json.len}, &i->memory, &i->claims)) {
        buf_free(&i->memory);
        mem_free(i);
        return false;
    }
    i->fits = account_claims_audiences(&i->claims, audiences, &i->audiences) > 0;
    i->request = request_ref(r);
    i->then = then;
    i->ask = (struct ask){.home = r->api->options.home,
                          .freshness = FRESH_ANY,
                          .on_core = identify_on_core,
                          .done = identify_done};
    gate_ask(r->api->options.gate, &i->ask);
    return true;
}

bool account_signed(const struct api *a, struct str token)
{
    buf_auto struct buf json = BUF_INIT;
    return a->options.account_key && token.n && jwt_verify(a->options.account_key, token, &json);
}

struct str account_bearer(struct str authorization)
{
    static const char bearer[] = "Bearer ";
    size_t n = sizeof bearer - 1;
    if (authorization.n <= n || strncasecmp(authorization.p, bearer, n) != 0)
        return (struct str){0};
    return (struct str){authorization.p + n, authorization.n - n};
}
