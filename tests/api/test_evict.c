/* Evictions and what the budgets' status says about them; through real HTTP. */
#include "api/local_http.h"

#define PODS   "/api/v1/namespaces/default/pods"
#define BUDGET "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets"

static void begin(struct local_cluster *c, const char *ready, unsigned healthy, unsigned allowed)
{
    char status[400];
    ask(c, "POST", PODS,
        "{\"metadata\":{\"name\":\"p\",\"labels\":{\"app\":\"x\"}},\"spec\":{"
        "\"containers\":[{\"name\":\"c\",\"image\":\"busybox:1\"}]}}");
    snprintf(status, sizeof status,
             "{\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\","
             "\"status\":\"%s\"}]}}",
             ready);
    ask_patch(c, "merge-patch", PODS "/p/status", status);
    ask(c, "POST", BUDGET,
        "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"minAvailable\":2,\"selector\":{"
        "\"matchLabels\":{\"app\":\"x\"}}}}");
    snprintf(status, sizeof status,
             "{\"status\":{\"observedGeneration\":1,\"desiredHealthy\":2,\"currentHealthy\":%u,"
             "\"expectedPods\":3,\"disruptionsAllowed\":%u}}",
             healthy, allowed);
    ask_patch(c, "merge-patch", BUDGET "/b/status", status);
    assert_int_equal(asked->status, 200);
}

static struct mp evict(struct local_cluster *c)
{
    return ask(c, "POST", PODS "/p/eviction",
               "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"Eviction\","
               "\"metadata\":{\"name\":\"p\"}}");
}

static void a_refusal_leaves_it_to_the_client_when_to_come_back(void **state)
{
    begin(*state, "True", 2, 0);
    struct mp doc = evict(*state);
    assert_int_equal(asked->status, 429);
    assert_text(mp_at(mp_path(doc, "details.causes"), 0), "reason", "DisruptionBudget");
    assert_int_equal(mp_path(doc, "details.retryAfterSeconds").type, MP_END);
}

static void what_is_allowed_is_counted_down(void **state)
{
    begin(*state, "True", 3, 1);
    evict(*state);
    assert_int_equal(asked->status, 201);
    struct mp doc = ask(*state, "GET", BUDGET "/b", NULL);
    assert_int_equal(number_at(doc, "status.disruptionsAllowed"), 0);
    assert_int_equal(mp_path(doc, "status.disruptedPods.p").type, MP_STR);
    ask(*state, "GET", PODS "/p", NULL);
    assert_int_equal(asked->status, 404);
}

static void a_pod_that_is_not_ready_is_not_missed_where_enough_are(void **state)
{
    begin(*state, "False", 2, 0);
    evict(*state);
    assert_int_equal(asked->status, 201);
    struct mp doc = ask(*state, "GET", BUDGET "/b", NULL);
    assert_int_equal(mp_path(doc, "status.disruptedPods").type, MP_END);
    ask(*state, "GET", PODS "/p", NULL);
    assert_int_equal(asked->status, 404);
}

static void a_pod_that_is_not_ready_waits_where_too_few_are(void **state)
{
    begin(*state, "False", 1, 0);
    evict(*state);
    assert_int_equal(asked->status, 429);
    ask(*state, "GET", PODS "/p", NULL);
    assert_int_equal(asked->status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refusal_leaves_it_to_the_client_when_to_come_back),
        TEST(what_is_allowed_is_counted_down),
        TEST(a_pod_that_is_not_ready_is_not_missed_where_enough_are),
        TEST(a_pod_that_is_not_ready_waits_where_too_few_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
