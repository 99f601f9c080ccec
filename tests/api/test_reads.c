/* Reading: the rest of a list whose moment is gone, JSON for people, one object that is watched. */
#include "api/local_http.h"
#include "api/snapshot.h"

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

static void fill(struct local_cluster *c, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char body[128];
        snprintf(body, sizeof body,
                 "{\"metadata\":{\"name\":\"c%03u\",\"labels\":{\"odd\":\"%u\"}}}", i, i % 2);
        ask(c, "POST", CONFIGMAPS, body);
        assert_int_equal(asked->status, 201);
    }
}

static unsigned items(struct mp doc)
{
    return mp_get(doc, "items").count;
}

/* What is no longer kept at its moment can be had as it is now. */
static void a_page_of_a_lost_moment_goes_on_with_the_newest(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 4);
    mem_auto char *old = token_encode(&(struct token){2, STR("default"), STR("c000")});
    mem_auto char *first = mem_printf(CONFIGMAPS "?limit=2&continue=%s", old);
    c->oldest = 4;
    struct mp doc = ask(c, "GET", first, NULL);
    assert_int_equal(asked->status, 410);
    assert_text(doc, "reason", "Expired");
    struct str token = mp_str(mp_path(doc, "metadata.continue"));
    mem_auto char *next = mem_printf(CONFIGMAPS "?limit=2&continue=%.*s", (int)token.n, token.p);
    doc = ask(c, "GET", next, NULL);
    assert_int_equal(asked->status, 200);
    assert_int_equal(items(doc), 2);
    assert_text(mp_at(mp_get(doc, "items"), 0), "metadata.name", "c001");
    assert_text(doc, "metadata.resourceVersion", "5");
}

static void who_reads_for_himself_gets_lines(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 1);
    ask(c, "GET", "/api/v1/namespaces/default/configmaps/none?pretty=true", NULL);
    assert_string_equal(asked->body.data,
                        "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": "
                        "{},\n  \"status\": \"Failure\",\n  \"message\": \"configmaps "
                        "\\\"none\\\" not found\",\n  \"reason\": \"NotFound\",\n  \"details\": "
                        "{\n    \"name\": \"none\",\n    \"kind\": \"configmaps\"\n  },\n  "
                        "\"code\": 404\n}");
    ask_with(c, "GET", CONFIGMAPS, "User-Agent: curl/7.88\r\n", (struct str){0});
    assert_non_null(strstr(asked->body.data, "\n  \"items\": [\n    {\n"));
    ask_with(c, "GET", CONFIGMAPS "?pretty=false", "User-Agent: curl/7.88\r\n", (struct str){0});
    assert_null(strchr(asked->body.data, '\n'));
}

static void one_object_is_read_by_its_name_and_watched_below_watch(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 2);
    struct mp doc = ask(c, "GET", CONFIGMAPS "/c001?watch=true", NULL);
    assert_text(doc, "kind", "ConfigMap");
#define WATCHED "/api/v1/watch/namespaces/default/configmaps/c001"
    doc = ask(c, "GET", WATCHED "?fieldSelector=metadata.name%3Dc000", NULL);
    assert_refused(doc, 400, "BadRequest",
                   "fieldSelector metadata.name doesn't match requested name");
    struct answer *w = watch_open(c, WATCHED "?fieldSelector=metadata.name%3Dc001");
    watch_wait(c, w, 1);
    assert_event(w, 0, "ADDED", "c001");
    answer_free(c, w);
}

static void what_a_creation_misses_is_its_namespace(void **state)
{
    struct mp doc = ask(*state, "POST", "/api/v1/namespaces/none/configmaps",
                        "{\"metadata\":{\"name\":\"a\"}}");
    assert_refused(doc, 404, "NotFound", "namespaces \"none\" not found");
    assert_text(doc, "details.name", "none");
    assert_text(doc, "details.kind", "namespaces");
}

static void some_kinds_tell_what_was_deleted(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 1);
    assert_text(ask(c, "DELETE", CONFIGMAPS "/c000", NULL), "kind", "Status");
#define ACCOUNTS "/api/v1/namespaces/default/serviceaccounts"
    ask(c, "POST", ACCOUNTS, "{\"metadata\":{\"name\":\"robot\"}}");
    struct mp doc = ask(c, "DELETE", ACCOUNTS "/robot", NULL);
    assert_int_equal(asked->status, 200);
    assert_text(doc, "kind", "ServiceAccount");
    assert_text(doc, "metadata.name", "robot");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_of_a_lost_moment_goes_on_with_the_newest),
        TEST(who_reads_for_himself_gets_lines),
        TEST(one_object_is_read_by_its_name_and_watched_below_watch),
        TEST(what_a_creation_misses_is_its_namespace),
        TEST(some_kinds_tell_what_was_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
