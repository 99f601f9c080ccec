/* Validation: what is refused, with the field, the reason and the sentence that kubectl shows.
 * Pods: test_admit_pods.c. */
#include "proto/admit_causes.h"

static void names_must_fit_their_kind(void **state)
{
    (void)state;
    assert_cause("pods", "{'metadata':{'name':'No_Good'},'spec':{" GOOD "}}", NULL,
                 "metadata.name|FieldValueInvalid|Invalid value: \"No_Good\": a lowercase RFC 1123 "
                 "subdomain must consist of");
    assert_causes("pods", "{'metadata':{},'spec':{" GOOD "}}", NULL,
                  "metadata.name|FieldValueRequired|Required value: name or generateName is "
                  "required\n");
    assert_causes("pods", "{'metadata':{'generateName':'a-'},'spec':{" GOOD "}}", NULL, "");
    assert_cause("services", "{'metadata':{'name':'1up'},'spec':{'ports':[{'port':1}]}}", NULL,
                 "metadata.name|FieldValueInvalid|Invalid value: \"1up\": a DNS-1035 label");
    assert_cause("namespaces", "{'metadata':{'name':'a.b'}}", NULL,
                 "metadata.name|FieldValueInvalid|Invalid value: \"a.b\": a lowercase RFC 1123 "
                 "label");
    assert_causes("nodes", "{'metadata':{'name':'n','namespace':'x'}}", NULL,
                  "metadata.namespace|FieldValueForbidden|Forbidden: not allowed on this type\n");
}

static void metadata_has_limits_and_owners_are_complete(void **state)
{
    (void)state;
    assert_cause("configmaps", "{'metadata':{'name':'a','labels':{'-x':'y'}}}", NULL,
                 "metadata.labels|FieldValueInvalid|Invalid value: \"-x\": name part must");
    assert_cause("configmaps", "{'metadata':{'name':'a','labels':{'x':'y!'}}}", NULL,
                 "metadata.labels|FieldValueInvalid|Invalid value: \"y!\": a valid label must");
    assert_causes("configmaps",
                  "{'metadata':{'name':'a','ownerReferences':[{'apiVersion':'v1','kind':'Pod',"
                  "'name':'p'}]}}",
                  NULL,
                  "metadata.ownerReferences[0].uid|FieldValueInvalid|Invalid value: \"\": uid must "
                  "not be empty\n");
    assert_causes("configmaps", "{'metadata':{'name':'a','finalizers':['mine']}}", NULL,
                  "metadata.finalizers[0]|FieldValueInvalid|Invalid value: \"mine\": name is "
                  "neither a standard finalizer name nor is it fully qualified\n");
    struct buf big buf_auto = BUF_INIT;
    buf_puts(&big, "{'metadata':{'name':'a','annotations':{'k':'");
    for (int i = 0; i < 256 * 1024; i++) buf_putc(&big, 'x');
    buf_puts(&big, "'}}}");
    assert_causes("configmaps", big.data, NULL,
                  "metadata.annotations|FieldValueTooLong|Too long: must have at most 262144 "
                  "bytes\n");
}

static void what_identifies_an_object_never_changes(void **state)
{
    (void)state;
    assert_causes("configmaps", "{'metadata':{'name':'b','uid':'2'}}",
                  "{'metadata':{'name':'a','uid':'1'}}",
                  "metadata.name|FieldValueInvalid|Invalid value: \"b\": field is immutable\n"
                  "metadata.uid|FieldValueInvalid|Invalid value: \"2\": field is immutable\n");
    assert_causes(
        "configmaps", "{'metadata':{'name':'a','finalizers':['x/y']}}",
        "{'metadata':{'name':'a','deletionTimestamp':'2026-01-01T00:00:00Z'}}",
        "metadata.finalizers|FieldValueForbidden|Forbidden: no new finalizers can be added "
        "if the object is being deleted, found new finalizers []string{\"x/y\"}\n");
}

#define SET(selector, labels, more)                                                                \
    "{'metadata':{'name':'r'},'spec':{'selector':" selector ",'template':{'metadata':{'labels':"   \
    "" labels "},'spec':{" GOOD more "}}}}"

#define APP(x) "{'matchLabels':{'app':'" x "'}}"

static void a_replica_set_selects_its_own_pods(void **state)
{
    (void)state;
    assert_causes("replicasets.apps", SET(APP("a"), "{'app':'a','x':'y'}", ""), NULL, "");
    assert_causes(
        "replicasets.apps", SET(APP("a"), "{'app':'b'}", ""), NULL,
        "spec.template.metadata.labels|FieldValueInvalid|Invalid value: "
        "map[string]string{\"app\":\"b\"}: `selector` does not match template `labels`\n");
    assert_causes("replicasets.apps", SET("{}", "{'app':'b'}", ""), NULL,
                  "spec.selector|FieldValueRequired|Required value\n");
    assert_causes("replicasets.apps", SET(APP("a"), "{'app':'a'}", ",'restartPolicy':'Never'"),
                  NULL,
                  "spec.template.spec.restartPolicy|FieldValueNotSupported|Unsupported value: "
                  "\"Never\": supported values: \"Always\"\n");
    assert_causes("replicasets.apps", SET(APP("b"), "{'app':'b'}", ""),
                  SET(APP("a"), "{'app':'a'}", ""),
                  "spec.selector|FieldValueInvalid|Invalid value: v1.LabelSelector{MatchLabels:"
                  "map[string]string{\"app\":\"b\"}, MatchExpressions:[]v1.LabelSelectorRequirement"
                  "(nil)}: field is immutable\n");
    assert_causes(
        "replicasets.apps",
        "{'metadata':{'name':'r'},'spec':{'replicas':-1,'selector':" APP(
            "a") ",'template':{'metadata':{'labels':{'app':'a'}},'spec':{" GOOD "}}}}",
        NULL,
        "spec.replicas|FieldValueInvalid|Invalid value: -1: must be greater than or equal "
        "to 0\n");
    assert_causes("replicasets.apps", "{'metadata':{'name':'r'}}", NULL,
                  "spec.selector|FieldValueRequired|Required value\n");
}

static void a_replication_controller_may_change_its_selector(void **state)
{
    (void)state;
    assert_causes("replicationcontrollers", SET("{'app':'b'}", "{'app':'b'}", ""),
                  SET("{'app':'a'}", "{'app':'a'}", ""), "");
    assert_causes(
        "replicationcontrollers", SET("{'app':'a'}", "{'app':'b'}", ""), NULL,
        "spec.template.metadata.labels|FieldValueInvalid|Invalid value: "
        "map[string]string{\"app\":\"b\"}: `selector` does not match template `labels`\n");
}

static void secrets_hold_what_their_type_says(void **state)
{
    (void)state;
    assert_causes("secrets", "{'metadata':{'name':'s'},'type':'kubernetes.io/tls','data':{}}", NULL,
                  "data[tls.crt]|FieldValueRequired|Required value\n"
                  "data[tls.key]|FieldValueRequired|Required value\n");
    assert_causes("secrets",
                  "{'metadata':{'name':'s'},'type':'kubernetes.io/basic-auth','data':"
                  "{'password':''}}",
                  NULL, "");
    assert_cause("secrets",
                 "{'metadata':{'name':'s'},'type':'kubernetes.io/dockerconfigjson','data':"
                 "{'.dockerconfigjson':'e30y'}}",
                 NULL,
                 "data[.dockerconfigjson]|FieldValueInvalid|Invalid value: \"<secret contents "
                 "redacted>\": ");
    assert_cause("secrets", "{'metadata':{'name':'s'},'data':{'a b':''}}", NULL,
                 "data[a b]|FieldValueInvalid|Invalid value: \"a b\": a valid config key must");
    assert_causes("secrets", "{'metadata':{'name':'s'},'type':'b'}",
                  "{'metadata':{'name':'s'},'type':'a'}",
                  "type|FieldValueInvalid|Invalid value: \"b\": field is immutable\n");
    struct buf big buf_auto = BUF_INIT;
    buf_puts(&big, "{'metadata':{'name':'s'},'stringData':{'k':'");
    for (int i = 0; i <= 1024 * 1024; i++) buf_putc(&big, 'x');
    buf_puts(&big, "'}}");
    assert_causes("secrets", big.data, NULL,
                  "data|FieldValueTooLong|Too long: must have at most 1048576 bytes\n");
}

static void frozen_config_stays_frozen(void **state)
{
    (void)state;
    const char *old = "{'metadata':{'name':'s'},'immutable':true,'data':{'a':'YQ=='}}";
    assert_causes(
        "secrets", "{'metadata':{'name':'s'},'data':{'a':'Yg=='}}", old,
        "immutable|FieldValueForbidden|Forbidden: field is immutable when `immutable` is "
        "set\n"
        "data|FieldValueForbidden|Forbidden: field is immutable when `immutable` is set\n");
    assert_causes("configmaps", old, old, "");
}

static void services_need_ports_with_names(void **state)
{
    (void)state;
    assert_causes("services", "{'metadata':{'name':'s'},'spec':{}}", NULL,
                  "spec.ports|FieldValueRequired|Required value\n");
    assert_causes("services", "{'metadata':{'name':'s'},'spec':{'clusterIP':'None'}}", NULL, "");
    assert_causes("services",
                  "{'metadata':{'name':'s'},'spec':{'ports':[{'port':80},{'port':81}]}}", NULL,
                  "spec.ports[0].name|FieldValueRequired|Required value\n"
                  "spec.ports[1].name|FieldValueRequired|Required value\n");
    assert_causes("services", "{'metadata':{'name':'s'},'spec':{'type':'ExternalName'}}", NULL,
                  "spec.externalName|FieldValueRequired|Required value\n");
    assert_causes("services",
                  "{'metadata':{'name':'s'},'spec':{'type':'Open','ports':[{'port':1}]}}", NULL,
                  "spec.type|FieldValueNotSupported|Unsupported value: \"Open\": supported values: "
                  "\"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"\n");
    assert_causes("services",
                  "{'metadata':{'name':'s'},'spec':{'clusterIP':'10.0.0.2','ports':[{'port':1}]}}",
                  "{'metadata':{'name':'s'},'spec':{'clusterIP':'10.0.0.1','ports':[{'port':1}]}}",
                  "spec.clusterIPs[0]|FieldValueInvalid|Invalid value: []string{\"10.0.0.2\"}: may "
                  "not change once set\n");
}

static void the_rest_of_the_kinds_is_checked_too(void **state)
{
    (void)state;
    assert_causes("nodes",
                  "{'metadata':{'name':'n'},'spec':{'taints':[{'key':'a','effect':'NoSchedule'},"
                  "{'key':'a','effect':'NoSchedule','value':'x'},{'key':'b'}]}}",
                  NULL,
                  "spec.taints[1]|FieldValueDuplicate|Duplicate value: core.Taint{Key:\"a\", "
                  "Value:\"x\", Effect:\"NoSchedule\", TimeAdded:<nil>}: taints must be unique by "
                  "key and effect pair\n"
                  "spec.taints[2].effect|FieldValueRequired|Required value\n");
    assert_causes(
        "endpoints",
        "{'metadata':{'name':'e'},'subsets':[{'ports':[{'port':1}]},"
        "{'addresses':[{'ip':'127.0.0.1'}]}]}",
        NULL,
        "subsets[0]|FieldValueRequired|Required value: must specify `addresses` or "
        "`notReadyAddresses`\n"
        "subsets[1].addresses[0].ip|FieldValueInvalid|Invalid value: \"127.0.0.1\": may not "
        "be in the loopback range (127.0.0.0/8, ::1/128)\n");
    assert_causes("leases.coordination.k8s.io",
                  "{'metadata':{'name':'l'},'spec':{'leaseDurationSeconds':0}}", NULL,
                  "spec.leaseDurationSeconds|FieldValueInvalid|Invalid value: 0: must be greater "
                  "than 0\n");
    assert_causes("events",
                  "{'metadata':{'name':'e','namespace':'a'},'involvedObject':{'namespace':'b'}}",
                  NULL,
                  "involvedObject.namespace|FieldValueInvalid|Invalid value: \"b\": does not match "
                  "event.namespace\n");
}

static void the_number_of_causes_is_bounded(void **state)
{
    (void)state;
    struct buf in buf_auto = BUF_INIT;
    buf_puts(&in, "{'metadata':{'name':'p'},'spec':{'containers':[{}");
    for (int i = 0; i < 1000; i++) buf_puts(&in, ",{}");
    buf_puts(&in, "]}}");
    struct causes causes = validated("pods", in.data, NULL);
    assert_in_range(causes.count, 10, 100);
    causes_free(&causes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_must_fit_their_kind),
        cmocka_unit_test(metadata_has_limits_and_owners_are_complete),
        cmocka_unit_test(what_identifies_an_object_never_changes),
        cmocka_unit_test(a_replica_set_selects_its_own_pods),
        cmocka_unit_test(a_replication_controller_may_change_its_selector),
        cmocka_unit_test(secrets_hold_what_their_type_says),
        cmocka_unit_test(frozen_config_stays_frozen),
        cmocka_unit_test(services_need_ports_with_names),
        cmocka_unit_test(the_rest_of_the_kinds_is_checked_too),
        cmocka_unit_test(the_number_of_causes_is_bounded),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
