/* Server-side apply through several versions of one kind: who owns what is told in the version that
 * each manager wrote. */
#include "api/local_http.h"

#define SCALERS(v)   "/apis/autoscaling/" v "/namespaces/default/horizontalpodautoscalers"
#define INGRESSES(g) "/apis/" g "/namespaces/default/ingresses"
#define CRDS         "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define TABS(v)      "/apis/a.b/" v "/namespaces/default/tabs"
#define YAML         "Content-Type: application/apply-patch+yaml\r\n"

static struct mp apply(void *c, const char *target, const char *config)
{
    return ask_with(c, "PATCH", target, YAML, str_of(config));
}

/* "version fields" of this manager; "" for nobody. */
static void assert_owns(struct mp doc, const char *manager, const char *expected)
{
    buf_auto struct buf text = BUF_INIT;
    struct mp list = mp_path(doc, "metadata.managedFields");
    buf_puts(&text, "");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        if (!mp_is(mp_get(it.value, "manager"), manager)) continue;
        struct str version = mp_str(mp_get(it.value, "apiVersion"));
        buf_printf(&text, "%.*s ", (int)version.n, version.p);
        json_write(mp_get(it.value, "fieldsV1"), &text);
    }
    assert_string_equal(text.data, expected);
}

#define SCALER                                                                                     \
    "kind: HorizontalPodAutoscaler\nspec:\n  maxReplicas: 9\n"                                     \
    "  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: web}\n"

static void scaler_by_one(void *c)
{
    apply(c, SCALERS("v1") "/a?fieldManager=one",
          "apiVersion: autoscaling/v1\n" SCALER "  targetCPUUtilizationPercentage: 50\n");
    assert_int_equal(asked->status, 201);
}

static const char *metric(const char *average)
{
    static char text[400];
    snprintf(text, sizeof text,
             "apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nspec:\n  metrics:\n"
             "  - type: Resource\n    resource:\n      name: cpu\n"
             "      target: {type: Utilization, averageUtilization: %s}\n",
             average);
    return text;
}

static void a_conflict_is_found_in_the_version_of_the_owner(void **state)
{
    scaler_by_one(*state);
    struct mp doc = apply(*state, SCALERS("v2beta2") "/a?fieldManager=two", metric("70"));
    assert_refused(doc, 409, "Conflict",
                   "Apply failed with 1 conflict: conflict with \"one\": "
                   ".spec.targetCPUUtilizationPercentage");
    apply(*state, SCALERS("v2beta2") "/a?fieldManager=two", metric("50"));
    assert_int_equal(asked->status, 200); /* the same value is shared */
    doc = apply(*state, SCALERS("v2beta2") "/a?fieldManager=two&force=true", metric("70"));
    assert_int_equal(asked->status, 200);
    assert_owns(doc, "one",
                "autoscaling/v1 {\"f:spec\":{\"f:maxReplicas\":{},\"f:scaleTargetRef\":{}}}");
    assert_owns(doc, "two", "autoscaling/v2beta2 {\"f:spec\":{\"f:metrics\":{}}}");
    doc = ask(*state, "GET", SCALERS("v1") "/a", NULL);
    assert_int_equal(number_at(doc, "spec.targetCPUUtilizationPercentage"), 70);
}

static void an_update_takes_fields_of_other_versions(void **state)
{
    scaler_by_one(*state);
    struct mp doc = ask_patch(
        *state, "merge-patch", SCALERS("v2beta2") "/a?fieldManager=two",
        "{\"spec\":{\"metrics\":[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":"
        "{\"type\":\"Utilization\",\"averageUtilization\":60}}}]}}");
    assert_int_equal(asked->status, 200);
    assert_owns(doc, "one",
                "autoscaling/v1 {\"f:spec\":{\"f:maxReplicas\":{},\"f:scaleTargetRef\":{}}}");
    assert_owns(doc, "two", "autoscaling/v2beta2 {\"f:spec\":{\"f:metrics\":{}}}");
    /* What stands for one's field in the other version is changed by somebody else now. */
    apply(*state, SCALERS("v1") "/a?fieldManager=one",
          "apiVersion: autoscaling/v1\n" SCALER "  targetCPUUtilizationPercentage: 50\n");
    assert_int_equal(asked->status, 409);
}

static const char *ingress(const char *version, const char *backend)
{
    static char text[400];
    snprintf(text, sizeof text,
             "apiVersion: %s\nkind: Ingress\nmetadata: {labels: {a: b}}\nspec: {%s}\n", version,
             backend);
    return text;
}

#define OLD_BACKEND "backend: {serviceName: web, servicePort: 80}"
#define NEW_BACKEND "defaultBackend: {service: {name: web, port: {number: 80}}}"
#define RULES       "rules: [{host: x.y}]"

static void an_applier_that_changes_its_version_gives_up_what_it_said_before(void **state)
{
    const char *old = INGRESSES("extensions/v1beta1") "/a?fieldManager=one";
    const char *new = INGRESSES("networking.k8s.io/v1") "/a?fieldManager=one";
    apply(*state, old, ingress("extensions/v1beta1", OLD_BACKEND ", " RULES));
    assert_int_equal(asked->status, 201);
    struct mp doc = apply(*state, new, ingress("networking.k8s.io/v1", NEW_BACKEND));
    assert_int_equal(asked->status, 200);
    assert_text(doc, "spec.defaultBackend.service.name", "web");
    assert_int_equal(mp_path(doc, "spec.rules").type, MP_END);
    assert_owns(doc, "one",
                "networking.k8s.io/v1 {\"f:metadata\":{\"f:labels\":{\"f:a\":{}}},\"f:spec\":{"
                "\"f:defaultBackend\":{\"f:service\":{\"f:name\":{},\"f:port\":{}}}}}");
    doc = apply(*state, old, ingress("extensions/v1beta1", RULES));
    assert_int_equal(asked->status, 200);
    assert_int_equal(mp_path(doc, "spec.backend").type, MP_END);
    assert_text(mp_at(mp_path(doc, "spec.rules"), 0), "host", "x.y");
}

static void what_another_owns_in_its_version_stays(void **state)
{
    const char *old = INGRESSES("networking.k8s.io/v1beta1") "/a?fieldManager=one";
    apply(*state, old, ingress("networking.k8s.io/v1beta1", OLD_BACKEND ", " RULES));
    apply(*state, INGRESSES("networking.k8s.io/v1") "/a?fieldManager=two",
          ingress("networking.k8s.io/v1", NEW_BACKEND));
    assert_int_equal(asked->status, 200);
    struct mp doc = apply(*state, old, ingress("networking.k8s.io/v1beta1", RULES));
    assert_int_equal(asked->status, 200);
    assert_text(doc, "spec.backend.serviceName", "web");
    assert_owns(doc, "one",
                "networking.k8s.io/v1beta1 {\"f:metadata\":{\"f:labels\":{\"f:a\":{}}},\"f:spec\":{"
                "\"f:rules\":{}}}");
    doc = apply(*state, old, ingress("networking.k8s.io/v1beta1", ""));
    assert_int_equal(mp_path(doc, "spec.rules").type, MP_END); /* nobody else's */
    assert_text(doc, "spec.backend.serviceName", "web");
}

#define ANYTHING                                                                                   \
    "schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}"
#define OLD_VERSION "{name: v1beta1, served: true, storage: false, " ANYTHING "}, "

/* Applied, and established as the core's controller does. */
static void define(void *c, const char *more)
{
    buf_auto struct buf text = BUF_INIT;
    buf_printf(&text,
               "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
               "spec: {group: a.b, scope: Namespaced, names: {plural: tabs, kind: Tab}, "
               "versions: [%s{name: v1, served: true, storage: true, " ANYTHING "}]}\n",
               more);
    apply(c, CRDS "/tabs.a.b?fieldManager=x", text.data);
    ask_patch(c, "merge-patch", CRDS "/tabs.a.b/status",
              "{\"status\":{\"conditions\":[{\"type\":\"Established\",\"status\":\"True\"}]}}");
    assert_int_equal(asked->status, 200);
}

static void owners_of_a_version_that_is_gone_own_nothing(void **state)
{
    define(*state, OLD_VERSION);
    struct mp doc = apply(*state, TABS("v1beta1") "/t?fieldManager=one",
                          "apiVersion: a.b/v1beta1\nkind: Tab\nspec: {x: 1, y: 1}\n");
    assert_int_equal(asked->status, 201);
    apply(*state, TABS("v1") "/t?fieldManager=two",
          "apiVersion: a.b/v1\nkind: Tab\nspec: {x: 2}\n");
    assert_int_equal(asked->status, 409);
    define(*state, "");
    doc = apply(*state, TABS("v1") "/t?fieldManager=two",
                "apiVersion: a.b/v1\nkind: Tab\nspec: {x: 2}\n");
    assert_int_equal(asked->status, 200);
    assert_owns(doc, "one", "");
    assert_owns(doc, "two", "a.b/v1 {\"f:spec\":{\".\":{},\"f:x\":{}}}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_conflict_is_found_in_the_version_of_the_owner),
        TEST(an_update_takes_fields_of_other_versions),
        TEST(an_applier_that_changes_its_version_gives_up_what_it_said_before),
        TEST(what_another_owns_in_its_version_stays),
        TEST(owners_of_a_version_that_is_gone_own_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
