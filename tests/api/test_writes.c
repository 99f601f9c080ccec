/* Changing what exists: updates, patches, subresources, deletion; through real HTTP. */
#include "api/local_http.h"

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"
#define PODS       "/api/v1/namespaces/default/pods"
#define SETS       "/apis/apps/v1/namespaces/default/replicasets"

static const char pod_p[] = "{\"metadata\":{\"name\":\"p\",\"labels\":{\"app\":\"x\"}},\"spec\":{"
                            "\"containers\":[{\"name\":\"c\",\"image\":\"busybox:1\"}]}}";
static const char set_web[] =
    "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":{"
    "\"app\":\"web\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{"
    "\"containers\":[{\"name\":\"c\",\"image\":\"busybox\"}]}}}}";

static void an_update_of_an_old_version_conflicts(void **state)
{
    ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\"}}");
    struct mp doc = ask(*state, "PUT", CONFIGMAPS "/a",
                        "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}");
    assert_refused(doc, 409, "Conflict",
                   "Operation cannot be fulfilled on configmaps \"a\": the object has been "
                   "modified; please apply your changes to the latest version and try again");
    doc = ask(*state, "PUT", CONFIGMAPS "/a",
              "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"2\"}}");
    assert_int_equal(asked->status, 200);
    assert_text(doc, "data.k", "2");
    ask(*state, "PUT", CONFIGMAPS "/a", "{\"metadata\":{\"name\":\"b\"}}");
    assert_int_equal(asked->status, 400);
    ask(*state, "PUT", CONFIGMAPS "/a",
        "{\"metadata\":{\"name\":\"a\",\"uid\":\"5b2b2a3e-0000-4000-8000-000000000001\"}}");
    assert_int_equal(asked->status, 409);
}

static void an_update_makes_what_is_not_there_only_of_some_kinds(void **state)
{
#define LEASE "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
    ask(*state, "PUT", CONFIGMAPS "/a", "{\"metadata\":{\"name\":\"a\"}}");
    assert_int_equal(asked->status, 404);
    struct mp doc = ask(*state, "PUT", LEASE, "{\"metadata\":{\"name\":\"l\"}}");
    assert_int_equal(asked->status, 201);
    assert_text(doc, "metadata.name", "l");
    ask(*state, "PUT", LEASE,
        "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"holderIdentity\":\"me\"}}");
    assert_int_equal(asked->status, 200);
    /* Another's name for what was there before is as good as a new one. */
    ask(*state, "PUT", LEASE "2", "{\"metadata\":{\"name\":\"l2\",\"resourceVersion\":\"1\"}}");
    assert_int_equal(asked->status, 201);
    ask(*state, "PUT", LEASE "3", "{\"metadata\":{\"name\":\"l3\",\"uid\":\"u\"}}");
    assert_int_equal(asked->status, 409);
    doc = ask(*state, "PUT", LEASE "4", "{\"metadata\":{}}");
    assert_refused(doc, 400, "BadRequest",
                   "the name of the object (l4 based on URL) was undeterminable: name must be "
                   "provided");
    ask(*state, "PUT", "/api/v1/namespaces/default/services/s",
        "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}]}}");
    assert_int_equal(asked->status, 404);
    ask(*state, "PUT", "/apis/rbac.authorization.k8s.io/v1/clusterroles/c",
        "{\"metadata\":{\"name\":\"c\"},\"rules\":[]}");
    assert_int_equal(asked->status, 201);
}

static void an_update_that_changes_nothing_keeps_its_version(void **state)
{
    struct mp doc =
        ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"1\"}}");
    assert_text(doc, "metadata.resourceVersion", "2");
    doc = ask_patch(*state, "merge-patch", CONFIGMAPS "/a", "{\"data\":{\"k\":\"1\"}}");
    assert_text(doc, "metadata.resourceVersion", "2");
}

static void patches_of_three_kinds(void **state)
{
    ask(*state, "POST", PODS, pod_p);
    struct mp doc =
        ask_patch(*state, "merge-patch", PODS "/p", "{\"metadata\":{\"labels\":{\"a\":\"1\"}}}");
    assert_int_equal(asked->status, 200);
    assert_text(doc, "metadata.labels.a", "1");
    doc = ask_patch(*state, "json-patch", PODS "/p",
                    "[{\"op\":\"remove\",\"path\":\"/metadata/labels/a\"}]");
    assert_int_equal(mp_path(doc, "metadata.labels.a").type, MP_END);
    assert_text(doc, "metadata.labels.app", "x");
    doc = ask_patch(*state, "strategic-merge-patch", PODS "/p",
                    "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox:2\"}]}}");
    assert_int_equal(asked->status, 200);
    assert_int_equal(mp_path(doc, "spec.containers").count, 1);
    assert_text(mp_at(mp_path(doc, "spec.containers"), 0), "image", "busybox:2");
    ask_patch(*state, "json-patch", PODS "/p", "{}");
    assert_int_equal(asked->status, 400);
    ask_patch(*state, "merge-patch", PODS "/p", "{\"spec\":");
    assert_int_equal(asked->status, 400);
}

static void the_status_is_written_through_its_own_path(void **state)
{
    ask(*state, "POST", PODS, pod_p);
    struct mp doc = ask_patch(*state, "merge-patch", PODS "/p/status",
                              "{\"metadata\":{\"labels\":{\"a\":\"1\"},\"finalizers\":[\"a.b/c\"]},"
                              "\"spec\":{\"priority\":7},\"status\":{\"phase\":\"Running\"}}");
    assert_int_equal(asked->status, 200);
    assert_text(doc, "status.phase", "Running");
    assert_text(doc, "metadata.labels.a", "1"); /* labels and annotations come along, no more */
    assert_int_equal(mp_path(doc, "metadata.finalizers").type, MP_END);
    assert_int_equal(number_at(doc, "spec.priority"), 0);
    doc = ask_patch(*state, "merge-patch", PODS "/p", "{\"status\":{\"phase\":\"Failed\"}}");
    assert_text(doc, "status.phase", "Running");
}

static void a_scale_is_read_and_written(void **state)
{
    ask(*state, "POST", SETS, set_web);
    struct mp doc = ask(*state, "GET", SETS "/web/scale", NULL);
    assert_text(doc, "kind", "Scale");
    assert_int_equal(number_at(doc, "spec.replicas"), 3);
    assert_text(doc, "status.selector", "app=web");
    doc = ask_patch(*state, "merge-patch", SETS "/web/scale", "{\"spec\":{\"replicas\":5}}");
    assert_text(doc, "kind", "Scale");
    assert_int_equal(number_at(doc, "spec.replicas"), 5);
    doc = ask(*state, "GET", SETS "/web", NULL);
    assert_int_equal(number_at(doc, "spec.replicas"), 5);
    assert_int_equal(number_at(doc, "metadata.generation"), 2);
    doc = ask_patch(*state, "merge-patch", SETS "/web/scale", "{\"spec\":{\"replicas\":-1}}");
    assert_refused(
        doc, 422, "Invalid",
        "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be "
        "greater than or equal to 0");
}

static void a_pod_is_bound_once(void **state)
{
    ask(*state, "POST", PODS, pod_p);
    struct mp doc =
        ask(*state, "POST", PODS "/p/binding", "{\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}");
    assert_int_equal(asked->status, 201);
    assert_text(doc, "status", "Success");
    doc = ask(*state, "GET", PODS "/p", NULL);
    assert_text(doc, "spec.nodeName", "n1");
    ask(*state, "POST", "/api/v1/namespaces/default/bindings",
        "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n2\"}}");
    assert_int_equal(asked->status, 409);
    ask(*state, "POST", PODS "/p/binding", "{\"target\":{\"kind\":\"Node\"}}");
    assert_int_equal(asked->status, 422);
}

static void deletion_is_immediate_or_graceful(void **state)
{
    ask(*state, "POST", PODS, pod_p);
    ask(*state, "POST", PODS "/p/binding", "{\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}");
    struct mp doc = ask(*state, "DELETE", PODS "/p", "{\"gracePeriodSeconds\":7}");
    assert_int_equal(asked->status, 200);
    assert_text(doc, "kind", "Pod");
    assert_int_equal(number_at(doc, "metadata.deletionGracePeriodSeconds"), 7);
    doc = ask(*state, "DELETE", PODS "/p?gracePeriodSeconds=0", NULL);
    assert_int_equal(asked->status, 200);
    assert_text(doc, "kind", "Pod");
    assert_text(doc, "metadata.name", "p");
    ask(*state, "GET", PODS "/p", NULL);
    assert_int_equal(asked->status, 404);
    ask(*state, "DELETE", PODS "/p", "{\"gracePeriodSeconds\":-1}");
    assert_int_equal(asked->status, 422);
    doc = ask(*state, "DELETE", PODS "/p", "{\"propagationPolicy\":\"Now\"}");
    assert_refused(
        doc, 422, "Invalid",
        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: "
        "\"Now\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
    assert_text(mp_at(mp_path(doc, "details.causes"), 0), "reason", "FieldValueNotSupported");
    doc = ask(*state, "DELETE", PODS "/p",
              "{\"propagationPolicy\":\"Orphan\",\"orphanDependents\":true}");
    assert_refused(doc, 422, "Invalid",
                   "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: "
                   "\"Orphan\": orphanDependents and deletionPropagation cannot be both set");
}

static void who_takes_the_last_finalizer_away_is_shown_the_object_without_it(void **state)
{
    for (int patched = 0; patched < 2; patched++) {
        ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\",\"finalizers\":[\"b/c\"]}}");
        struct mp doc = ask(*state, "DELETE", CONFIGMAPS "/a", NULL);
        assert_int_equal(mp_path(doc, "metadata.finalizers").count, 1);
        if (patched)
            doc = ask_patch(*state, "merge-patch", CONFIGMAPS "/a",
                            "{\"metadata\":{\"finalizers\":null}}");
        else
            doc = ask(*state, "PUT", CONFIGMAPS "/a", "{\"metadata\":{\"name\":\"a\"}}");
        assert_int_equal(asked->status, 200);
        assert_text(doc, "kind", "ConfigMap");
        assert_text(doc, "metadata.name", "a");
        assert_int_equal(mp_path(doc, "metadata.deletionTimestamp").type, MP_STR);
        assert_int_equal(mp_path(doc, "metadata.finalizers").type, MP_END);
        ask(*state, "GET", CONFIGMAPS "/a", NULL);
        assert_int_equal(asked->status, 404);
    }
}

static void a_deletion_of_another_uid_conflicts(void **state)
{
    ask(*state, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"a\"}}");
    ask(*state, "DELETE", CONFIGMAPS "/a", "{\"preconditions\":{\"uid\":\"not-it\"}}");
    assert_int_equal(asked->status, 409);
    assert_refused(ask(*state, "DELETE", CONFIGMAPS "/a", "{\"kind\":\"ConfigMap\"}"), 400,
                   "BadRequest", "the body of a deletion must be DeleteOptions, not ConfigMap");
    ask(*state, "GET", CONFIGMAPS "/a", NULL);
    assert_int_equal(asked->status, 200);
}

/* What a master learns by asking its leader: there is a namespace, and something in it. */
static void ask_and_learn(struct gate *g, struct ask *a)
{
    struct local_cluster *c = container_of(g, struct local_cluster, gate);
    if (a->freshness == FRESH_LINEARIZABLE && !istr_find(str_of("late"))) {
        local_create(c, kind_namespace, NULL, "late", doc_empty(), NULL);
        local_create(c, kind_configmap, "late", "a", doc_empty(), NULL);
    }
    local_ask(g, a);
}

static void
a_master_that_is_behind_does_not_take_an_unknown_namespace_for_an_empty_one(void **state)
{
    struct local_cluster *c = *state;
    c->gate.ask = ask_and_learn;
    ask(c, "DELETE", "/api/v1/namespaces/late/configmaps/a", NULL);
    assert_int_equal(asked->status, 200);
    ask(c, "DELETE", "/api/v1/namespaces/late/configmaps/a", NULL);
    assert_int_equal(asked->status, 404);
    ask(c, "DELETE", "/api/v1/namespaces/never/configmaps/a", NULL);
    assert_int_equal(asked->status, 404);
    assert_null(istr_find(str_of("never"))); /* strangers' names take no memory */
    c->leaderless = true;
    ask(c, "DELETE", "/api/v1/namespaces/never/configmaps/a", NULL);
    assert_int_equal(asked->status, 504);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_update_of_an_old_version_conflicts),
        TEST(an_update_makes_what_is_not_there_only_of_some_kinds),
        TEST(an_update_that_changes_nothing_keeps_its_version),
        TEST(patches_of_three_kinds),
        TEST(the_status_is_written_through_its_own_path),
        TEST(a_scale_is_read_and_written),
        TEST(a_pod_is_bound_once),
        TEST(deletion_is_immediate_or_graceful),
        TEST(who_takes_the_last_finalizer_away_is_shown_the_object_without_it),
        TEST(a_deletion_of_another_uid_conflicts),
        TEST(a_master_that_is_behind_does_not_take_an_unknown_namespace_for_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
