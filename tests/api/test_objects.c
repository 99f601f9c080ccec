/* Writing and reading single objects, through real HTTP. */
#include "api/local_http.h"

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"
#define PODS       "/api/v1/namespaces/default/pods"
#define SETS       "/apis/apps/v1/namespaces/default/replicasets"

static const char pod_p[] = "{\"metadata\":{\"name\":\"p\",\"labels\":{\"app\":\"x\"}},\"spec\":{"
                            "\"containers\":[{\"name\":\"c\",\"image\":\"busybox:1\"}]}}";
static void a_created_object_is_answered_and_read_back(void **state)
{
    struct mp doc =
        ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");
    assert_int_equal(asked->status, 201);
    assert_text(doc, "kind", "ConfigMap");
    assert_text(doc, "metadata.namespace", "default");
    assert_int_equal(mp_str(mp_path(doc, "metadata.uid")).n, 36);
    doc = ask(*state, "GET", CONFIGMAPS "/a", NULL);
    assert_int_equal(asked->status, 200);
    assert_text(doc, "data.k", "v");
    assert_text(doc, "apiVersion", "v1");
}

static void a_name_is_generated_and_another_when_it_is_taken(void **state)
{
    char first[64];
    struct mp doc = ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"generateName\":\"cm-\"}}");
    assert_int_equal(asked->status, 201);
    struct str name = mp_str(mp_path(doc, "metadata.name"));
    assert_int_equal(name.n, 8);
    snprintf(first, sizeof first, "%.*s", (int)name.n, name.p);
    doc = ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"generateName\":\"cm-\"}}");
    assert_int_equal(asked->status, 201);
    assert_false(mp_is(mp_path(doc, "metadata.name"), first));
}

static void the_same_name_twice_exists_already(void **state)
{
    ask(*state, "POST", PODS, pod_p);
    struct mp doc = ask(*state, "POST", PODS, pod_p);
    assert_refused(doc, 409, "AlreadyExists", "pods \"p\" already exists");
    assert_text(doc, "details.name", "p");
    assert_text(doc, "details.kind", "pods");
}

static void a_missing_object_is_named_with_its_group(void **state)
{
    struct mp doc = ask(*state, "GET", SETS "/nope", NULL);
    assert_refused(doc, 404, "NotFound", "replicasets.apps \"nope\" not found");
    assert_text(doc, "details.group", "apps");
    doc = ask(*state, "DELETE", PODS "/nope", NULL);
    assert_refused(doc, 404, "NotFound", "pods \"nope\" not found");
    doc = ask_patch(*state, "merge-patch", PODS "/nope", "{}");
    assert_refused(doc, 404, "NotFound", "pods \"nope\" not found");
    doc = ask(*state, "GET", "/api/v1/namespaces/nowhere/pods/nope", NULL);
    assert_refused(doc, 404, "NotFound", "pods \"nope\" not found");
}

static void an_invalid_object_says_what_is_wrong(void **state)
{
    struct mp doc = ask(*state, "POST", PODS, "{\"metadata\":{\"name\":\"p\"},\"spec\":{}}");
    assert_refused(doc, 422, "Invalid", "Pod \"p\" is invalid: spec.containers: Required value");
    assert_text(mp_at(mp_path(doc, "details.causes"), 0), "field", "spec.containers");
    assert_text(mp_at(mp_path(doc, "details.causes"), 0), "reason", "FieldValueRequired");
}

static void a_pod_begins_pending_with_its_defaults(void **state)
{
    struct mp doc = ask(*state, "POST", PODS, pod_p);
    assert_text(doc, "status.phase", "Pending");
    assert_text(doc, "status.qosClass", "BestEffort");
    assert_text(doc, "spec.restartPolicy", "Always");
}

static void bodies_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *body;
        int code;
    } bad[] = {
        {"{\"metadata\":", 400},
        {"[]", 400},
        {"7", 400},
        {"", 400},
        {"{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}", 400},
        {"{\"kind\":\"ConfigMap\",\"apiVersion\":\"v2\",\"metadata\":{\"name\":\"a\"}}", 400},
        {"{\"metadata\":{\"name\":\"a\",\"namespace\":\"other\"}}", 400},
        {"{\"metadata\":\"a\"}", 400},
        {"{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":7}}", 400},
        {"{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}", 400},
        {"{\"metadata\":{}}", 422},
        {"{\"metadata\":{\"name\":\"A_b\"}}", 422},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mp doc = ask(*state, "POST", CONFIGMAPS, bad[i].body);
        assert_int_equal(asked->status, bad[i].code);
        assert_text(doc, "kind", "Status");
        assert_true(mp_str(mp_get(doc, "message")).n > 10);
    }
}

static void other_media_types_are_not_understood(void **state)
{
    ask_with(*state, "POST", CONFIGMAPS, "Content-Type: text/plain\r\n", STR("{}"));
    assert_int_equal(asked->status, 415);
    struct mp doc = ask_patch(*state, "apply-patch", CONFIGMAPS "/a", "{}");
    assert_int_equal(asked->status, 415);
    assert_text(doc, "reason", "UnsupportedMediaType");
    ask_with(*state, "GET", CONFIGMAPS, "Accept: application/vnd.kubernetes.protobuf\r\n",
             (struct str){0});
    assert_int_equal(asked->status, 406);
}

static void a_patch_is_blamed_for_what_it_leaves(void **state)
{
    ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"}}");
    struct mp doc = ask_patch(*state, "merge-patch", CONFIGMAPS "/a", "{\"data\":[1]}");
    assert_refused(
        doc, 422, "Invalid",
        " \"\" is invalid: patch: Invalid value: \"{\\\"data\\\":[1]}\": data: expected an "
        "object, got a list");
    assert_text(mp_at(mp_path(doc, "details.causes"), 0), "field", "patch");
}

static void unknown_fields_are_dropped_warned_of_or_refused(void **state)
{
    const char *body = "{\"metadata\":{\"name\":\"a\",\"nmae\":\"b\"},\"dota\":{}}";
    struct mp doc = ask(*state, "POST", CONFIGMAPS "?fieldValidation=Strict", body);
    assert_refused(doc, 400, "BadRequest",
                   "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding "
                   "error: unknown field \"metadata.nmae\", unknown field \"dota\"");
    doc = ask(*state, "POST", CONFIGMAPS, body);
    assert_int_equal(asked->status, 201);
    assert_int_equal(mp_get(doc, "dota").type, MP_END);
    ask(*state, "POST", CONFIGMAPS "?fieldValidation=Maybe", body);
    assert_int_equal(asked->status, 422);
}

static void a_dry_run_changes_nothing(void **state)
{
    struct mp doc = ask(*state, "POST", PODS "?dryRun=All", pod_p);
    assert_int_equal(asked->status, 201);
    assert_text(doc, "metadata.name", "p");
    assert_int_equal(mp_path(doc, "metadata.creationTimestamp").type, MP_STR);
    assert_int_equal(mp_path(doc, "metadata.uid").type, MP_STR);
    assert_int_equal(mp_path(doc, "metadata.resourceVersion").type, MP_END);
    ask_with(*state, "POST", PODS "?dryRun=All", "Accept: application/yaml\r\n", str_of(pod_p));
    assert_null(strstr(asked->body.data, "resourceVersion:"));
    ask(*state, "GET", PODS "/p", NULL);
    assert_int_equal(asked->status, 404);
    doc = ask(*state, "POST", PODS, pod_p);
    mem_auto char *version = mem_strndup(mp_str(mp_path(doc, "metadata.resourceVersion")).p,
                                         mp_str(mp_path(doc, "metadata.resourceVersion")).n);
    ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"other\"}}");
    doc = ask_patch(*state, "merge-patch", PODS "/p?dryRun=All",
                    "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
    assert_text(doc, "metadata.labels.a", "b");
    assert_text(doc, "metadata.resourceVersion", version);
    ask(*state, "DELETE", PODS "/p?dryRun=All", NULL);
    assert_int_equal(asked->status, 200);
    doc = ask(*state, "GET", PODS "/p", NULL);
    assert_int_equal(asked->status, 200);
    assert_text(doc, "metadata.resourceVersion", version);
    ask(*state, "POST", PODS "?dryRun=Some", pod_p);
    assert_int_equal(asked->status, 422);
}

static void paths_and_methods_that_are_not_served(void **state)
{
    struct mp doc = ask(*state, "GET", "/api/v1/foos", NULL);
    assert_refused(doc, 404, "NotFound", "the server could not find the requested resource");
    doc = ask(*state, "POST", CONFIGMAPS "/a", "{}");
    assert_refused(doc, 405, "MethodNotAllowed",
                   "the server does not allow this method on the requested resource");
    ask(*state, "POST", "/api/v1/configmaps", "{\"metadata\":{\"name\":\"a\"}}");
    assert_int_equal(asked->status, 405);
    ask(*state, "PUT", PODS "/p/log", "{}");
    assert_int_equal(asked->status, 405);
}

static void without_a_leader_reads_are_refused_with_a_hint_to_come_back(void **state)
{
    struct local_cluster *c = *state;
    c->leaderless = true;
    struct mp doc = ask(c, "GET", CONFIGMAPS, NULL);
    assert_int_equal(asked->status, 504);
    assert_int_equal(number_at(doc, "details.retryAfterSeconds"), 1);
    ask(c, "GET", "/readyz", NULL);
    assert_int_equal(asked->status, 500);
    ask(c, "GET", "/livez", NULL);
    assert_int_equal(asked->status, 200);
    ask(c, "GET", CONFIGMAPS "?resourceVersion=0", NULL);
    assert_int_equal(asked->status, 200);
}

static void who_is_ready_has_what_a_cluster_begins_with(void **state)
{
    struct local_cluster *c = *state; /* its namespace has no account yet */
    ask(c, "GET", "/readyz", NULL);
    assert_int_equal(asked->status, 500);
    local_create(c, kind_serviceaccount, "default", "default", doc_empty(), NULL);
    ask(c, "GET", "/readyz", NULL);
    assert_int_equal(asked->status, 200);
    assert_string_equal(asked->body.data, "ok");
}

static void every_check_is_told_to_those_who_ask(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "GET", "/livez?verbose", NULL);
    assert_string_equal(asked->body.data, "[+]ping ok\nlivez check passed\n");
    ask(c, "GET", "/readyz", NULL);
    assert_string_equal(asked->body.data,
                        "[+]ping ok\n[+]quorum ok\n[-]bootstrap failed: the first objects are "
                        "being made\nreadyz check failed\n");
    local_create(c, kind_serviceaccount, "default", "default", doc_empty(), NULL);
    ask(c, "GET", "/readyz?verbose=1", NULL);
    assert_string_equal(asked->body.data,
                        "[+]ping ok\n[+]quorum ok\n[+]bootstrap ok\nreadyz check passed\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_created_object_is_answered_and_read_back),
        TEST(a_name_is_generated_and_another_when_it_is_taken),
        TEST(the_same_name_twice_exists_already),
        TEST(a_missing_object_is_named_with_its_group),
        TEST(an_invalid_object_says_what_is_wrong),
        TEST(a_pod_begins_pending_with_its_defaults),
        TEST(bodies_that_do_not_fit_are_refused),
        TEST(other_media_types_are_not_understood),
        TEST(a_patch_is_blamed_for_what_it_leaves),
        TEST(unknown_fields_are_dropped_warned_of_or_refused),
        TEST(a_dry_run_changes_nothing),
        TEST(paths_and_methods_that_are_not_served),
        TEST(without_a_leader_reads_are_refused_with_a_hint_to_come_back),
        TEST(who_is_ready_has_what_a_cluster_begins_with),
        TEST(every_check_is_told_to_those_who_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
