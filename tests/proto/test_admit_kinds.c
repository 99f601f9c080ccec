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
        cmocka_unit_test(ingresses_lead_somewhere),
        cmocka_unit_test(volumes_have_one_source_and_claims_stay),
        cmocka_unit_test(grants_name_roles_and_subjects),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
