/* The master's mint: what it makes is sealed, signed, and good exactly while account and Secret are
 * there. */
#include "master/token_mint.h"

#include "api/account_claims.h"
#include "api/seal.h"
#include "base/mem.h"
#include "net/jwt.h"
#include "net/pki.h"
#include "proto/base64.h"
#include "proto/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const unsigned char seal_key[32] = {7};

struct place {
    char dir[40];
    struct jwt_key *key;
    struct master_mint mint;
};

static char *file_in(const struct place *p, const char *name)
{
    return mem_printf("%s/%s", p->dir, name);
}

static struct place place_open(void)
{
    struct place p = {.dir = "/tmp/logship-mint-XXXXXX"};
    struct error err = {0};
    assert_non_null(mkdtemp(p.dir));
    mem_auto char *key = file_in(&p, "key"), *ca = file_in(&p, "ca.crt");
    mem_auto char *ca_key = file_in(&p, "ca.key");
    assert_int_equal(jwt_key_make(key, &err), 0);
    assert_int_equal(jwt_key_load(&p.key, key, &err), 0);
    assert_int_equal(pki_make_ca(ca, ca_key, "test", &err), 0);
    assert_int_equal(master_mint_open(&p.mint, p.key, seal_key, ca, &err), 0);
    return p;
}

static void place_close(struct place *p)
{
    static const char *const names[] = {"key", "ca.crt", "ca.key"};
    for (unsigned i = 0; i < 3; i++) {
        mem_auto char *path = file_in(p, names[i]);
        unlink(path);
    }
    rmdir(p->dir);
    jwt_key_free(p->key);
    buf_free(&p->mint.ca);
}

static struct doc *doc_of(const char *json)
{
    buf_auto struct buf b = BUF_INIT;
    struct error err = {0};
    if (json_parse(json, strlen(json), &b, &err)) fail_msg("%s", err.text);
    return doc_from_buf(&b);
}

static struct object *account_named(const char *name)
{
    struct object *o =
        object_new(ident_new(kind_serviceaccount, istr_of("ns"), str_of(name)), doc_empty(), NULL);
    uid_parse(STR("01234567-89ab-4cde-8f01-23456789abcd"), &o->id->uid);
    return o;
}

/* Mints for a Secret with this body, and opens what comes of it. */
static struct object *minted(struct place *p, const struct object *account, const char *json)
{
    struct doc *body = doc_of(json);
    struct doc *sealed = p->mint.mint.mint(&p->mint.mint, account, STR("robot-token-x"), body);
    assert_int_equal(doc_path(sealed, "data").type, MP_END);
    assert_int_equal(mp_get(doc_root(sealed), "sealed").type, MP_BIN);
    struct object *o =
        object_new(ident_new(kind_secret, istr_of("ns"), STR("robot-token-x")), sealed, NULL);
    struct object *open = seal_open(seal_key, o);
    object_unref(o);
    doc_unref(body);
    return open;
}

static void data_of(const struct object *secret, const char *key, struct buf *out)
{
    assert_true(base64_decode(mp_str(mp_get(doc_path(secret->body, "data"), key)), out));
}

static void a_token_says_whose_it_is(void **state)
{
    (void)state;
    struct place p = place_open();
    struct object *account = account_named("robot");
    struct object *secret = minted(&p, account, "{\"metadata\":{},\"type\":\"t\"}");
    buf_auto struct buf token = BUF_INIT, ns = BUF_INIT, ca = BUF_INIT, json = BUF_INIT;
    buf_auto struct buf memory = BUF_INIT, user = BUF_INIT;
    data_of(secret, "token", &token);
    data_of(secret, "namespace", &ns);
    data_of(secret, "ca.crt", &ca);
    assert_true(str_is((struct str){ns.data, ns.len}, "ns"));
    assert_true(str_starts((struct str){ca.data, ca.len}, "-----BEGIN CERTIFICATE-----"));
    assert_true(jwt_verify(p.key, (struct str){token.data, token.len}, &json));
    struct account_claims claims;
    assert_true(account_claims_read((struct str){json.data, json.len}, &memory, &claims));
    account_claims_user(&claims, &user);
    assert_true(str_is((struct str){user.data, user.len}, "system:serviceaccount:ns:robot"));
    assert_true(str_is(claims.secret, "robot-token-x"));
    assert_true(str_is(claims.uid, "01234567-89ab-4cde-8f01-23456789abcd"));
    object_unref(secret);
    object_unref(account);
    place_close(&p);
}

static void what_the_secret_held_besides_stays(void **state)
{
    (void)state;
    struct place p = place_open();
    struct object *account = account_named("robot");
    struct object *secret =
        minted(&p, account, "{\"metadata\":{},\"data\":{\"own\":\"eA==\",\"token\":\"eA==\"}}");
    buf_auto struct buf own = BUF_INIT, token = BUF_INIT;
    data_of(secret, "own", &own);
    data_of(secret, "token", &token);
    assert_true(str_is((struct str){own.data, own.len}, "x"));
    assert_true(token.len > 100);
    assert_int_equal(doc_path(secret->body, "data").count, 4);
    object_unref(secret);
    object_unref(account);
    place_close(&p);
}

static void claims_hold_while_account_and_time_last(void **state)
{
    (void)state;
    struct world *w = world_new("5f0e2c0a-0000-4000-8000-000000000001");
    buf_auto struct buf json = BUF_INIT, memory = BUF_INIT;
    struct account_claims asked = {.ns = STR("ns"),
                                   .name = STR("robot"),
                                   .uid = STR("01234567-89ab-4cde-8f01-23456789abcd"),
                                   .issued_s = 1000,
                                   .expires_s = 2000};
    account_claims_write(&asked, &json);
    struct account_claims claims;
    assert_true(account_claims_read((struct str){json.data, json.len}, &memory, &claims));
    assert_int_equal(claims.expires_s, 2000);
    assert_false(account_claims_hold(&claims, w, 1500)); /* there is no such account */
    struct actor *a = world_actor_make(w, kind_serviceaccount, istr_of("ns"), STR("robot"));
    a->object = account_named("robot");
    assert_true(account_claims_hold(&claims, w, 1500));
    assert_false(account_claims_hold(&claims, w, 2000));
    buf_auto struct buf audiences = BUF_INIT;
    assert_int_equal(account_claims_audiences(&claims, (struct mp){0}, &audiences), 1);
    claims.uid = STR("99999999-89ab-4cde-8f01-23456789abcd");
    assert_false(account_claims_hold(&claims, w, 1500));
    buf_clear(&memory);
    assert_false(account_claims_read(STR("{\"iss\":\"somebody\"}"), &memory, &claims));
    object_unref(a->object);
    a->object = NULL;
    world_free(w);
}

static void a_bound_token_ends_with_its_pod(void **state)
{
    (void)state;
    struct world *w = world_new("5f0e2c0a-0000-4000-8000-000000000001");
    buf_auto struct buf json = BUF_INIT, memory = BUF_INIT;
    struct account_claims asked = {.ns = STR("ns"),
                                   .name = STR("robot"),
                                   .uid = STR("01234567-89ab-4cde-8f01-23456789abcd"),
                                   .issued_s = 1000,
                                   .expires_s = 9000,
                                   .bound = kind_pod,
                                   .bound_name = STR("p"),
                                   .bound_uid = STR("11234567-89ab-4cde-8f01-23456789abcd")};
    account_claims_write(&asked, &json);
    assert_non_null(strstr(json.data, "\"pod\":{\"name\":\"p\",\"uid\":\"1123"));
    struct account_claims claims;
    assert_true(account_claims_read((struct str){json.data, json.len}, &memory, &claims));
    assert_ptr_equal(claims.bound, kind_pod);
    struct actor *robot = world_actor_make(w, kind_serviceaccount, istr_of("ns"), STR("robot"));
    struct actor *pod = world_actor_make(w, kind_pod, istr_of("ns"), STR("p"));
    robot->object = account_named("robot");
    assert_false(account_claims_hold(&claims, w, 1500)); /* there is no such pod */
    struct ident *id = ident_new(kind_pod, istr_of("ns"), STR("p"));
    uid_parse(asked.bound_uid, &id->uid);
    pod->object = object_new(id, doc_empty(), NULL);
    assert_true(account_claims_hold(&claims, w, 1500));
    pod->object->deleted_s = 2000; /* when it has to be gone */
    assert_true(account_claims_hold(&claims, w, 2060));
    assert_false(account_claims_hold(&claims, w, 2061));
    claims.bound_uid = asked.uid; /* another pod of the same name */
    assert_false(account_claims_hold(&claims, w, 1500));
    object_unref(robot->object);
    object_unref(pod->object);
    robot->object = pod->object = NULL;
    world_free(w);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    schema_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_token_ends_with_its_pod),
        cmocka_unit_test(a_token_says_whose_it_is),
        cmocka_unit_test(what_the_secret_held_besides_stays),
        cmocka_unit_test(claims_hold_while_account_and_time_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
