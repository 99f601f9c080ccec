/* OpenAPI over HTTP: which form a client gets, and where the documents are. */
#include "api/local_http.h"

#define PROTOBUF "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

static struct mp fetch(struct local_cluster *c, const char *target, const char *accept)
{
    mem_auto char *header = accept ? mem_printf("Accept: %s\r\n", accept) : NULL;
    return ask_with(c, "GET", target, header, (struct str){0});
}

static void the_form_follows_the_accept_header(void **state)
{
    static const struct {
        const char *accept, *type;
    } cases[] = {
        {NULL, "application/json"},
        {"*/*", "application/json"},
        {"application/json, */*", "application/json"},
        {"text/html, application/json;q=0.5", "application/json"},
        {PROTOBUF, "application/octet-stream"},
        {PROTOBUF ",application/json", "application/octet-stream"},
        {"application/json," PROTOBUF, "application/json"},
        {"application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
         "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mp doc = fetch(*state, "/openapi/v2?timeout=32s", cases[i].accept);
        assert_int_equal(asked->status, 200);
        assert_string_equal(asked->type.data, cases[i].type);
        if (strcmp(cases[i].type, "application/json") == 0)
            assert_text(doc, "swagger", "2.0");
        else
            assert_memory_equal(asked->body.data, "\n\0032.0", 5);
    }
    assert_refused(fetch(*state, "/openapi/v2", "text/html"), 406, "NotAcceptable",
                   "only JSON and the protobuf form of OpenAPI can be served");
    assert_refused(fetch(*state, "/openapi/v3/api/v1", PROTOBUF), 406, "NotAcceptable",
                   "only the following media types are accepted: application/json");
}

static void documents_are_read_only(void **state)
{
    static const char *const paths[] = {"/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ask(*state, "POST", paths[i], "{}");
        assert_int_equal(asked->status, 405);
        ask(*state, "HEAD", paths[i], NULL);
        assert_int_equal(asked->status, 200);
        assert_int_equal(asked->body.len, 0);
    }
}

static void the_index_leads_to_every_document(void **state)
{
    buf_auto struct buf json = BUF_INIT, doc = BUF_INIT;
    ask(*state, "GET", "/openapi/v3", NULL);
    buf_append(&json, asked->body.data, asked->body.len);
    assert_int_equal(json_parse(json.data, json.len, &doc, NULL), 0);
    struct mp paths = mp_get(mp_read(doc.data, doc.len), "paths");
    assert_true(paths.count > 10);
    for (struct mp_iter it = mp_items(paths); mp_iter_next(&it);) {
        struct str url = mp_str(mp_get(it.value, "serverRelativeURL"));
        mem_auto char *target = mem_strndup(url.p, url.n);
        assert_text(ask(*state, "GET", target, NULL), "openapi", "3.0.0");
    }
}

static void documents_of_nothing_are_not_found(void **state)
{
    static const char *const nothing[] = {"apis/apps/v7", "apis/nope/v1", "api/v2", "api",
                                          "apis//v1",     "api/v1/x",     "x",      "apis/apps",
                                          "api/",         "apis/apps/v1/"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        mem_auto char *target = mem_printf("/openapi/v3/%s", nothing[i]);
        ask(*state, "GET", target, NULL);
        if (asked->status != 404) fprintf(stderr, "%s: %d\n", target, asked->status);
        assert_int_equal(asked->status, 404);
    }
    ask(*state, "GET", "/openapi/v3/api/v1?hash=old", NULL);
    assert_int_equal(asked->status, 301);
}

/* Clients that hold back get the document in pieces, as fast as they read. */
static void a_client_that_pauses_gets_it_whole(void **state)
{
    struct local_cluster *c = *state;
    struct answer *a = ask_begin(c, "GET", "/openapi/v2", NULL, (struct str){0});
    while (!a->status) uv_run(&c->loop, UV_RUN_ONCE);
    http_call_pause(a->call, true);
    for (int i = 0; i < 20; i++) uv_run(&c->loop, UV_RUN_NOWAIT);
    http_call_pause(a->call, false);
    ask_wait(c, a);
    assert_int_equal(json_parse(a->body.data, a->body.len, &a->doc, NULL), 0);
    assert_text(mp_read(a->doc.data, a->doc.len), "swagger", "2.0");
    answer_free(c, a);
}

static void a_client_that_goes_away_is_forgotten(void **state)
{
    struct local_cluster *c = *state;
    struct answer *a = ask_begin(c, "GET", "/openapi/v2", NULL, (struct str){0});
    while (!a->status) uv_run(&c->loop, UV_RUN_ONCE);
    answer_free(c, a);
    assert_text(ask(c, "GET", "/openapi/v2", NULL), "swagger", "2.0");
}

static void the_root_lists_the_paths(void **state)
{
    struct mp paths = mp_get(ask(*state, "GET", "/", NULL), "paths");
    bool found = false;
    for (struct mp_iter it = mp_items(paths); mp_iter_next(&it);)
        found |= mp_is(it.value, "/apis/apps/v1");
    assert_true(found);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_form_follows_the_accept_header), TEST(documents_are_read_only),
        TEST(the_index_leads_to_every_document),  TEST(documents_of_nothing_are_not_found),
        TEST(a_client_that_pauses_gets_it_whole), TEST(a_client_that_goes_away_is_forgotten),
        TEST(the_root_lists_the_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
