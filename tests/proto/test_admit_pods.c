/* Validation of pods. */
#include "proto/admit_causes.h"

#include "proto/checker.h"

/* A pod named p whose spec is `spec`, and one whose container has `container` in it. */
#define POD(spec) "{'metadata':{'name':'p'},'spec':{" spec "}}"

#define POD_C(container) POD("'containers':[{'name':'c','image':'i'," container "}]")

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
        {POD_C("'securityContext':{'procMount':'Some'}"),
         "securityContext.procMount|FieldValueNotSupported|Unsupported value: \"Some\""},
        {POD_C("'securityContext':{'seccompProfile':{'type':'Localhost'}}"),
         "seccompProfile.localhostProfile|FieldValueRequired|Required value: must be set when "
         "seccomp type is Localhost\n"},
        {POD_C("'securityContext':{'seccompProfile':{'type':'Localhost','localhostProfile':'/a'}}"),
         "seccompProfile.localhostProfile|FieldValueInvalid|Invalid value: \"/a\": must be a "
         "relative path\n"},
        {POD(GOOD ",'securityContext':{'seccompProfile':{'type':'None'}}"),
         "spec.securityContext.seccompProfile.type|FieldValueNotSupported"},
        {POD(GOOD ",'securityContext':{'sysctls':[{'name':'kernel.shm','value':'1'},"
                  "{'name':'kernel.shm','value':'2'}]}"),
         "spec.securityContext.sysctls[1].name|FieldValueDuplicate"},
        {POD(GOOD ",'securityContext':{'fsGroupChangePolicy':'Sometimes'}"),
         "spec.securityContext.fsGroupChangePolicy|FieldValueNotSupported"},
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

static void a_kernel_setting_has_a_dotted_name(void **state)
{
    (void)state;
    static const char *const good[] = {"kernel.shmmax", "net.ipv4.tcp_tw", "a-b.c-_d", "a", "0"};
    static const char *const bad[] = {
        "foo-", "kernel.shmmax,bar", ".a", "a.", "a..b", "_a", "a._b", "a-.b", "A", "42 ", "a/b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (name_check_sysctl(str_of(good[i]))) fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!name_check_sysctl(str_of(bad[i]))) fail_msg("%s", bad[i]);
    assert_cause("pods", POD(GOOD ",'securityContext':{'sysctls':[{'name':'foo-','value':'b'}]}"),
                 NULL,
                 "spec.securityContext.sysctls[0].name|FieldValueInvalid|Invalid value: \"foo-\": "
                 "must have at most 253 characters and match regex ");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smaller_parts_of_a_pod),
        cmocka_unit_test(a_kernel_setting_has_a_dotted_name),
        cmocka_unit_test(a_good_pod_has_no_causes),
        cmocka_unit_test(containers_need_names_images_and_good_ports),
        cmocka_unit_test(environment_mounts_and_probes_are_checked),
        cmocka_unit_test(requests_stay_within_limits),
        cmocka_unit_test(tolerations_make_sense),
        cmocka_unit_test(of_a_pod_only_images_deadline_and_tolerations_change),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
