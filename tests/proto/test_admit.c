/* Validation: what is refused, with the field, the reason and the sentence that kubectl shows. */
#include "proto/admit_helper.h"

/* Structure, defaults, validation: as a request goes. */
static struct causes validated(const char *kind, const char *in, const char *old_in)
{
    const struct kind *k = kind_by_key(str_of(kind));
    assert_non_null(k);
    struct buf docs[2] = {0};
    const char *texts[2] = {in, old_in};
    for (int i = 0; i < 2 && texts[i]; i++) {
        struct buf doc buf_auto = doc_of(texts[i]), pruned buf_auto = BUF_INIT;
        struct error err;
        if (admit_structure(k->versions[0].type, doc_mp(&doc), &pruned, NULL, &err))
            fail_msg("%s", err.text);
        admit_defaults(k, doc_mp(&pruned), &docs[i]);
    }
    struct causes causes = {0};
    admit_validate(k, doc_mp(&docs[0]), doc_mp(&docs[1]), NULL, &causes);
    buf_free(&docs[0]);
    buf_free(&docs[1]);
    return causes;
}

static void assert_causes(const char *kind, const char *in, const char *old, const char *want)
{
    struct causes causes = validated(kind, in, old);
    struct buf text buf_auto = BUF_INIT;
    causes_print(&causes, &text);
    causes_free(&causes);
    if (strcmp(text.data, want) != 0) fail_msg("\n%s\ngot:\n%s\nwant:\n%s", in, text.data, want);
}

/* Some cause of the new object begins like this: "field|reason|message...". */
static void assert_cause(const char *kind, const char *in, const char *old, const char *want)
{
    struct causes causes = validated(kind, in, old);
    struct buf text buf_auto = BUF_INIT;
    causes_print(&causes, &text);
    causes_free(&causes);
    if (!strstr(text.data, want)) fail_msg("\n%s\ngot:\n%s\nwant:\n%s", in, text.data, want);
}

/* A pod named p whose spec is `spec`, and one whose container has `container` in it. */
#define POD(spec)        "{'metadata':{'name':'p'},'spec':{" spec "}}"
#define POD_C(container) POD("'containers':[{'name':'c','image':'i'," container "}]")
#define GOOD             "'containers':[{'name':'c','image':'i'}]"

static void the_smaller_parts_of_a_pod(void **state)
{
    (void)state;
    static const struct {
        const char *pod, *want;
    } cases[] = {
        {POD_C("'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'metadata.zip'}}}]"),
         "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath|FieldValueInvalid|Invalid value: "
         "\"metadata.zip\": error converting fieldPath: field label not supported: "
         "metadata.zip\n"},
        {POD_C("'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'status.phase'}}}]"),
         "fieldPath|FieldValueNotSupported|Unsupported value: \"status.phase\""},
        {POD_C("'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':'spec.x[\\u0027a\\u0027]'}}"
               "}]"),
         "does not support subscript\n"},
        {POD_C("'resources':{'requests':{'foo':'1'}}"),
         "spec.containers[0].resources.requests[foo]|FieldValueInvalid|Invalid value: \"foo\": "
         "must "
         "be a standard resource type or fully "
         "qualified\nspec.containers[0].resources.requests[foo]"
         "|FieldValueInvalid|Invalid value: \"foo\": must be a standard resource for containers\n"},
        {POD_C("'lifecycle':{'preStop':{}}"),
         "spec.containers[0].lifecycle.preStop|FieldValueRequired|Required value: must specify a "
         "handler type\n"},
        {POD_C("'securityContext':{'privileged':true,'allowPrivilegeEscalation':false}"),
         "cannot set `allowPrivilegeEscalation` to false and `privileged` to true\n"},
        {POD(GOOD ",'dnsPolicy':'None'"), "spec.dnsConfig|FieldValueRequired"},
        {POD(GOOD ",'dnsConfig':{'nameservers':['x']}"),
         "spec.dnsConfig.nameservers[0]|FieldValueInvalid|Invalid value: \"x\": must be valid IP "
         "address\n"},
        {POD(GOOD ",'readinessGates':[{'conditionType':'a b'}]"),
         "spec.readinessGates[0].conditionType|FieldValueInvalid"},
        {POD(GOOD ",'hostAliases':[{'ip':'x'}]"),
         "spec.hostAliases[0].ip|FieldValueInvalid|Invalid value: \"x\": must be valid IP "
         "address\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_cause("pods", cases[i].pod, NULL, cases[i].want);
    assert_causes(
        "pods",
        POD_C("'env':[{'name':'A','valueFrom':{'fieldRef':{'fieldPath':"
              "'metadata.labels[\\u0027a/b\\u0027]'}}},{'name':'B','valueFrom':{'fieldRef':"
              "{'fieldPath':'status.podIPs'}}}],'resources':{'limits':{'cpu':'1',"
              "'hugepages-2Mi':'2Mi','example.com/gpu':'1'}},'lifecycle':{'preStop':"
              "{'exec':{'command':['a']}}}"),
        NULL, "");
}

static void a_good_pod_has_no_causes(void **state)
{
    (void)state;
    assert_causes("pods",
                  POD("'containers':[{'name':'c','image':'i:1','ports':[{'name':'http',"
                      "'containerPort':80}],'env':[{'name':'A','value':'b'},{'name':'B',"
                      "'valueFrom':{'secretKeyRef':{'name':'s','key':'k'}}}],'volumeMounts':"
                      "[{'name':'v','mountPath':'/v'}],'resources':{'requests':{'cpu':'100m'},"
                      "'limits':{'cpu':'1','memory':'1Gi'}},'livenessProbe':{'exec':{'command':"
                      "['true']}}}],'volumes':[{'name':'v','emptyDir':{}}],'nodeSelector':"
                      "{'a/b':'c'},'initContainers':[{'name':'i','image':'x'}]"),
                  NULL, "");
}

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

static void containers_need_names_images_and_good_ports(void **state)
{
    (void)state;
    assert_causes("pods", POD(""), NULL, "spec.containers|FieldValueRequired|Required value\n");
    assert_causes("pods", "{'metadata':{'name':'p'}}", NULL,
                  "spec.containers|FieldValueRequired|Required value\n");
    assert_causes("pods", POD("'containers':[{}]"), NULL,
                  "spec.containers[0].name|FieldValueRequired|Required value\n"
                  "spec.containers[0].image|FieldValueRequired|Required value\n");
    assert_causes("pods", POD("'containers':[{'name':'c','image':'i'},{'name':'c','image':'i'}]"),
                  NULL, "spec.containers[1].name|FieldValueDuplicate|Duplicate value: \"c\"\n");
    assert_causes("pods", POD(GOOD ",'initContainers':[{'name':'c','image':'i'}]"), NULL,
                  "spec.initContainers[0].name|FieldValueDuplicate|Duplicate value: \"c\"\n");
    assert_causes("pods", POD_C("'ports':[{'containerPort':70000}]"), NULL,
                  "spec.containers[0].ports[0].containerPort|FieldValueInvalid|Invalid value: "
                  "70000: must be between 1 and 65535, inclusive\n");
    assert_causes("pods", POD_C("'ports':[{'name':'x'}]"), NULL,
                  "spec.containers[0].ports[0].containerPort|FieldValueRequired|Required value\n");
    assert_causes("pods", POD_C("'imagePullPolicy':'Sometimes'"), NULL,
                  "spec.containers[0].imagePullPolicy|FieldValueNotSupported|Unsupported value: "
                  "\"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"\n");
    assert_causes("pods", POD(GOOD ",'restartPolicy':'Perhaps'"), NULL,
                  "spec.restartPolicy|FieldValueNotSupported|Unsupported value: \"Perhaps\": "
                  "supported values: \"Always\", \"OnFailure\", \"Never\"\n");
}

static void environment_mounts_and_probes_are_checked(void **state)
{
    (void)state;
    assert_cause("pods", POD_C("'env':[{'name':'1a'}]"), NULL,
                 "spec.containers[0].env[0].name|FieldValueInvalid|Invalid value: \"1a\": a valid "
                 "environment variable name");
    assert_causes("pods", POD_C("'env':[{'name':'A','valueFrom':{}}]"), NULL,
                  "spec.containers[0].env[0].valueFrom|FieldValueInvalid|Invalid value: \"\": must "
                  "specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or "
                  "`secretKeyRef`\n");
    assert_causes("pods", POD_C("'volumeMounts':[{'name':'v','mountPath':'/x'}]"), NULL,
                  "spec.containers[0].volumeMounts[0].name|FieldValueNotFound|Not found: \"v\"\n");
    assert_causes(
        "pods", POD_C("'livenessProbe':{}"), NULL,
        "spec.containers[0].livenessProbe|FieldValueRequired|Required value: must specify "
        "a handler type\n");
    assert_causes(
        "pods", POD(GOOD ",'volumes':[{'name':'v','emptyDir':{},'secret':{'secretName':'s'}}]"),
        NULL,
        "spec.volumes[0].secret|FieldValueForbidden|Forbidden: may not specify more than 1 "
        "volume type\n");
    assert_causes("pods", POD(GOOD ",'volumes':[{'name':'v','secret':{}}]"), NULL,
                  "spec.volumes[0].secret.secretName|FieldValueRequired|Required value\n");
}

static void requests_stay_within_limits(void **state)
{
    (void)state;
    assert_causes("pods", POD_C("'resources':{'requests':{'cpu':'2'},'limits':{'cpu':'1'}}"), NULL,
                  "spec.containers[0].resources.requests|FieldValueInvalid|Invalid value: \"2\": "
                  "must be less than or equal to cpu limit\n");
    assert_cause(
        "pods", POD_C("'resources':{'limits':{'cpu':'-1'}}"), NULL,
        "spec.containers[0].resources.limits[cpu]|FieldValueInvalid|Invalid value: \"-1\": "
        "must be greater than or equal to 0\n");
    assert_causes(
        "pods", POD_C("'resources':{'requests':{'a.b/gpu':'1'}}"), NULL,
        "spec.containers[0].resources.limits|FieldValueRequired|Required value: Limit must "
        "be set for non overcommitable resources\n");
}

static void tolerations_make_sense(void **state)
{
    (void)state;
    assert_cause("pods", POD(GOOD ",'tolerations':[{'effect':'Never'}]"), NULL,
                 "spec.tolerations[0].effect|FieldValueNotSupported|Unsupported value: \"Never\": "
                 "supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"\n");
    assert_cause(
        "pods", POD(GOOD ",'tolerations':[{'operator':'Exists','value':'x'}]"), NULL,
        "spec.tolerations[0].operator|FieldValueInvalid|Invalid value: \"x\": value must be "
        "empty when `operator` is 'Exists'\n");
}

static const char pod_rule[] =
    "spec|FieldValueForbidden|Forbidden: pod updates may not change fields other than "
    "`spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or "
    "`spec.tolerations` (only additions to existing tolerations)\n";

static void of_a_pod_only_images_deadline_and_tolerations_change(void **state)
{
    (void)state;
    const char *old = POD(GOOD);
    assert_causes("pods", POD(GOOD), old, "");
    assert_causes("pods",
                  POD("'containers':[{'name':'c','image':'new:2','imagePullPolicy':"
                      "'Always'}]"),
                  old, "");
    assert_causes("pods", POD(GOOD ",'activeDeadlineSeconds':5"), old, "");
    assert_causes("pods", POD(GOOD ",'tolerations':[{'key':'a','operator':'Exists'}]"), old, "");
    assert_causes("pods", POD(GOOD ",'hostNetwork':true"), old, pod_rule);
    assert_causes("pods", POD_C("'command':['x']"), old, pod_rule);
    assert_causes("pods", POD(GOOD ",'nodeName':'n'"), old, pod_rule);
    assert_causes(
        "pods", POD("'containers':[{'name':'c','image':'i'},{'name':'d','image':'i'}]"), old,
        "spec.containers|FieldValueForbidden|Forbidden: pod updates may not add or remove "
        "containers\n");
    assert_causes(
        "pods", POD(GOOD ",'activeDeadlineSeconds':9"), POD(GOOD ",'activeDeadlineSeconds':5"),
        "spec.activeDeadlineSeconds|FieldValueInvalid|Invalid value: 9: must be less than "
        "or equal to previous value\n");
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

static int setup(void **state)
{
    (void)state;
    schema_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smaller_parts_of_a_pod),
        cmocka_unit_test(a_good_pod_has_no_causes),
        cmocka_unit_test(names_must_fit_their_kind),
        cmocka_unit_test(metadata_has_limits_and_owners_are_complete),
        cmocka_unit_test(what_identifies_an_object_never_changes),
        cmocka_unit_test(containers_need_names_images_and_good_ports),
        cmocka_unit_test(environment_mounts_and_probes_are_checked),
        cmocka_unit_test(requests_stay_within_limits),
        cmocka_unit_test(tolerations_make_sense),
        cmocka_unit_test(of_a_pod_only_images_deadline_and_tolerations_change),
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
