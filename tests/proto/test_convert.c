/* Versions of one kind over one stored object: there and back again for each of them. */
#include "proto/convert_helper.h"

static void events_of_both_groups_are_one(void **state)
{
    static const char *const versions[] = {"events.k8s.io/v1", "events.k8s.io/v1beta1"};
    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_both_ways(
            versions[i], "Event",
            "{'metadata':{'name':'e'},'note':'n','reason':'r','type':'Normal','action':'a',"
            "'regarding':{'kind':'Pod','name':'p'},'related':{'kind':'Node'},"
            "'reportingController':'c','reportingInstance':'i','deprecatedCount':3,"
            "'deprecatedSource':{'component':'k'},'eventTime':'2020-01-01T00:00:00.000001Z',"
            "'deprecatedFirstTimestamp':'2020-01-01T00:00:00Z',"
            "'deprecatedLastTimestamp':'2020-01-01T00:00:01Z',"
            "'series':{'count':2,'lastObservedTime':'2020-01-01T00:00:00.000002Z'}}",
            "{'metadata':{'name':'e'},'message':'n','reason':'r','type':'Normal','action':'a',"
            "'involvedObject':{'kind':'Pod','name':'p'},'related':{'kind':'Node'},"
            "'reportingComponent':'c','reportingInstance':'i','count':3,"
            "'source':{'component':'k'},'eventTime':'2020-01-01T00:00:00.000001Z',"
            "'firstTimestamp':'2020-01-01T00:00:00Z','lastTimestamp':'2020-01-01T00:00:01Z',"
            "'series':{'count':2,'lastObservedTime':'2020-01-01T00:00:00.000002Z'}}");
}

#define RULES(backend)                                                                             \
    "'rules':[{'host':'h','http':{'paths':[{'path':'/','pathType':'Prefix','backend':{" backend    \
    "}}]}}]"

static void an_ingress_names_its_services_as_its_version_does(void **state)
{
    static const char *const versions[] = {"networking.k8s.io/v1beta1", "extensions/v1beta1"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_both_ways(versions[i], "Ingress",
                         "{'spec':{'backend':{'serviceName':'s','servicePort':80}," RULES(
                             "'serviceName':'t','servicePort':'http'") "}}",
                         "{'spec':{'defaultBackend':{'service':{'name':'s','port':{'number':80}}"
                         "}," RULES("'service':{'name':'t','port':{'name':'http'}}") "}}");
        assert_both_ways(versions[i], "Ingress",
                         "{'spec':{'backend':{'resource':{'kind':'B','name':'b'}}}}",
                         "{'spec':{'defaultBackend':{'resource':{'kind':'B','name':'b'}}}}");
    }
}

static void a_slice_of_the_beta_version_has_a_topology(void **state)
{
    (void)state;
    assert_both_ways("discovery.k8s.io/v1beta1", "EndpointSlice",
                     "{'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.4'],'nodeName':'n',"
                     "'topology':{'a/b':'c','topology.kubernetes.io/zone':'z',"
                     "'kubernetes.io/hostname':'n'}}],'ports':[{'port':80}]}",
                     "{'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.4'],'nodeName':'n',"
                     "'zone':'z','deprecatedTopology':{'a/b':'c'}}],'ports':[{'port':80}]}");
    assert_both_ways("discovery.k8s.io/v1beta1", "EndpointSlice",
                     "{'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.4'],"
                     "'topology':{'kubernetes.io/hostname':'other'}}]}",
                     "{'addressType':'IPv4','endpoints':[{'addresses':['1.2.3.4'],"
                     "'deprecatedTopology':{'kubernetes.io/hostname':'other'}}]}");
}

#define BEHAVIOR "{'scaleUp':{'stabilizationWindowSeconds':5}}"

static void metrics_of_the_first_beta_version_are_flat(void **state)
{
    (void)state;
    assert_both_ways(
        "autoscaling/v2beta1", "HorizontalPodAutoscaler",
        "{'spec':{'maxReplicas':3,'metrics':["
        "{'type':'Resource','resource':{'name':'cpu','targetAverageUtilization':7}},"
        "{'type':'Pods','pods':{'metricName':'m','selector':{'matchLabels':{'a':'b'}},"
        "'targetAverageValue':'5'}},"
        "{'type':'Object','object':{'target':{'kind':'K','name':'n'},'metricName':'m',"
        "'targetValue':'6'}},"
        "{'type':'External','external':{'metricName':'m','targetValue':'1'}}]},"
        "'status':{'currentMetrics':[{'type':'Object','object':{'target':{'kind':'K','name':'n'},"
        "'metricName':'m','currentValue':'9'}}]}}",
        "{'spec':{'maxReplicas':3,'metrics':["
        "{'type':'Resource','resource':{'name':'cpu','target':{'averageUtilization':7}}},"
        "{'type':'Pods','pods':{'metric':{'name':'m','selector':{'matchLabels':{'a':'b'}}},"
        "'target':{'averageValue':'5'}}},"
        "{'type':'Object','object':{'describedObject':{'kind':'K','name':'n'},'metric':{'name':"
        "'m'},'target':{'value':'6'}}},"
        "{'type':'External','external':{'metric':{'name':'m'},'target':{'value':'1'}}}]},"
        "'status':{'currentMetrics':[{'type':'Object','object':{'describedObject':{'kind':'K',"
        "'name':'n'},'metric':{'name':'m'},'current':{'value':'9'}}}]}}");
}

static void an_autoscaler_keeps_what_an_old_version_has_no_field_for(void **state)
{
    const struct kind_version *v = version_of("autoscaling/v1", "HorizontalPodAutoscaler");
    static const char all[] =
        "{'metadata':{'name':'h','annotations':{'mine':'1'}},'spec':{'maxReplicas':3,'metrics':["
        "{'type':'Pods','pods':{'metric':{'name':'m'},'target':{'averageValue':'5'}}},"
        "{'type':'Resource','resource':{'name':'cpu','target':{'averageUtilization':7}}}],"
        "'behavior':" BEHAVIOR "},'status':{'currentReplicas':1,'desiredReplicas':2,"
        "'conditions':[{'type':'AbleToScale','status':'True'}],'currentMetrics':["
        "{'type':'Resource','resource':{'name':'cpu','current':{'averageUtilization':9}}}]}}";
    struct buf doc buf_auto = admitted(v->kind->versions, all), shown buf_auto = BUF_INIT,
                   back buf_auto = BUF_INIT;
    (void)state;
    convert_from_stored(v, doc_mp(&doc), &shown);
    struct mp old = doc_mp(&shown), notes = mp_path(old, "metadata.annotations");
    assert_int_equal(mp_i64(mp_path(old, "spec.targetCPUUtilizationPercentage"), 0), 7);
    assert_int_equal(mp_i64(mp_path(old, "status.currentCPUUtilizationPercentage"), 0), 9);
    assert_int_equal(mp_path(old, "spec.metrics").type, MP_END);
    assert_int_equal(notes.count, 4); /* no current metric is left to tell */
    assert_true(mp_is(mp_get(notes, "autoscaling.alpha.kubernetes.io/metrics"),
                      "[{\"type\":\"Pods\",\"pods\":{\"metricName\":\"m\","
                      "\"targetAverageValue\":\"5\"}}]"));
    convert_to_stored(v, old, &back);
    assert_doc(doc_mp(&back), all);
    struct buf beta buf_auto = BUF_INIT;
    v = version_of("autoscaling/v2beta1", "HorizontalPodAutoscaler");
    convert_from_stored(v, doc_mp(&doc), &beta);
    assert_int_equal(mp_path(doc_mp(&beta), "spec.behavior").type, MP_END);
    buf_clear(&back);
    convert_to_stored(v, doc_mp(&beta), &back);
    assert_doc(doc_mp(&back), all);
}

static void an_annotation_that_is_no_metric_stays_an_annotation(void **state)
{
    static const char *const bad[] = {"[1", "{}", "[{\\\"type\\\":1}]", "[[]]", "7"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "{'metadata':{'annotations':{'autoscaling.alpha.kubernetes.io/metrics':'%s'}},"
                 "'spec':{'maxReplicas':1}}",
                 bad[i]);
        assert_both_ways("autoscaling/v1", "HorizontalPodAutoscaler", text, text);
    }
}

static void versions_of_one_shape_are_not_touched(void **state)
{
    (void)state;
    assert_false(convert_needed(version_of("batch/v1beta1", "CronJob")));
    assert_false(convert_needed(version_of("v1", "Event")));
    assert_false(convert_needed(version_of("v1", "Pod")));
    assert_false(convert_needed(version_of("autoscaling/v2beta2", "HorizontalPodAutoscaler")));
    assert_true(convert_needed(version_of("extensions/v1beta1", "Ingress")));
    assert_ptr_equal(version_of("v1", "Event")->kind,
                     version_of("events.k8s.io/v1", "Event")->kind);
}

static void assert_default(const char *api_version, const char *kind, const char *in,
                           const char *path, const char *want)
{
    const struct kind_version *v = version_of(api_version, kind);
    struct buf doc buf_auto = admitted(v, in), whole buf_auto = BUF_INIT;
    assert_true(convert_defaults(v));
    admit_version_defaults(v, doc_mp(&doc), &whole);
    struct mp got = doc_mp(&whole);
    if (got.type == MP_MAP && mp_get(got, "webhooks").type == MP_ARRAY)
        got = mp_at(mp_get(got, "webhooks"), 0);
    assert_doc(mp_path(got, path), want);
}

static void a_version_has_defaults_of_its_own(void **state)
{
    static const char hook[] = "{'webhooks':[{'name':'a.b.c','clientConfig':{'url':'https://x'}}]}";
    static const char group[] = "admissionregistration.k8s.io/v1beta1";
    (void)state;
    assert_default(group, "MutatingWebhookConfiguration", hook, "failurePolicy", "'Ignore'");
    assert_default(group, "ValidatingWebhookConfiguration", hook, "timeoutSeconds", "30");
    assert_default(group, "ValidatingWebhookConfiguration", hook, "sideEffects", "'Unknown'");
    assert_default("certificates.k8s.io/v1beta1", "CertificateSigningRequest",
                   "{'spec':{'request':'YQ=='}}", "spec.signerName",
                   "'kubernetes.io/legacy-unknown'");
}

static void assert_named(const char *api_version, const char *kind, const char *stored,
                         const char *want)
{
    struct buf name buf_auto = BUF_INIT;
    convert_field_name(version_of(api_version, kind), stored, &name);
    assert_string_equal(name.data, want);
}

static void a_refusal_names_the_fields_of_the_version(void **state)
{
    (void)state;
    assert_named("events.k8s.io/v1", "Event", "involvedObject.namespace", "regarding.namespace");
    assert_named("extensions/v1beta1", "Ingress", "spec.rules[0].http.paths[1].backend.service",
                 "spec.rules[0].http.paths[1].backend.service");
    assert_named("networking.k8s.io/v1beta1", "Ingress", "spec.defaultBackend", "spec.backend");
    assert_named("networking.k8s.io/v1beta1", "Ingress", "metadata.annotations[a.b/c]",
                 "metadata.annotations[a.b/c]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_both_groups_are_one),
        cmocka_unit_test(an_ingress_names_its_services_as_its_version_does),
        cmocka_unit_test(a_slice_of_the_beta_version_has_a_topology),
        cmocka_unit_test(metrics_of_the_first_beta_version_are_flat),
        cmocka_unit_test(an_autoscaler_keeps_what_an_old_version_has_no_field_for),
        cmocka_unit_test(an_annotation_that_is_no_metric_stays_an_annotation),
        cmocka_unit_test(versions_of_one_shape_are_not_touched),
        cmocka_unit_test(a_version_has_defaults_of_its_own),
        cmocka_unit_test(a_refusal_names_the_fields_of_the_version),
    };
    schema_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
