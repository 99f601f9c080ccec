/* Defaults: what a sparse document becomes. */
#include "proto/admit_helper.h"

static struct buf defaulted(const char *kind, const char *in)
{
    struct buf doc buf_auto = doc_of(in), out = BUF_INIT;
    const struct kind *k = kind_by_key(str_of(kind));
    assert_non_null(k);
    admit_defaults(k, doc_mp(&doc), &out);
    assert_true(mp_valid(out.data, out.len));
    return out;
}

static void assert_defaulted(const char *kind, const char *in, const char *want)
{
    struct buf out buf_auto = defaulted(kind, in);
    assert_doc(doc_mp(&out), want);
}

static void assert_defaulted_at(const char *kind, const char *in, const char *path,
                                const char *want)
{
    struct buf out buf_auto = defaulted(kind, in);
    assert_doc(mp_path(doc_mp(&out), path), want);
}

static const char away[] =
    "[{'key':'node.kubernetes.io/not-ready','operator':'Exists','effect':'NoExecute',"
    "'tolerationSeconds':300},{'key':'node.kubernetes.io/unreachable','operator':'Exists',"
    "'effect':'NoExecute','tolerationSeconds':300}]";

static void a_small_pod_gets_all_that_kubernetes_gives_it(void **state)
{
    (void)state;
    mem_auto char *want = mem_printf(
        "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'busybox',"
        "'imagePullPolicy':'Always','resources':{},'terminationMessagePath':'/dev/termination-log',"
        "'terminationMessagePolicy':'File'}],'dnsPolicy':'ClusterFirst','enableServiceLinks':true,"
        "'restartPolicy':'Always','schedulerName':'default-scheduler','securityContext':{},"
        "'serviceAccount':'default','serviceAccountName':'default',"
        "'terminationGracePeriodSeconds':30,'tolerations':%s}}",
        away);
    assert_defaulted(
        "pods", "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'busybox'}]}}",
        want);
}

static void what_is_given_stays(void **state)
{
    (void)state;
    const char *in = "{'spec':{'restartPolicy':'Never','terminationGracePeriodSeconds':0,"
                     "'serviceAccountName':'me','enableServiceLinks':false,"
                     "'tolerations':[{'operator':'Exists'}]}}";
    assert_defaulted_at("pods", in, "spec.restartPolicy", "'Never'");
    assert_defaulted_at("pods", in, "spec.terminationGracePeriodSeconds", "0");
    assert_defaulted_at("pods", in, "spec.serviceAccount", "'me'");
    assert_defaulted_at("pods", in, "spec.enableServiceLinks", "false");
    assert_defaulted_at("pods", in, "spec.tolerations", "[{'operator':'Exists'}]");
}

static void defaults_of_defaults_change_nothing(void **state)
{
    (void)state;
    struct buf once buf_auto = defaulted(
        "pods", "{'spec':{'volumes':[{'name':'v'}],'hostNetwork':true,'containers':[{'name':'c',"
                "'image':'a','ports':[{'containerPort':80}],'livenessProbe':{'httpGet':{'port':1}},"
                "'resources':{'limits':{'cpu':'1'}}}]}}");
    struct buf twice buf_auto = BUF_INIT;
    admit_defaults(kind_pod, doc_mp(&once), &twice);
    assert_true(mp_same(doc_mp(&once), doc_mp(&twice)));
}

static void the_pull_policy_follows_the_tag(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"nginx", "'Always'"},
        {"nginx:latest", "'Always'"},
        {"nginx:1.2", "'IfNotPresent'"},
        {"host:5000/nginx", "'Always'"},
        {"host:5000/nginx:3", "'IfNotPresent'"},
        {"nginx@sha256:0123", "'IfNotPresent'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mem_auto char *in = mem_printf("{'spec':{'containers':[{'image':'%s'}]}}", cases[i][0]);
        struct buf out buf_auto = defaulted("pods", in);
        assert_doc(mp_get(mp_at(mp_path(doc_mp(&out), "spec.containers"), 0), "imagePullPolicy"),
                   cases[i][1]);
    }
}

static void limits_become_requests_in_pods_but_not_in_templates(void **state)
{
    (void)state;
    const char *container = "{'name':'c','resources':{'limits':{'cpu':'1','memory':'1Gi'},"
                            "'requests':{'cpu':'500m'}}}";
    mem_auto char *pod = mem_printf("{'spec':{'containers':[%s]}}", container);
    struct buf out buf_auto = defaulted("pods", pod);
    assert_doc(mp_path(mp_at(mp_path(doc_mp(&out), "spec.containers"), 0), "resources.requests"),
               "{'cpu':'500m','memory':'1Gi'}");
    mem_auto char *set = mem_printf("{'spec':{'template':%s}}", pod);
    struct buf of_set buf_auto = defaulted("replicasets.apps", set);
    assert_doc(mp_path(mp_at(mp_path(doc_mp(&of_set), "spec.template.spec.containers"), 0),
                       "resources.requests"),
               "{'cpu':'500m'}");
    assert_int_equal(mp_path(doc_mp(&of_set), "spec.template.spec.tolerations").type, MP_END);
    assert_int_equal(mp_path(doc_mp(&of_set), "spec.template.spec.enableServiceLinks").type,
                     MP_END);
    assert_doc(mp_path(doc_mp(&of_set), "spec.replicas"), "1");
    assert_doc(mp_path(doc_mp(&of_set), "spec.template.spec.restartPolicy"), "'Always'");
}

static void on_the_hosts_network_ports_are_the_hosts(void **state)
{
    (void)state;
    struct buf out buf_auto =
        defaulted("pods", "{'spec':{'hostNetwork':true,'containers':[{'name':'c',"
                          "'ports':[{'containerPort':80},{'containerPort':81,'hostPort':9}]}]}}");
    assert_doc(mp_get(mp_at(mp_path(doc_mp(&out), "spec.containers"), 0), "ports"),
               "[{'containerPort':80,'hostPort':80,'protocol':'TCP'},"
               "{'containerPort':81,'hostPort':9,'protocol':'TCP'}]");
}

static void volumes_and_probes_are_completed(void **state)
{
    (void)state;
    assert_defaulted_at("pods",
                        "{'spec':{'volumes':[{'name':'a'},{'name':'b','secret':{'secretName':'s'}},"
                        "{'name':'c','configMap':{'defaultMode':256}}]}}",
                        "spec.volumes",
                        "[{'name':'a','emptyDir':{}},"
                        "{'name':'b','secret':{'secretName':'s','defaultMode':420}},"
                        "{'name':'c','configMap':{'defaultMode':256}}]");
    struct buf out buf_auto =
        defaulted("pods", "{'spec':{'containers':[{'livenessProbe':{'httpGet':{'port':80}}}]}}");
    assert_doc(mp_get(mp_at(mp_path(doc_mp(&out), "spec.containers"), 0), "livenessProbe"),
               "{'httpGet':{'port':80,'path':'/','scheme':'HTTP'},'failureThreshold':3,"
               "'periodSeconds':10,'successThreshold':1,'timeoutSeconds':1}");
}

static void services_get_type_protocol_and_target(void **state)
{
    (void)state;
    assert_defaulted("services", "{'spec':{'ports':[{'port':80},{'port':1,'targetPort':'x'}]}}",
                     "{'spec':{'ports':[{'port':80,'protocol':'TCP','targetPort':80},"
                     "{'port':1,'targetPort':'x','protocol':'TCP'}],'sessionAffinity':'None',"
                     "'type':'ClusterIP'}}");
    assert_defaulted("services", "{'spec':{'type':'NodePort','sessionAffinity':'ClientIP'}}",
                     "{'spec':{'type':'NodePort','sessionAffinity':'ClientIP',"
                     "'externalTrafficPolicy':'Cluster',"
                     "'sessionAffinityConfig':{'clientIP':{'timeoutSeconds':10800}}}}");
    assert_defaulted_at("services",
                        "{'spec':{'sessionAffinity':'ClientIP','sessionAffinityConfig':"
                        "{'clientIP':{'timeoutSeconds':5}}}}",
                        "spec.sessionAffinityConfig", "{'clientIP':{'timeoutSeconds':5}}");
    /* It goes when it does not apply any more. */
    assert_defaulted("services",
                     "{'spec':{'sessionAffinity':'None','sessionAffinityConfig':"
                     "{'clientIP':{'timeoutSeconds':5}}}}",
                     "{'spec':{'sessionAffinity':'None','type':'ClusterIP'}}");
}

static void string_data_of_a_secret_becomes_data(void **state)
{
    (void)state;
    assert_defaulted("secrets", "{'data':{'a':'YQ==','b':'Yg=='},'stringData':{'b':'new'}}",
                     "{'data':{'a':'YQ==','b':'bmV3'},'type':'Opaque'}");
    assert_defaulted("secrets", "{}", "{'type':'Opaque'}");
}

static void controllers_take_labels_and_selector_from_the_template(void **state)
{
    (void)state;
    struct buf out buf_auto =
        defaulted("replicationcontrollers", "{'metadata':{'name':'r'},'spec':{'template':"
                                            "{'metadata':{'labels':{'a':'b'}}}}}");
    assert_doc(mp_path(doc_mp(&out), "metadata.labels"), "{'a':'b'}");
    assert_doc(mp_path(doc_mp(&out), "spec.selector"), "{'a':'b'}");
    assert_doc(mp_path(doc_mp(&out), "spec.replicas"), "1");
}

static void a_namespace_has_its_finalizer_until_it_is_deleted(void **state)
{
    (void)state;
    assert_defaulted_at("namespaces", "{'metadata':{'name':'a'}}", "spec",
                        "{'finalizers':['kubernetes']}");
    assert_defaulted_at("namespaces", "{'spec':{}}", "spec", "{'finalizers':['kubernetes']}");
    assert_defaulted_at("namespaces",
                        "{'metadata':{'deletionTimestamp':'2026-01-01T00:00:00Z'},'spec':{}}",
                        "spec", "{}");
}

static void a_node_can_give_all_it_has(void **state)
{
    (void)state;
    assert_defaulted_at("nodes", "{'status':{'capacity':{'cpu':'4'}}}", "status.allocatable",
                        "{'cpu':'4'}");
}

static void workloads_get_their_strategies(void **state)
{
    (void)state;
    assert_defaulted_at("deployments.apps", "{'spec':{}}", "spec",
                        "{'replicas':1,'revisionHistoryLimit':10,'progressDeadlineSeconds':600,"
                        "'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':'25%',"
                        "'maxUnavailable':'25%'}}}");
    assert_defaulted_at("deployments.apps", "{'spec':{'strategy':{'type':'Recreate'}}}",
                        "spec.strategy", "{'type':'Recreate'}");
    assert_defaulted_at("deployments.apps",
                        "{'spec':{'strategy':{'rollingUpdate':{'maxSurge':2}}}}", "spec.strategy",
                        "{'type':'RollingUpdate','rollingUpdate':{'maxSurge':2,"
                        "'maxUnavailable':'25%'}}");
    assert_defaulted_at("statefulsets.apps", "{'spec':{}}", "spec.updateStrategy",
                        "{'type':'RollingUpdate','rollingUpdate':{'partition':0}}");
    assert_defaulted_at("jobs.batch", "{'spec':{}}", "spec",
                        "{'backoffLimit':6,'completions':1,'parallelism':1}");
    assert_defaulted_at("jobs.batch", "{'spec':{'parallelism':2}}", "spec",
                        "{'backoffLimit':6,'parallelism':2}");
}

static void policies_limits_and_claims_are_completed(void **state)
{
    (void)state;
    assert_defaulted_at("networkpolicies.networking.k8s.io", "{'spec':{'egress':[{}]}}",
                        "spec.policyTypes", "['Ingress','Egress']");
    assert_defaulted_at("limitranges",
                        "{'spec':{'limits':[{'type':'Container','max':{'cpu':'2'},'min':{'cpu':"
                        "'1','memory':'1'}}]}}",
                        "spec.limits",
                        "[{'type':'Container','max':{'cpu':'2'},'min':{'cpu':'1','memory':'1'},"
                        "'default':{'cpu':'2'},'defaultRequest':{'cpu':'2','memory':'1'}}]");
    assert_defaulted("persistentvolumeclaims", "{'spec':{}}",
                     "{'spec':{'volumeMode':'Filesystem'},'status':{'phase':'Pending'}}");
    assert_defaulted_at("rolebindings.rbac.authorization.k8s.io",
                        "{'subjects':[{'kind':'User'},{'kind':'ServiceAccount'}]}", "subjects",
                        "[{'kind':'User','apiGroup':'rbac.authorization.k8s.io'},"
                        "{'kind':'ServiceAccount'}]");
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
        cmocka_unit_test(a_small_pod_gets_all_that_kubernetes_gives_it),
        cmocka_unit_test(what_is_given_stays),
        cmocka_unit_test(defaults_of_defaults_change_nothing),
        cmocka_unit_test(the_pull_policy_follows_the_tag),
        cmocka_unit_test(limits_become_requests_in_pods_but_not_in_templates),
        cmocka_unit_test(on_the_hosts_network_ports_are_the_hosts),
        cmocka_unit_test(volumes_and_probes_are_completed),
        cmocka_unit_test(services_get_type_protocol_and_target),
        cmocka_unit_test(string_data_of_a_secret_becomes_data),
        cmocka_unit_test(controllers_take_labels_and_selector_from_the_template),
        cmocka_unit_test(a_namespace_has_its_finalizer_until_it_is_deleted),
        cmocka_unit_test(a_node_can_give_all_it_has),
        cmocka_unit_test(workloads_get_their_strategies),
        cmocka_unit_test(policies_limits_and_claims_are_completed),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
