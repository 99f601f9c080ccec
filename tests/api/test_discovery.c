/* What clients learn about the server before they ask for anything. */
#include "api/local_http.h"

static struct mp find(struct mp list, const char *key, const char *value)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, key), value)) return it.value;
    return (struct mp){0};
}

static bool holds(struct mp list, const char *text)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_is(it.value, text)) return true;
    return false;
}

static void groups_and_versions_are_listed(void **state)
{
    struct mp doc = ask(*state, "GET", "/api", NULL);
    assert_text(doc, "kind", "APIVersions");
    assert_true(holds(mp_get(doc, "versions"), "v1"));
    doc = ask(*state, "GET", "/apis/", NULL);
    assert_text(doc, "kind", "APIGroupList");
    struct mp apps = find(mp_get(doc, "groups"), "name", "apps");
    assert_text(apps, "preferredVersion.groupVersion", "apps/v1");
    doc = ask(*state, "GET", "/apis/apps/", NULL);
    assert_text(doc, "kind", "APIGroup");
    assert_text(mp_at(mp_get(doc, "versions"), 0), "version", "v1");
    ask(*state, "GET", "/apis/nope", NULL);
    assert_int_equal(asked->status, 404);
}

static void clients_of_1_20_are_pointed_at_versions_that_they_know(void **state)
{
    static const char *const preferred[][2] = {{"autoscaling", "v1"},
                                               {"batch", "v1beta1"},
                                               {"discovery.k8s.io", "v1beta1"},
                                               {"policy", "v1beta1"},
                                               {"networking.k8s.io", "v1"}};
    struct mp doc = ask(*state, "GET", "/apis", NULL);
    for (size_t i = 0; i < sizeof preferred / sizeof *preferred; i++) {
        struct mp group = find(mp_get(doc, "groups"), "name", preferred[i][0]);
        assert_text(group, "preferredVersion.version", preferred[i][1]);
        assert_text(mp_at(mp_get(group, "versions"), 0), "version",
                    strcmp(preferred[i][0], "autoscaling") ? "v1" : "v2");
    }
    const char *accept = "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as="
                         "APIGroupDiscoveryList\r\n";
    doc = ask_with(*state, "GET", "/apis", accept, (struct str){0});
    for (struct mp_iter it = mp_items(mp_get(doc, "items")); mp_iter_next(&it);)
        if (mp_is(mp_path(it.value, "metadata.name"), "autoscaling"))
            assert_text(mp_at(mp_get(it.value, "versions"), 0), "version", "v2");
}

static void resources_tell_names_verbs_and_categories(void **state)
{
    struct mp doc = ask(*state, "GET", "/api/v1", NULL);
    assert_text(doc, "groupVersion", "v1");
    struct mp pods = find(mp_get(doc, "resources"), "name", "pods");
    assert_text(pods, "kind", "Pod");
    assert_text(pods, "singularName", "pod");
    assert_true(holds(mp_get(pods, "shortNames"), "po"));
    assert_true(holds(mp_get(pods, "categories"), "all"));
    assert_true(holds(mp_get(pods, "verbs"), "watch"));
    assert_true(find(mp_get(doc, "resources"), "name", "pods/log").type == MP_MAP);
    assert_true(find(mp_get(doc, "resources"), "name", "bindings").type == MP_MAP);
    doc = ask(*state, "GET", "/apis/apps/v1", NULL);
    struct mp scale = find(mp_get(doc, "resources"), "name", "replicasets/scale");
    assert_text(scale, "group", "autoscaling");
    assert_text(scale, "kind", "Scale");
}

static void stored_versions_have_the_hashes_that_clients_know(void **state)
{
    struct mp list = mp_get(ask(*state, "GET", "/api/v1", NULL), "resources");
    assert_text(find(list, "name", "pods"), "storageVersionHash", "xPOwRZ+Yhw8=");
    assert_text(find(list, "name", "services"), "storageVersionHash", "0/CO1lhkEBI=");
    assert_int_equal(mp_get(find(list, "name", "componentstatuses"), "storageVersionHash").type,
                     MP_END);
    assert_int_equal(mp_get(find(list, "name", "pods/log"), "storageVersionHash").type, MP_END);
    const char *path = "/apis/networking.k8s.io/v1beta1"; /* served, but stored as v1 */
    list = mp_get(ask(*state, "GET", path, NULL), "resources");
    assert_text(find(list, "name", "ingresses"), "storageVersionHash", "39NQlfNR+bo=");
}

static void current_clients_learn_all_in_two_requests(void **state)
{
    const char *accept = "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as="
                         "APIGroupDiscoveryList,application/json\r\n";
    struct mp doc = ask_with(*state, "GET", "/apis", accept, (struct str){0});
    assert_text(doc, "kind", "APIGroupDiscoveryList");
    assert_text(doc, "apiVersion", "apidiscovery.k8s.io/v2");
    assert_string_equal(asked->type.data,
                        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    doc = ask_with(*state, "GET", "/api", accept, (struct str){0});
    struct mp core = mp_at(mp_get(doc, "items"), 0);
    struct mp resources = mp_get(mp_at(mp_get(core, "versions"), 0), "resources");
    assert_text(find(resources, "resource", "bindings"), "responseKind.kind", "Binding");
    struct mp pods = find(resources, "resource", "pods");
    assert_text(pods, "scope", "Namespaced");
    assert_text(pods, "responseKind.kind", "Pod");
    assert_text(find(mp_get(pods, "subresources"), "subresource", "binding"), "responseKind.kind",
                "Binding");
}

static void components_are_as_this_master_sees_them(void **state)
{
    struct local_cluster *c = *state;
    struct mp doc = ask(c, "GET", "/api/v1/componentstatuses", NULL);
    assert_text(doc, "kind", "ComponentStatusList");
    assert_int_equal(mp_get(doc, "items").count, 4);
    doc = ask(c, "GET", "/api/v1/componentstatuses/etcd-0", NULL);
    struct mp healthy = mp_at(mp_get(doc, "conditions"), 0);
    assert_text(healthy, "status", "True");
    assert_text(healthy, "message", "ok");
    assert_int_equal(mp_path(doc, "metadata.creationTimestamp").type, MP_NIL);
    assert_int_equal(mp_path(doc, "metadata.uid").type, MP_END);
    doc = ask(c, "GET", "/api/v1/componentstatuses?fieldSelector=metadata.name%3Detcd-1", NULL);
    assert_int_equal(mp_get(doc, "items").count, 1);
    healthy = mp_at(mp_get(mp_at(mp_get(doc, "items"), 0), "conditions"), 0);
    assert_text(healthy, "status", "False");
    assert_text(healthy, "error", "m1 has no connection to m2");
    c->leaderless = true;
    doc = ask(c, "GET", "/api/v1/componentstatuses/scheduler", NULL);
    assert_text(mp_at(mp_get(doc, "conditions"), 0), "error",
                "there is no leader among the masters");
    assert_refused(ask(c, "GET", "/api/v1/componentstatuses/etcd-2", NULL), 404, "NotFound",
                   "componentstatuses \"etcd-2\" not found");
    ask(c, "POST", "/api/v1/componentstatuses", "{}");
    assert_int_equal(asked->status, 405);
    ask(c, "GET", "/api/v1/componentstatuses?watch=1", NULL);
    assert_int_equal(asked->status, 405);
}

static void connections_are_refused_in_words(void **state)
{
    static const char *const paths[] = {
        "namespaces/default/pods/p/exec?command=ls",       "namespaces/default/pods/p/attach",
        "namespaces/default/pods/p/portforward",           "namespaces/default/pods/p/proxy",
        "namespaces/default/services/s/proxy/a/b/c/d/e/f", "nodes/n/proxy/metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        mem_auto char *path = mem_printf("/api/v1/%s", paths[i]);
        struct mp doc = ask(*state, i % 2 ? "GET" : "POST", path, i % 2 ? NULL : "");
        assert_text(doc, "reason", "MethodNotAllowed");
        assert_int_equal(asked->status, 405);
    }
    assert_refused(ask(*state, "GET", "/api/v1/nodes/n/proxy/", NULL), 405, "MethodNotAllowed",
                   "proxy is not supported on resources of kind \"nodes\"");
    ask(*state, "GET", "/api/v1/nodes/n/exec", NULL);
    assert_int_equal(asked->status, 404);
}

static void the_version_reads_like_kubernetes_own(void **state)
{
    struct mp doc = ask(*state, "GET", "/version", NULL);
    assert_text(doc, "major", "1");
    assert_text(doc, "minor", "20+");
    assert_int_equal(mp_str(mp_get(doc, "gitCommit")).n, 40);
}

static void the_digest_names_the_state_at_a_revision(void **state)
{
    struct local_cluster *c = *state;
    char hex[DIGEST_HEX];
    struct mp doc = ask(c, "GET", "/logship/digest", NULL);
    digest_hex(&c->world->digest, hex);
    assert_int_equal(number_at(doc, "revision"), (int64_t)c->world->revision);
    assert_text(doc, "digest", hex);
    doc = ask(c, "GET", "/logship/status", NULL);
    assert_text(doc, "self", "m1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(groups_and_versions_are_listed),
        TEST(clients_of_1_20_are_pointed_at_versions_that_they_know),
        TEST(resources_tell_names_verbs_and_categories),
        TEST(stored_versions_have_the_hashes_that_clients_know),
        TEST(current_clients_learn_all_in_two_requests),
        TEST(components_are_as_this_master_sees_them),
        TEST(connections_are_refused_in_words),
        TEST(the_version_reads_like_kubernetes_own),
        TEST(the_digest_names_the_state_at_a_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
