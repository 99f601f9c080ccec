/* Server-side apply and managedFields, through real HTTP. */
#include "api/local_http.h"

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"
#define PODS       "/api/v1/namespaces/default/pods"
#define SETS       "/apis/apps/v1/namespaces/default/replicasets"
#define YAML       "Content-Type: application/apply-patch+yaml\r\n"

static struct mp apply(void *c, const char *target, const char *config)
{
    return ask_with(c, "PATCH", target, YAML, str_of(config));
}

/* The fields that this manager owns, as JSON; "" for nobody. */
static void assert_owns(struct mp doc, const char *manager, const char *fields)
{
    buf_auto struct buf json = BUF_INIT;
    struct mp list = mp_path(doc, "metadata.managedFields");
    buf_puts(&json, "");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "manager"), manager))
            json_write(mp_get(it.value, "fieldsV1"), &json);
    assert_string_equal(json.data, fields);
}

static void an_apply_creates_then_changes(void **state)
{
    struct mp doc =
        apply(*state, CONFIGMAPS "/a?fieldManager=one",
              "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: '1'\n");
    assert_int_equal(asked->status, 201);
    assert_text(doc, "data.k", "1");
    assert_owns(doc, "one", "{\"f:data\":{\"f:k\":{}}}");
    doc = apply(*state, CONFIGMAPS "/a?fieldManager=one",
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"l\":\"2\"}}");
    assert_int_equal(asked->status, 200);
    assert_text(doc, "data.l", "2");
    assert_int_equal(mp_path(doc, "data.k").type, MP_END);
}

static void a_conflict_names_managers_and_fields(void **state)
{
    ask(*state, "POST", CONFIGMAPS "?fieldManager=first",
        "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\"}}");
    const char *config = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"k\":\"2\"}}";
    struct mp doc = apply(*state, CONFIGMAPS "/a?fieldManager=one", config);
    assert_refused(doc, 409, "Conflict",
                   "Apply failed with 1 conflict: conflict with \"first\" using v1: .data.k");
    struct mp cause = mp_at(mp_path(doc, "details.causes"), 0);
    assert_text(cause, "reason", "FieldManagerConflict");
    assert_text(cause, "field", ".data.k");
    assert_text(cause, "message", "conflict with \"first\" using v1");
    doc = apply(*state, CONFIGMAPS "/a?fieldManager=one&force=true", config);
    assert_int_equal(asked->status, 200);
    assert_owns(doc, "one", "{\"f:data\":{\"f:k\":{}}}");
    assert_owns(doc, "first", "{\"f:data\":{}}");
}

static void an_apply_must_be_well_formed(void **state)
{
    static const struct {
        const char *query, *config, *message;
        int code;
    } cases[] = {
        {"", "{}",
         "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for "
         "apply patch",
         422},
        {"?fieldManager=x%07", "{}",
         "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"x\\u0007\": "
         "invalid character U+0007 (at position 1)",
         422},
        {"?fieldManager=x", "{\"kind\":\"ConfigMap\"}",
         "Incorrect version specified in apply patch. Specified patch version: , expected: v1",
         400},
        {"?fieldManager=x", "apiVersion: v2\nkind: ConfigMap\n",
         "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1",
         400},
        {"?fieldManager=x", "apiVersion: v1\n", "Object 'Kind' is missing in the configuration",
         400},
        {"?fieldManager=x", "apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: other}\n",
         "the namespace of the object (other) does not match the namespace on the request "
         "(default)",
         400},
        {"?fieldManager=x", "apiVersion: v1\nkind: ConfigMap\nmetadata: {managedFields: []}\n",
         "metadata.managedFields must be nil", 400},
        {"?fieldManager=x", "apiVersion: v1\nkind: Pod\n",
         "Pod in version \"v1\" cannot be handled as a ConfigMap", 400},
        {"?fieldManager=x", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
         "the name of the object (b) does not match the name on the URL (a)", 400},
        {"?fieldManager=x", "apiVersion: v1\nkind: ConfigMap\nmetadata: {uid: u}\n",
         "Operation cannot be fulfilled on configmaps \"a\": uid mismatch: the provided object "
         "specified uid u, and no existing object was found",
         409},
        {"?fieldManager=x", "a: [",
         "error decoding YAML: line 2, column 1: did not find expected node content", 400},
        {"?fieldManager=x", "- a\n", "a patch of this type must be an object", 400},
        {"?fieldManager=x", "apiVersion: v1\nkind: ConfigMap\nnonsense: 1\n",
         "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: "
         "unknown field \"nonsense\"",
         400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mem_auto char *target = mem_printf(CONFIGMAPS "/a%s", cases[i].query);
        struct mp doc = apply(*state, target, cases[i].config);
        assert_text(doc, "message", cases[i].message);
        assert_int_equal(asked->status, cases[i].code);
    }
    ask_patch(*state, "merge-patch", CONFIGMAPS "/a?force=true", "{}");
    assert_int_equal(asked->status, 422);
    apply(*state, PODS "/none/status?fieldManager=x", "apiVersion: v1\nkind: Pod\n");
    assert_int_equal(asked->status, 404);
}

static void every_write_tells_its_manager(void **state)
{
    struct mp doc = ask_with(*state, "POST", CONFIGMAPS,
                             "Content-Type: application/json\r\nUser-Agent: tool/v1 (linux)\r\n",
                             STR("{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\"}}"));
    assert_owns(doc, "tool", "{\"f:data\":{\".\":{},\"f:k\":{}}}");
    doc = ask_patch(*state, "merge-patch", CONFIGMAPS "/a?fieldManager=m",
                    "{\"data\":{\"k\":\"2\"}}");
    assert_owns(doc, "m", "{\"f:data\":{\"f:k\":{}}}");
    assert_owns(doc, "tool", "{\"f:data\":{}}");
    doc = ask_with(*state, "PUT", CONFIGMAPS "/a?fieldManager=p",
                   "Content-Type: application/yaml\r\n",
                   STR("metadata:\n  name: a\ndata:\n  k: '2'\n  l: '3'\n"));
    assert_int_equal(asked->status, 200);
    assert_owns(doc, "p", "{\"f:data\":{\"f:l\":{}}}");
    doc = ask_patch(*state, "merge-patch", CONFIGMAPS "/a",
                    "{\"metadata\":{\"managedFields\":[{}]}}");
    assert_int_equal(mp_path(doc, "metadata.managedFields").type, MP_END);
    doc = ask_patch(*state, "merge-patch", CONFIGMAPS "/a?fieldManager=q",
                    "{\"data\":{\"k\":\"4\"}}");
    assert_int_equal(mp_path(doc, "metadata.managedFields").type, MP_END);
}

static void a_status_is_applied_through_its_own_path_in_one_change(void **state)
{
    struct mp doc = ask(*state, "POST", PODS "?fieldManager=maker",
                        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
                        "\"image\":\"i\"}]}}");
    uint64_t before = 0, after = 0;
    str_to_u64(mp_str(mp_path(doc, "metadata.resourceVersion")), &before);
    doc =
        apply(*state, PODS "/p/status?fieldManager=agent",
              "apiVersion: v1\nkind: Pod\nspec: {nodeName: elsewhere}\nstatus: {message: hello}\n");
    assert_int_equal(asked->status, 200);
    assert_text(doc, "status.message", "hello");
    assert_int_equal(mp_path(doc, "spec.nodeName").type, MP_END);
    assert_owns(doc, "agent", "{\"f:status\":{\"f:message\":{}}}");
    str_to_u64(mp_str(mp_path(doc, "metadata.resourceVersion")), &after);
    assert_int_equal(after, before + 1);
    doc = apply(*state, PODS "/p/status?fieldManager=agent", "apiVersion: v1\nkind: Pod\n");
    assert_int_equal(mp_path(doc, "status.message").type, MP_END);
    assert_text(doc, "status.phase", "Pending"); /* nobody's, and stays */
    assert_owns(doc, "agent", "");
}

static void a_scale_is_applied(void **state)
{
    apply(*state, SETS "/web?fieldManager=one",
          "apiVersion: apps/v1\nkind: ReplicaSet\nspec:\n  replicas: 3\n  selector: {matchLabels: "
          "{a: "
          "b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: c, "
          "image: "
          "i}]}\n");
    assert_int_equal(asked->status, 201);
    const char *scale = "apiVersion: autoscaling/v1\nkind: Scale\nspec: {replicas: 5}\n";
    struct mp doc = apply(*state, SETS "/web/scale?fieldManager=two", scale);
    assert_refused(doc, 409, "Conflict",
                   "Apply failed with 1 conflict: conflict with \"one\": .spec.replicas");
    doc = apply(*state, SETS "/web/scale?fieldManager=two&force=true", scale);
    assert_int_equal(number_at(doc, "spec.replicas"), 5);
    doc = ask(*state, "GET", SETS "/web", NULL);
    assert_owns(doc, "two", "{\"f:spec\":{\"f:replicas\":{}}}");
}

static void a_secrets_owners_name_keys_only(void **state)
{
    struct mp doc = apply(*state, "/api/v1/namespaces/default/secrets/s?fieldManager=one",
                          "apiVersion: v1\nkind: Secret\nstringData: {pw: hidden}\n");
    assert_int_equal(asked->status, 201);
    assert_text(doc, "data.pw", "aGlkZGVu");
    assert_owns(doc, "one", "{\"f:data\":{\"f:pw\":{}}}");
    apply(*state, "/api/v1/namespaces/default/secrets/s?fieldManager=two",
          "apiVersion: v1\nkind: Secret\ndata: {pw: b3RoZXI=}\n");
    assert_int_equal(asked->status, 409);
}

static void a_dry_run_of_an_apply_creates_nothing(void **state)
{
    const char *config = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n";
    apply(*state, CONFIGMAPS "/a?fieldManager=one&dryRun=All", config);
    assert_int_equal(asked->status, 201);
    ask(*state, "GET", CONFIGMAPS "/a", NULL);
    assert_int_equal(asked->status, 404);
}

static void an_old_version_in_the_configuration_conflicts(void **state)
{
    ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"}}");
    apply(*state, CONFIGMAPS "/a?fieldManager=one",
          "apiVersion: v1\nkind: ConfigMap\nmetadata: {resourceVersion: '1'}\n");
    assert_int_equal(asked->status, 409);
    apply(*state, CONFIGMAPS "/none?fieldManager=one",
          "apiVersion: v1\nkind: ConfigMap\nmetadata: {resourceVersion: '1'}\n");
    assert_int_equal(asked->status, 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_apply_creates_then_changes),
        TEST(a_conflict_names_managers_and_fields),
        TEST(an_apply_must_be_well_formed),
        TEST(every_write_tells_its_manager),
        TEST(a_status_is_applied_through_its_own_path_in_one_change),
        TEST(a_scale_is_applied),
        TEST(a_secrets_owners_name_keys_only),
        TEST(a_dry_run_of_an_apply_creates_nothing),
        TEST(an_old_version_in_the_configuration_conflicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
