/* Validation of the kinds that are stored and shown. */
#include "proto/admit_helper.h"

/* Some cause of the new object begins with `want`; "": there is none. */
static void assert_cause(const char *kind, const char *in, const char *old_in, const char *want)
{
    const struct kind *k = kind_by_key(str_of(kind));
    const char *texts[2] = {in, old_in};
    struct buf docs[2] = {0}, text buf_auto = BUF_INIT;
    struct causes causes = {0};
    assert_non_null(k);
    for (int i = 0; i < 2 && texts[i]; i++) {
        struct buf doc buf_auto = doc_of(texts[i]), pruned buf_auto = BUF_INIT;
        struct error err;
        if (admit_structure(k->versions[0].type, doc_mp(&doc), &pruned, NULL, &err))
            fail_msg("%s", err.text);
        admit_defaults(k, doc_mp(&pruned), &docs[i]);
    }
    admit_validate(k, doc_mp(&docs[0]), doc_mp(&docs[1]), NULL, &causes);
    causes_print(&causes, &text);
    causes_free(&causes);
    buf_free(&docs[0]);
    buf_free(&docs[1]);
    if (*want ? !strstr(text.data, want) : text.len)
        fail_msg("\n%s\ngot:\n%s\nwant:\n%s", in, text.data, want);
}

#define META "{'metadata':{'name':'x'},"
#define ALWAYS                                                                                     \
    "'template':{'metadata':{'labels':{'a':'1'}},'spec':{'containers':[{'name':'c','image':'i'}]}" \
    "}"
#define NEVER                                                                                      \
    "'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}"
#define PICK    "'selector':{'matchLabels':{'a':'1'}}"
#define SET(in) META "'spec':{" PICK "," ALWAYS in "}}"

static void deployments_roll_sensibly(void **state)
{
    (void)state;
    const char *kind = "deployments.apps";
    assert_cause(kind, SET(""), NULL, "");
    assert_cause(kind, META "'spec':{" ALWAYS "}}", NULL, "spec.selector|FieldValueRequired");
    assert_cause(kind, SET(",'replicas':-1"), NULL, "spec.replicas|FieldValueInvalid");
    assert_cause(kind, META "'spec':{'selector':{'matchLabels':{'a':'2'}}," ALWAYS "}}", NULL,
                 "spec.template.metadata.labels|FieldValueInvalid");
    assert_cause(kind, META "'spec':{'selector':{'matchLabels':{'a':'2'}}," ALWAYS "}}", SET(""),
                 "spec.selector|FieldValueInvalid");
    assert_cause(kind, SET(",'strategy':{'type':'Recreate','rollingUpdate':{}}"), NULL,
                 "spec.strategy.rollingUpdate|FieldValueForbidden");
    assert_cause(kind, SET(",'strategy':{'rollingUpdate':{'maxSurge':0,'maxUnavailable':'0%'}}"),
                 NULL, "spec.strategy.rollingUpdate.maxUnavailable|FieldValueInvalid");
    assert_cause(kind, SET(",'strategy':{'rollingUpdate':{'maxSurge':'2.5%'}}"), NULL,
                 "spec.strategy.rollingUpdate.maxSurge|FieldValueInvalid");
    assert_cause(kind, SET(",'progressDeadlineSeconds':5,'minReadySeconds':5"), NULL,
                 "spec.progressDeadlineSeconds|FieldValueInvalid");
}

static void of_a_stateful_set_little_changes(void **state)
{
    (void)state;
    assert_cause("statefulsets.apps", SET(",'replicas':2"), SET(""), "");
    assert_cause("statefulsets.apps", SET(",'serviceName':'b'"), SET(",'serviceName':'a'"),
                 "spec|FieldValueForbidden");
    assert_cause("daemonsets.apps", SET(",'updateStrategy':{'rollingUpdate':{'maxUnavailable':0}}"),
                 NULL, "spec.updateStrategy.rollingUpdate.maxUnavailable|FieldValueInvalid");
}

static void jobs_end_and_start_when_told(void **state)
{
    (void)state;
    assert_cause("jobs.batch", META "'spec':{" NEVER "}}", NULL, "");
    assert_cause("jobs.batch", META "'spec':{" ALWAYS "}}", NULL,
                 "spec.template.spec.restartPolicy|FieldValueNotSupported");
    assert_cause("jobs.batch", META "'spec':{'completions':2," NEVER "}}",
                 META "'spec':{'completions':1," NEVER "}}", "spec.completions|FieldValueInvalid");
    static const struct {
        const char *schedule, *want;
    } cases[] = {
        {"*/5 0-6,12 * jan MON-fri", ""},
        {"@hourly", ""},
        {"@every 5m", ""},
        {"? ? ? ? ?", ""},
        {"* * * *", "spec.schedule|FieldValueInvalid"},
        {"* * * * * *", "spec.schedule|FieldValueInvalid"},
        {"60 * * * *", "spec.schedule|FieldValueInvalid"},
        {"5-1 * * * *", "spec.schedule|FieldValueInvalid"},
        {"*/0 * * * *", "spec.schedule|FieldValueInvalid"},
        {"1-/ * * * *", "spec.schedule|FieldValueInvalid"},
        {"@never", "spec.schedule|FieldValueInvalid"},
        {"", "spec.schedule|FieldValueRequired"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mem_auto char *doc = mem_printf(
            META "'spec':{'schedule':'%s','jobTemplate':{'spec':{" NEVER "}}}}", cases[i].schedule);
        assert_cause("cronjobs.batch", doc, NULL, cases[i].want);
    }
}

static void jobs_select_by_their_uid_unless_they_say_how(void **state)
{
    (void)state;
#define JOB(spec, labels)                                                                          \
    META "'spec':{" spec "'template':{'metadata':{'labels':{" labels                               \
         "}},'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}}}"
    const char *kind = "jobs.batch";
    assert_cause(kind, JOB("", "'a':'1','job-name':'x'"), NULL, "");
    assert_cause(kind, JOB("'selector':{'matchLabels':{'job-name':'x'}},", ""), NULL, "");
    assert_cause(kind, JOB("'selector':{},", ""), NULL, "");
    assert_cause(kind, JOB(PICK ",", "'a':'1'"), NULL,
                 "spec.selector|FieldValueInvalid|Invalid value: ");
    assert_cause(kind, JOB(PICK ",", "'a':'1'"), NULL, ": `selector` not auto-generated");
    assert_cause(kind, JOB("'selector':{'matchLabels':{'controller-uid':'u'}},", ""), NULL,
                 "`selector` not auto-generated");
    assert_cause(kind, JOB("", "'controller-uid':'u'"), NULL,
                 "spec.template.metadata.labels[controller-uid]|FieldValueInvalid");
    assert_cause(kind, JOB("", "'job-name':'y'"), NULL,
                 "spec.template.metadata.labels[job-name]|FieldValueInvalid|Invalid value: ");
    assert_cause(kind, JOB("'manualSelector':true," PICK ",", "'a':'1'"), NULL, "");
    assert_cause(kind, JOB("'manualSelector':true," PICK ",", "'b':'1'"), NULL,
                 "`selector` does not match template `labels`");
    assert_cause(kind, JOB("'manualSelector':true,", "'a':'1'"), NULL,
                 "spec.selector|FieldValueRequired");
    assert_cause("cronjobs.batch",
                 META "'spec':{'schedule':'@daily','jobTemplate':{'spec':{" PICK "," NEVER "}}}}",
                 NULL, "spec.jobTemplate.spec.selector|FieldValueInvalid");
}

static void services_tell_what_is_for_outside(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *want;
    } cases[] = {
        {"'type':'LoadBalancer','externalTrafficPolicy':'Local','healthCheckNodePort':30000", ""},
        {"'type':'NodePort','externalTrafficPolicy':'Sometimes'",
         "spec.externalTrafficPolicy|FieldValueInvalid|Invalid value: \"Sometimes\": "
         "ExternalTrafficPolicy must be empty, Cluster or Local"},
        {"'externalTrafficPolicy':'Local'", "ExternalTrafficPolicy can only be set on NodePort"},
        {"'type':'NodePort','healthCheckNodePort':30000",
         "HealthCheckNodePort can only be set on LoadBalancer service with"},
        {"'clusterIPs':['10.96.0.1']", "must be empty when clusterIP is empty"},
        {"'clusterIP':'10.96.0.2','clusterIPs':['10.96.0.1']", "element [0] must match clusterIP"},
        {"'type':'ExternalName','externalName':'a','clusterIP':'10.96.0.2'",
         "spec.clusterIPs|FieldValueForbidden|Forbidden: may not be set for ExternalName services"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mem_auto char *doc = mem_printf(META "'spec':{'ports':[{'port':1}],%s}}", cases[i].spec);
        assert_cause("services", doc, NULL, cases[i].want);
    }
    assert_cause("services",
                 META "'spec':{'type':'NodePort','ports':[{'name':'a','port':1,'nodePort':30000},"
                      "{'name':'b','port':2,'nodePort':30000}]}}",
                 NULL, "spec.ports[1].nodePort|FieldValueDuplicate|Duplicate value: 30000");
    assert_cause("services",
                 META "'spec':{'type':'NodePort','ports':[{'name':'a','port':1,'nodePort':30000},"
                      "{'name':'b','port':1,'protocol':'UDP','nodePort':30000}]}}",
                 NULL, "");
}

static void ingresses_lead_somewhere(void **state)
{
    (void)state;
    const char *kind = "ingresses.networking.k8s.io";
    assert_cause(kind, META "'spec':{}}", NULL, "spec|FieldValueInvalid");
    assert_cause(kind,
                 META "'spec':{'defaultBackend':{'service':{'name':'a','port':{'number':80}}}}}",
                 NULL, "");
    assert_cause(kind, META "'spec':{'defaultBackend':{'service':{'name':'a'}}}}", NULL,
                 "spec.defaultBackend.service|FieldValueRequired");
    assert_cause(kind, META "'spec':{'rules':[{'http':{'paths':[{'path':'a','backend':{}}]}}]}}",
                 NULL, "spec.rules[0].http.paths[0].pathType|FieldValueRequired");
    kind = "networkpolicies.networking.k8s.io";
    assert_cause(kind,
                 META "'spec':{'podSelector':{},'ingress':[{'from':[{'ipBlock':{'cidr':"
                      "'10.0.0.0/8','except':['10.1.0.0/16']}}]}]}}",
                 NULL, "");
    assert_cause(kind,
                 META "'spec':{'podSelector':{},'ingress':[{'from':[{'ipBlock':{'cidr':"
                      "'10.0.0.0/8','except':['11.0.0.0/16']}},{},{'ipBlock':{'cidr':'x'}}]}]}}",
                 NULL, "spec.ingress[0].from[0].ipBlock.except[0]|FieldValueInvalid");
    assert_cause(kind, META "'spec':{'podSelector':{},'ingress':[{'from':[{}]}]}}", NULL,
                 "spec.ingress[0].from[0]|FieldValueRequired");
}

static void hosts_and_paths_are_read_in_one_way(void **state)
{
    (void)state;
    const char *kind = "ingresses.networking.k8s.io";
#define RULE(host, path)                                                                           \
    META "'spec':{'rules':[{'host':'" host "','http':{'paths':[{'path':'" path                     \
         "','pathType':'Prefix','backend':{'service':{'name':'a','port':{'number':1}}}}]}}]}}"
    assert_cause(kind, RULE("1.2.3.4", "/"), NULL,
                 "spec.rules[0].host|FieldValueInvalid|Invalid value: \"1.2.3.4\": must be a DNS "
                 "name, not an IP address");
    assert_cause(kind, RULE("*.a_b", "/"), NULL, "spec.rules[0].host|FieldValueInvalid");
    assert_cause(kind, RULE("*.a.b", "/x"), NULL, "");
    assert_cause(kind, RULE("a.b", "/a/../b"), NULL,
                 "spec.rules[0].http.paths[0].path|FieldValueInvalid|Invalid value: \"/a/../b\": "
                 "must not contain '/../'");
    assert_cause(kind, RULE("a.b", "/a/.."), NULL, "cannot end with '/..'");
    assert_cause(kind,
                 META "'spec':{'defaultBackend':{'service':{'name':'a','port':{'number':1}}},"
                      "'tls':[{'hosts':['A_b']}]}}",
                 NULL, "spec.tls[0].hosts[0]|FieldValueInvalid");
}

static void autoscalers_say_what_they_look_at(void **state)
{
    (void)state;
    const char *kind = "horizontalpodautoscalers.autoscaling";
#define METRIC(in)                                                                                 \
    META "'spec':{'maxReplicas':2,'scaleTargetRef':{'kind':'D','name':'d'},'metrics':[{" in "}]}}"
    assert_cause(kind, METRIC("'type':'Resource'"), NULL,
                 "spec.metrics[0].resource|FieldValueRequired|Required value: must populate "
                 "information for the given metric source");
    assert_cause(kind,
                 METRIC("'type':'Resource','resource':{'name':'cpu','target':{'type':'Value'}},"
                        "'pods':{'metric':{'name':'m'},'target':{'type':'Value'}}"),
                 NULL, "spec.metrics[0].pods|FieldValueForbidden");
}

static void quotas_count_what_their_scopes_have(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *want;
    } cases[] = {
        {"'hard':{'pods':'1','cpu':'1'},'scopes':['NotBestEffort']", ""},
        {"'hard':{'count/widgets.example.com':'1','requests.example.com/gpu':'1'}", ""},
        {"'hard':{'foo':'1'}",
         "spec.hard[foo]|FieldValueInvalid|Invalid value: \"foo\": must be a standard resource "
         "type "
         "or fully qualified\nspec.hard[foo]|FieldValueInvalid|Invalid value: \"foo\": must be a "
         "standard resource for quotas\n"},
        {"'hard':{'pods':'1'},'scopes':['X']",
         "spec.scopes|FieldValueInvalid|Invalid value: []core.ResourceQuotaScope{\"X\"}: "
         "unsupported scope\n"},
        {"'hard':{'cpu':'1'},'scopes':['BestEffort']", "unsupported scope applied to resource\n"},
        {"'hard':{'pods':'1'},'scopes':['BestEffort','NotBestEffort']",
         "{\"BestEffort\", \"NotBestEffort\"}: conflicting scopes\n"},
        {"'hard':{'pods':'1'},'scopeSelector':{'matchExpressions':[{'scopeName':'PriorityClass',"
         "'operator':'In'}]}",
         "spec.scopeSelector.matchExpressions.values|FieldValueRequired"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mem_auto char *doc = mem_printf(META "'spec':{%s}}", cases[i].spec);
        assert_cause("resourcequotas", doc, NULL, cases[i].want);
    }
}

static void limits_are_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *item, *want;
    } cases[] = {
        {"'type':'Container','min':{'cpu':'2'},'max':{'cpu':'1'}",
         "spec.limits[0].min[cpu]|FieldValueInvalid|Invalid value: \"2\": min value 2 is greater "
         "than max value 1\n"},
        {"'type':'Container','min':{'cpu':'2'},'defaultRequest':{'cpu':'1'}",
         "spec.limits[0].defaultRequest[cpu]|FieldValueInvalid|Invalid value: \"1\": min value 2 "
         "is "
         "greater than default request value 1\n"},
        {"'type':'Container','default':{'cpu':'1'},'defaultRequest':{'cpu':'2'}",
         "spec.limits[0].defaultRequest[cpu]|FieldValueInvalid|Invalid value: \"2\": default "
         "request "
         "value 2 is greater than default limit value 1\n"},
        {"'type':'Pod','default':{'cpu':'1'}", "spec.limits[0].default|FieldValueForbidden"},
        {"'type':'Container','maxLimitRequestRatio':{'cpu':'0.5'}",
         "spec.limits[0].maxLimitRequestRatio[cpu]|FieldValueInvalid|Invalid value: \"500m\": "
         "ratio "
         "500m is less than 1\n"},
        {"'type':'Container','min':{'cpu':'1'},'max':{'cpu':'2'},'maxLimitRequestRatio':{'cpu':'3'"
         "}",
         "spec.limits[0].maxLimitRequestRatio[cpu]|FieldValueInvalid|Invalid value: \"3\": ratio 3 "
         "is greater than max/min = 2.000000\n"},
        {"'type':'PersistentVolumeClaim','min':{}", "spec.limits[0].limits|FieldValueRequired"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mem_auto char *doc = mem_printf(META "'spec':{'limits':[{%s}]}}", cases[i].item);
        assert_cause("limitranges", doc, NULL, cases[i].want);
    }
}

static void more_of_services_claims_and_requests(void **state)
{
    (void)state;
    assert_cause("services",
                 META "'spec':{'type':'NodePort','clusterIP':'None','ports':[{'port':1}]}}", NULL,
                 "spec.clusterIPs[0]|FieldValueInvalid|Invalid value: \"None\": may not be set to "
                 "'None' for NodePort services");
    assert_cause("persistentvolumeclaims",
                 META "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':"
                      "'0'}}}}",
                 NULL,
                 "spec.resources[storage]|FieldValueInvalid|Invalid value: \"0\": must be "
                 "greater than zero");
#define AT_PATH(path)                                                                              \
    META "'spec':{'capacity':{'storage':'1'},'accessModes':['ReadWriteOnce'],'hostPath':{'path':"  \
         "'" path "'}}}"
    assert_cause("persistentvolumes", AT_PATH("/../x"), NULL,
                 "spec.hostPath.path|FieldValueInvalid|Invalid value: \"/../x\": must not contain "
                 "'..'");
    assert_cause("persistentvolumes", AT_PATH("/y"), AT_PATH("/x"),
                 "spec.persistentvolumesource|FieldValueForbidden|Forbidden: "
                 "spec.persistentvolumesource is immutable after creation");
    assert_cause("certificatesigningrequests.certificates.k8s.io",
                 META "'spec':{'request':'eA==','usages':['any'],'signerName':'x'}}", NULL,
                 "spec.signerName|FieldValueInvalid");
    assert_cause("cronjobs.batch",
                 "{'metadata':{'name':'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefff'},"
                 "'spec':{'schedule':'@daily','jobTemplate':{'spec':{" NEVER "}}}}",
                 NULL, "must be no more than 52 characters");
}

static void volumes_have_one_source_and_claims_stay(void **state)
{
    (void)state;
#define CLAIM(more)                                                                                \
    META "'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}" more \
         "}}"
    assert_cause("persistentvolumeclaims", CLAIM(""), NULL, "");
    assert_cause("persistentvolumeclaims", CLAIM(",'volumeName':'v'"), CLAIM(""), "");
    assert_cause("persistentvolumeclaims", CLAIM(",'storageClassName':'v'"), CLAIM(""),
                 "spec|FieldValueForbidden");
    assert_cause("persistentvolumeclaims", META "'spec':{'accessModes':['Some']}}", NULL,
                 "spec.accessModes[0]|FieldValueNotSupported");
#define VOLUME(more)                                                                               \
    META "'spec':{'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1Gi'}" more "}}"
    assert_cause("persistentvolumes", VOLUME(",'hostPath':{'path':'/x'}"), NULL, "");
    assert_cause("persistentvolumes", VOLUME(""), NULL, "spec|FieldValueRequired");
    assert_cause("persistentvolumes", VOLUME(",'hostPath':{'path':'/x'},'local':{'path':'/'}"),
                 NULL, "|FieldValueForbidden");
}

static void grants_name_roles_and_subjects(void **state)
{
    (void)state;
    const char *kind = "rolebindings.rbac.authorization.k8s.io";
    assert_cause(
        kind, META "'roleRef':{'kind':'Role','name':'r'},'subjects':[{'kind':'User','name':'u'}]}",
        NULL, "");
    assert_cause(
        kind, META "'roleRef':{'kind':'Role','name':'r'},'subjects':[{'kind':'Dog','name':'u'}]}",
        NULL, "subjects[0].kind|FieldValueNotSupported");
    assert_cause(kind, META "'roleRef':{'kind':'Role','name':'r'}}",
                 META "'roleRef':{'kind':'Role','name':'s'}}", "roleRef|FieldValueInvalid");
    assert_cause("clusterrolebindings.rbac.authorization.k8s.io",
                 META "'roleRef':{'kind':'Role','name':'r'}}", NULL,
                 "roleRef.kind|FieldValueNotSupported");
    assert_cause("roles.rbac.authorization.k8s.io",
                 META "'rules':[{'nonResourceURLs':['/x'],'verbs':['get']}]}", NULL,
                 "rules[0].nonResourceURLs|FieldValueInvalid");
    assert_cause("clusterroles.rbac.authorization.k8s.io", META "'rules':[{}]}", NULL,
                 "rules[0].verbs|FieldValueRequired");
    assert_cause("priorityclasses.scheduling.k8s.io", META "'value':1000000001}", NULL,
                 "value|FieldValueForbidden");
    assert_cause("horizontalpodautoscalers.autoscaling",
                 META "'spec':{'maxReplicas':1,'minReplicas':2,'scaleTargetRef':{'kind':'A','name':"
                      "'a'}}}",
                 NULL, "spec.maxReplicas|FieldValueInvalid");
    assert_cause("poddisruptionbudgets.policy",
                 META "'spec':{'minAvailable':1,'maxUnavailable':1}}", NULL,
                 "spec|FieldValueInvalid");
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
        cmocka_unit_test(deployments_roll_sensibly),
        cmocka_unit_test(of_a_stateful_set_little_changes),
        cmocka_unit_test(jobs_end_and_start_when_told),
        cmocka_unit_test(jobs_select_by_their_uid_unless_they_say_how),
        cmocka_unit_test(services_tell_what_is_for_outside),
        cmocka_unit_test(ingresses_lead_somewhere),
        cmocka_unit_test(hosts_and_paths_are_read_in_one_way),
        cmocka_unit_test(autoscalers_say_what_they_look_at),
        cmocka_unit_test(quotas_count_what_their_scopes_have),
        cmocka_unit_test(limits_are_in_order),
        cmocka_unit_test(more_of_services_claims_and_requests),
        cmocka_unit_test(volumes_have_one_source_and_claims_stay),
        cmocka_unit_test(grants_name_roles_and_subjects),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
