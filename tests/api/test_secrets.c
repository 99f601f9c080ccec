/* Secrets are in clear at the edge only. */
#include "api/local_http.h"
#include "api/seal.h"

#define SECRETS "/api/v1/namespaces/default/secrets"
#define APPLIED "kubectl.kubernetes.io/last-applied-configuration"

static struct object *inside(struct local_cluster *c, const char *name)
{
    return world_get(c->world, kind_secret, istr_of("default"), str_of(name));
}

static void what_is_secret_leaves_the_edge_sealed(void **state)
{
    struct local_cluster *c = *state;
    struct mp doc =
        ask(c, "POST", SECRETS,
            "{\"metadata\":{\"name\":\"s\",\"annotations\":{\"" APPLIED
            "\":\"copy of hunter2\",\"other\":\"x\"}},\"stringData\":{\"pw\":\"hunter2\"},"
            "\"data\":{\"raw\":\"AAEC\",\"pw\":\"b2xk\"}}");
    assert_int_equal(asked->status, 201);
    assert_text(doc, "data.pw", "aHVudGVyMg==");
    assert_text(doc, "data.raw", "AAEC");
    assert_true(mp_is(mp_get(mp_path(doc, "metadata.annotations"), APPLIED), "copy of hunter2"));
    assert_int_equal(mp_get(doc, "stringData").type, MP_END);
    const struct doc *body = inside(c, "s")->body;
    assert_int_equal(doc_path(body, "data").type, MP_END);
    assert_int_equal(doc_path(body, "sealed").type, MP_BIN);
    assert_null(memmem(body->bytes, body->len, "hunter2", 7));
    assert_null(memmem(body->bytes, body->len, "aHVudGVyMg", 10));
    for (size_t i = 0; i < c->entry_count; i++) {
        assert_null(memmem(c->entries[i].bytes.data, c->entries[i].bytes.len, "hunter2", 7));
        assert_null(memmem(c->entries[i].bytes.data, c->entries[i].bytes.len, "aHVudGVyMg", 10));
    }
}

static void every_way_to_read_opens_it(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "POST", SECRETS, "{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"pw\":\"x\"}}");
    assert_text(ask(c, "GET", SECRETS "/s", NULL), "data.pw", "eA==");
    struct mp doc = ask(c, "GET", SECRETS, NULL);
    assert_text(mp_at(mp_get(doc, "items"), 0), "data.pw", "eA==");
    struct answer *w = watch_open(c, SECRETS "?watch=true");
    watch_wait(c, w, 1);
    assert_text(watch_event(w, 0), "object.data.pw", "eA==");
    answer_free(c, w);
    doc = ask_with(c, "GET", SECRETS, "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n",
                   (struct str){0});
    struct mp cells = mp_get(mp_at(mp_get(doc, "rows"), 0), "cells");
    assert_int_equal(mp_i64(mp_at(cells, 2), -1), 1); /* keys */
}

static void a_patch_changes_what_is_inside(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "POST", SECRETS,
        "{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"a\":\"1\",\"b\":\"2\"}}");
    struct mp doc = ask_patch(c, "merge-patch", SECRETS "/s", "{\"stringData\":{\"a\":\"3\"}}");
    assert_int_equal(asked->status, 200);
    assert_text(doc, "data.a", "Mw==");
    assert_text(doc, "data.b", "Mg==");
    assert_text(doc, "metadata.resourceVersion", "3");
    doc = ask_patch(c, "merge-patch", SECRETS "/s", "{\"data\":{\"a\":\"Mw==\"}}");
    assert_text(doc, "metadata.resourceVersion", "3"); /* nothing changed */
    doc = ask_patch(c, "merge-patch", SECRETS "/s", "{\"data\":null}");
    assert_int_equal(mp_get(doc, "data").type, MP_END);
}

static void another_label_keeps_the_sealed_bytes(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "POST", SECRETS, "{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"a\":\"1\"}}");
    struct str before = mp_str(doc_path(inside(c, "s")->body, "sealed"));
    mem_auto char *copy = mem_copy(before.p, before.n);
    ask_patch(c, "merge-patch", SECRETS "/s", "{\"metadata\":{\"labels\":{\"l\":\"1\"}}}");
    struct str after = mp_str(doc_path(inside(c, "s")->body, "sealed"));
    assert_int_equal(after.n, before.n);
    assert_memory_equal(after.p, copy, after.n);
}

static void what_is_immutable_stays(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "POST", SECRETS,
        "{\"metadata\":{\"name\":\"s\"},\"immutable\":true,\"stringData\":{\"a\":\"1\"}}");
    ask_patch(c, "merge-patch", SECRETS "/s", "{\"stringData\":{\"a\":\"2\"}}");
    assert_int_equal(asked->status, 422);
    ask_patch(c, "merge-patch", SECRETS "/s", "{\"metadata\":{\"labels\":{\"l\":\"1\"}}}");
    assert_int_equal(asked->status, 200);
}

static void another_key_opens_nothing(void **state)
{
    struct local_cluster *c = *state;
    unsigned char other[API_SEAL_KEY_BYTES] = {1};
    ask(c, "POST", SECRETS, "{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"a\":\"1\"}}");
    struct object *closed = seal_open(other, inside(c, "s"));
    assert_int_equal(doc_path(closed->body, "sealed").type, MP_BIN);
    assert_int_equal(doc_path(closed->body, "data").type, MP_END);
    object_unref(closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_secret_leaves_the_edge_sealed),
        TEST(every_way_to_read_opens_it),
        TEST(a_patch_changes_what_is_inside),
        TEST(another_label_keeps_the_sealed_bytes),
        TEST(what_is_immutable_stays),
        TEST(another_key_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
