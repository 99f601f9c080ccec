/* Custom kinds at the front door, through real HTTP. */
#include "api/local_http.h"

#define CRDS  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define CRONS "/apis/example.com/v1/namespaces/default/crons"

#define SCHEMA                                                                                     \
    "\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":"     \
    "\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"default\":3,\"maximum\":9}}}}}}"

/* What the core's controller does on its own. */
static void establish(struct local_cluster *c)
{
    ask_patch(c, "merge-patch", CRDS "/crons.example.com/status",
              "{\"status\":{\"conditions\":[{\"type\":\"Established\",\"status\":\"True\"}]}}");
    assert_int_equal(asked->status, 200);
}

static void define(struct local_cluster *c)
{
    ask(c, "POST", CRDS,
        "{\"metadata\":{\"name\":\"crons.example.com\"},\"spec\":{\"group\":\"example.com\","
        "\"scope\":\"Namespaced\",\"names\":{\"plural\":\"crons\",\"kind\":\"Cron\",\"shortNames\":"
        "["
        "\"cr\"]},\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,"
        "\"additionalPrinterColumns\":[{\"name\":\"N\",\"type\":\"integer\",\"jsonPath\":"
        "\".spec.n\"}],\"subresources\":{\"scale\":{\"specReplicasPath\":\".spec.n\","
        "\"statusReplicasPath\":\".status.n\"}}," SCHEMA "},{\"name\":\"v1beta1\",\"served\":true,"
        "\"storage\":false,\"deprecated\":true," SCHEMA "}]}}");
    assert_int_equal(asked->status, 201);
}

static void put(struct local_cluster *c, const char *name)
{
    mem_auto char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{}}", name);
    ask(c, "POST", CRONS, body);
    assert_int_equal(asked->status, 201);
}

static void a_kind_is_served_once_it_is_established(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "GET", CRONS, NULL);
    assert_int_equal(asked->status, 404);
    define(c);
    struct mp crd = ask(c, "GET", CRDS "/crons.example.com", NULL);
    assert_text(crd, "spec.names.singular", "cron");
    assert_text(crd, "spec.names.listKind", "CronList");
    assert_text(crd, "spec.conversion.strategy", "None");
    ask(c, "GET", CRONS, NULL);
    assert_int_equal(asked->status, 404);
    establish(c);
    struct mp list = ask(c, "GET", CRONS, NULL);
    assert_text(list, "kind", "CronList");
    ask(c, "DELETE", CRDS "/crons.example.com", NULL);
    ask_patch(c, "merge-patch", CRDS "/crons.example.com", "{\"metadata\":{\"finalizers\":null}}");
    ask(c, "GET", CRONS, NULL);
    assert_int_equal(asked->status, 404);
}

static void lists_tables_and_pages(void **state)
{
    struct local_cluster *c = *state;
    define(c);
    establish(c);
    put(c, "a");
    put(c, "b");
    put(c, "c");
    struct mp list = ask(c, "GET", CRONS "?limit=2", NULL);
    assert_int_equal(mp_get(list, "items").count, 2);
    struct mp item = mp_at(mp_get(list, "items"), 0);
    assert_text(item, "kind", "Cron");
    assert_text(item, "apiVersion", "example.com/v1");
    assert_int_equal(number_at(item, "spec.n"), 3);
    struct str token = mp_str(mp_path(list, "metadata.continue"));
    mem_auto char *next = mem_printf(CRONS "?limit=2&continue=%.*s", (int)token.n, token.p);
    list = ask(c, "GET", next, NULL);
    assert_int_equal(mp_get(list, "items").count, 1);
    struct mp table =
        ask_with(c, "GET", CRONS, "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n",
                 (struct str){0});
    assert_text(mp_at(mp_get(table, "columnDefinitions"), 1), "name", "N");
    assert_int_equal(mp_at(mp_get(mp_at(mp_get(table, "rows"), 2), "cells"), 1).i, 3);
    struct mp partial =
        ask_with(c, "GET", CRONS "/a",
                 "Accept: application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io\r\n",
                 (struct str){0});
    assert_text(partial, "kind", "PartialObjectMetadata");
    assert_int_equal(mp_get(partial, "spec").type, MP_END);
    ask(c, "DELETE", CRONS, NULL);
    assert_int_equal(asked->status, 200);
    assert_int_equal(mp_get(ask(c, "GET", CRONS, NULL), "items").count, 0);
}

/* Without the subresource a status is a part like any other, and can go again. */
static void a_status_that_is_not_apart_is_written_with_the_rest(void **state)
{
    struct local_cluster *c = *state;
    define(c);
    establish(c);
    ask_patch(
        c, "json-patch", CRDS "/crons.example.com",
        "[{\"op\":\"add\",\"path\":\"/spec/versions/0/schema/openAPIV3Schema/properties/status"
        "\",\"value\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}]");
    assert_int_equal(asked->status, 200);
    put(c, "a");
    ask(c, "GET", CRONS "/a/status", NULL);
    assert_int_equal(asked->status, 404);
    struct mp now = ask_patch(c, "merge-patch", CRONS "/a", "{\"status\":{\"n\":7}}");
    assert_int_equal(number_at(now, "status.n"), 7);
    assert_int_equal(number_at(now, "metadata.generation"), 2);
    assert_int_equal(number_at(ask(c, "GET", CRONS "/a/scale", NULL), "status.replicas"), 7);
    now = ask_patch(c, "merge-patch", CRONS "/a", "{\"status\":null}");
    assert_int_equal(mp_get(now, "status").type, MP_END);
}

/* The definition gains the subresource: what was told before is still there. */
static void a_status_outlasts_that_it_is_written_apart(void **state)
{
    struct local_cluster *c = *state;
    define(c);
    establish(c);
    ask_patch(
        c, "json-patch", CRDS "/crons.example.com",
        "[{\"op\":\"add\",\"path\":\"/spec/versions/0/schema/openAPIV3Schema/properties/status"
        "\",\"value\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}]");
    put(c, "a");
    put(c, "b");
    ask_patch(c, "merge-patch", CRONS "/a", "{\"status\":{\"n\":7}}");
    ask_patch(c, "merge-patch", CRONS "/b", "{\"status\":{\"n\":8}}");
    ask_patch(c, "merge-patch", CRDS "/crons.example.com",
              "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
    ask_patch(c, "json-patch", CRDS "/crons.example.com",
              "[{\"op\":\"add\",\"path\":\"/spec/versions/0/subresources/status\",\"value\":{}}]");
    assert_int_equal(asked->status, 200);
    struct mp now = ask_patch(c, "merge-patch", CRONS "/a", "{\"spec\":{\"n\":5}}");
    assert_int_equal(number_at(now, "spec.n"), 5);
    now = ask(c, "GET", CRONS "/a", NULL);
    assert_int_equal(number_at(now, "status.n"), 7);
    ask_patch(c, "merge-patch", CRONS "/b/status", "{\"status\":{\"n\":9}}");
    assert_int_equal(asked->status, 200);
    now = ask(c, "GET", CRONS "/b", NULL);
    assert_int_equal(number_at(now, "status.n"), 9);
    now = ask_patch(c, "merge-patch", CRONS "/b", "{\"status\":{\"n\":1}}");
    assert_int_equal(number_at(now, "status.n"), 9);
}

static void bodies_that_no_schema_covers_are_refused(void **state)
{
    struct local_cluster *c = *state;
    define(c);
    establish(c);
    put(c, "a");
    struct mp doc = ask_with(c, "POST", CRONS,
                             "Content-Type: application/vnd.kubernetes.protobuf\r\n", STR("k8s"));
    assert_refused(doc, 415, "UnsupportedMediaType",
                   "the body of the request was in an unknown format - accepted media types "
                   "include: application/json, application/yaml");
    ask_patch(c, "strategic-merge-patch", CRONS "/a", "{}");
    assert_int_equal(asked->status, 415);
    doc = ask(c, "POST", CRONS, "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"n\":10}}");
    assert_refused(doc, 422, "Invalid",
                   "Cron.example.com \"b\" is invalid: spec.n: Invalid value: 10: spec.n in body "
                   "should be less "
                   "than or equal to 9");
    ask(c, "POST", CRONS, "{\"metadata\":{\"name\":\"B!\"}}");
    assert_int_equal(asked->status, 422);
    ask_patch(c, "merge-patch", CRONS "/a/scale", "{\"spec\":{\"replicas\":50}}");
    assert_int_equal(asked->status, 422);
    doc = ask_patch(c, "merge-patch", CRONS "/a/scale", "{\"spec\":{\"replicas\":5}}");
    assert_int_equal(number_at(doc, "spec.replicas"), 5);
}

static void a_watch_ends_when_its_kind_is_no_longer_the_same(void **state)
{
    struct local_cluster *c = *state;
    define(c);
    establish(c);
    put(c, "a");
    struct answer *w = watch_open(c, CRONS "?watch=true");
    watch_wait(c, w, 1);
    ask_patch(c, "merge-patch", CRDS "/crons.example.com",
              "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
    put(c, "b");
    watch_wait(c, w, 2);
    assert_event(w, 1, "ADDED", "b");
    ask_patch(c, "json-patch", CRDS "/crons.example.com",
              "[{\"op\":\"replace\",\"path\":\"/spec/versions/1/served\",\"value\":false}]");
    assert_int_equal(asked->status, 200);
    ask_wait(c, w);
    assert_int_equal(watch_lines(w), 2);
    answer_free(c, w);
    ask(c, "GET", "/apis/example.com/v1beta1", NULL);
    assert_int_equal(asked->status, 404);
}

/* From before the ring: the log names the kind by its key alone. */
static void a_watch_reads_the_log(void **state)
{
    struct local_cluster *c = *state;
    define(c);
    establish(c);
    put(c, "a");
    put(c, "b");
    struct answer *w = watch_open(c, CRONS "?watch=true&resourceVersion=1");
    watch_wait(c, w, 2);
    assert_event(w, 0, "ADDED", "a");
    assert_event(w, 1, "ADDED", "b");
    answer_free(c, w);
}

static void discovery_prefers_the_stable_version(void **state)
{
    struct local_cluster *c = *state;
    define(c);
    establish(c);
    struct mp group = ask(c, "GET", "/apis/example.com", NULL);
    assert_text(group, "preferredVersion.version", "v1");
    assert_text(mp_at(mp_get(group, "versions"), 1), "version", "v1beta1");
    struct mp list = ask(c, "GET", "/apis/example.com/v1beta1", NULL);
    assert_int_equal(mp_get(list, "resources").count, 1);
    const char *stored = "IFcCGIslAWc="; /* as example.com/v1/Cron, whichever version is shown */
    assert_text(mp_at(mp_get(list, "resources"), 0), "storageVersionHash", stored);
    list = ask(c, "GET", "/apis/example.com/v1", NULL);
    assert_text(mp_at(mp_get(list, "resources"), 0), "storageVersionHash", stored);
    assert_text(mp_at(mp_get(list, "resources"), 1), "name", "crons/scale");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_kind_is_served_once_it_is_established),
        TEST(lists_tables_and_pages),
        TEST(a_status_that_is_not_apart_is_written_with_the_rest),
        TEST(a_status_outlasts_that_it_is_written_apart),
        TEST(bodies_that_no_schema_covers_are_refused),
        TEST(a_watch_ends_when_its_kind_is_no_longer_the_same),
        TEST(a_watch_reads_the_log),
        TEST(discovery_prefers_the_stable_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
