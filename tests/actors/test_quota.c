/* Quotas: what counts, what is refused and in which words, and that no crowd gets past one. */
#include "stage.h"

static void assert_refused(struct outcome o, const char *message)
{
    assert_int_equal(o.http, 403);
    assert_string_equal(o.reason, "Forbidden");
    assert_string_equal(o.message, message);
}

static void assert_used(struct stage *s, const char *quota, const char *line, const char *used)
{
    stage_pass(s, 300);
    struct object *o = stage_get(s, kind_quota, quota);
    struct str is = mp_str(mp_get(doc_path(o->status, "used"), line));
    if (!str_is(is, used)) fail_msg("%s: %.*s, not %s", line, (int)is.n, is.p ? is.p : "", used);
}

static void quota(struct stage *s, const char *hard)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'q'},'spec':{'hard':{%s}}}", hard);
    stage_make(s, kind_quota, text);
}

static void pod(struct stage *s, const char *name, const char *resources)
{
    mem_auto char *text = mem_printf(
        "{'metadata':{'name':'%s'},'spec':{'containers':[{'name':'c','resources':{%s}}]}}", name,
        resources);
    stage_make(s, kind_pod, text);
}

#define BARE(name) "{'metadata':{'name':'" name "'},'spec':{'containers':[{'name':'c'}]}}"

static void a_full_quota_refuses_with_kubernetes_words(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    quota(s, "'pods':'2'");
    pod(s, "a", "");
    pod(s, "b", "");
    assert_refused(stage_create(s, kind_pod, BARE("c")),
                   "pods \"c\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, "
                   "limited: pods=2");
    assert_used(s, "q", "pods", "2");
    stage_delete(s, kind_pod, "a");
    pod(s, "c", "");
    assert_used(s, "q", "pods", "2");
    stage_close(s);
}

static void compute_is_added_up_and_has_to_be_told(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    quota(s, "'requests.cpu':'1','limits.memory':'1Gi','requests.example.com/gpu':'3'");
    assert_refused(stage_create(s, kind_pod, BARE("p")),
                   "pods \"p\" is forbidden: failed quota: q: must specify "
                   "limits.memory,requests.cpu");
    pod(s, "a",
        "'requests':{'cpu':'600m','example.com/gpu':'2'},'limits':{'memory':'600Mi','example.com/"
        "gpu':'2'}");
    struct outcome o = stage_create(
        s, kind_pod,
        "{'metadata':{'name':'b'},'spec':{'containers':[{'name':'c','resources':{'requests':{"
        "'cpu':'500m','example.com/gpu':'1'},'limits':{'memory':'500Mi'}}}]}}");
    assert_refused(o, "pods \"b\" is forbidden: exceeded quota: q, requested: "
                      "limits.memory=500Mi,requests.cpu=500m, used: "
                      "limits.memory=600Mi,requests.cpu=600m, limited: "
                      "limits.memory=1Gi,requests.cpu=1");
    assert_used(s, "q", "requests.cpu", "600m");
    assert_used(s, "q", "limits.memory", "600Mi");
    assert_used(s, "q", "requests.example.com/gpu", "2");
    stage_close(s);
}

static void objects_of_any_kind_are_counted(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_configmap, "{'metadata':{'name':'before'}}");
    quota(s, "'configmaps':'2','count/jobs.batch':'1','resourcequotas':'1','secrets':'10'");
    stage_make(s, kind_configmap, "{'metadata':{'name':'a'}}");
    stage_make(s, kind_job, "{'metadata':{'name':'a'}}");
    assert_refused(stage_create(s, kind_job, "{'metadata':{'name':'b'}}"),
                   "jobs.batch \"b\" is forbidden: exceeded quota: q, requested: "
                   "count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1");
    assert_int_equal(stage_create(s, kind_configmap, "{'metadata':{'name':'b'}}").http, 403);
    assert_int_equal(stage_create(s, kind_quota, "{'metadata':{'name':'r'}}").http, 403);
    assert_used(s, "q", "configmaps", "2");
    assert_used(s, "q", "resourcequotas", "1");
    assert_used(s, "q", "secrets", "0");
    stage_delete(s, kind_job, "a");
    assert_used(s, "q", "count/jobs.batch", "0");
    stage_close(s);
}

static void a_service_may_not_grow_beyond_it(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    quota(s, "'services':'5','services.nodeports':'1','services.loadbalancers':'0'");
    stage_make(s, kind_service,
               "{'metadata':{'name':'a'},'spec':{'type':'NodePort','ports':[{'port':1}]}}");
    stage_make(s, kind_service,
               "{'metadata':{'name':'b'},'spec':{'type':'ClusterIP','ports':[{'port':1}]}}");
    assert_used(s, "q", "services.nodeports", "1");
    assert_refused(stage_edit(s, kind_service, "b", "spec.type", "'NodePort'"),
                   "services \"b\" is forbidden: exceeded quota: q, requested: "
                   "services.nodeports=1, used: services.nodeports=1, limited: "
                   "services.nodeports=1");
    assert_int_equal(stage_edit(s, kind_service, "a", "spec.type", "'ClusterIP'").http, 200);
    assert_int_equal(stage_edit(s, kind_service, "b", "spec.type", "'NodePort'").http, 200);
    assert_int_equal(stage_edit(s, kind_service, "b", "spec.type", "'LoadBalancer'").http, 403);
    assert_used(s, "q", "services.nodeports", "1");
    assert_used(s, "q", "services", "2");
    stage_close(s);
}

static void claims_are_summed_up_by_class(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    quota(s, "'requests.storage':'3Gi','fast.storageclass.storage.k8s.io/requests.storage':'1Gi',"
             "'fast.storageclass.storage.k8s.io/persistentvolumeclaims':'9'");
#define CLAIM(name, class, size)                                                                   \
    "{'metadata':{'name':'" name                                                                   \
    "'},'spec':{'storageClassName':'" class "','resources':{'requests':{'storage':'" size "'}}}}"
    stage_make(s, kind_pvc, CLAIM("a", "slow", "2Gi"));
    assert_refused(stage_create(s, kind_pvc, CLAIM("b", "fast", "2Gi")),
                   "persistentvolumeclaims \"b\" is forbidden: exceeded quota: q, requested: "
                   "fast.storageclass.storage.k8s.io/requests.storage=2Gi,requests.storage=2Gi, "
                   "used: fast.storageclass.storage.k8s.io/requests.storage=0,requests.storage=2Gi"
                   ", limited: fast.storageclass.storage.k8s.io/requests.storage=1Gi,"
                   "requests.storage=3Gi");
    stage_make(s, kind_pvc, CLAIM("c", "fast", "1Gi"));
    assert_used(s, "q", "requests.storage", "3Gi");
    assert_used(s, "q", "fast.storageclass.storage.k8s.io/persistentvolumeclaims", "1");
    stage_close(s);
}

static void scopes_choose_among_pods(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    static const char *const scopes[] = {"BestEffort", "NotBestEffort", "Terminating",
                                         "NotTerminating"};
    for (unsigned i = 0; i < 4; i++) {
        mem_auto char *text = mem_printf("{'metadata':{'name':'%s'},'spec':{'hard':{'pods':'5'},"
                                         "'scopes':['%s']}}",
                                         scopes[i], scopes[i]);
        stage_make(s, kind_quota, text);
    }
    stage_make(s, kind_priorityclass, "{'metadata':{'name':'high'},'value':10}");
    stage_make(s, kind_quota,
               "{'metadata':{'name':'high'},'spec':{'hard':{'pods':'1'},'scopeSelector':{"
               "'matchExpressions':[{'scopeName':'PriorityClass','operator':'In','values':['high']}"
               "]}}}");
    pod(s, "plain", "");
    pod(s, "asking", "'requests':{'cpu':'1'}");
    stage_make(s, kind_pod,
               "{'metadata':{'name':'ending'},'spec':{'activeDeadlineSeconds':60,"
               "'priorityClassName':'high','containers':[{'name':'c'}]}}");
    assert_used(s, "BestEffort", "pods", "2");
    assert_used(s, "NotBestEffort", "pods", "1");
    assert_used(s, "Terminating", "pods", "1");
    assert_used(s, "NotTerminating", "pods", "2");
    assert_used(s, "high", "pods", "1");
    assert_refused(stage_create(s, kind_pod,
                                "{'metadata':{'name':'x'},'spec':{'priorityClassName':'high',"
                                "'containers':[{'name':'c'}]}}"),
                   "pods \"x\" is forbidden: exceeded quota: high, requested: pods=1, used: "
                   "pods=1, limited: pods=1");
    stage_close(s);
}

static void pods_that_have_finished_do_not_count(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    quota(s, "'pods':'1','cpu':'1','count/pods':'2'");
    pod(s, "a", "'requests':{'cpu':'1'}");
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, "a");
    c->status = stage_doc("{'phase':'Succeeded'}");
    assert_int_equal(stage_do(s, c).http, 200);
    assert_used(s, "q", "pods", "0");
    assert_used(s, "q", "cpu", "0");
    assert_used(s, "q", "count/pods", "1");
    pod(s, "b", "'requests':{'cpu':'1'}");
    assert_used(s, "q", "pods", "1");
    stage_delete(s, kind_pod, "a");
    assert_used(s, "q", "pods", "1");
    assert_used(s, "q", "count/pods", "1");
    stage_close(s);
}

static void a_changed_quota_counts_anew(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    quota(s, "'pods':'1'");
    pod(s, "a", "");
    stage_make(s, kind_configmap, "{'metadata':{'name':'m'}}");
    assert_int_equal(
        stage_edit(s, kind_quota, "q", "spec.hard", "{'pods':'2','configmaps':'7'}").http, 200);
    pod(s, "b", "");
    assert_used(s, "q", "configmaps", "1");
    assert_used(s, "q", "pods", "2");
    stage_delete(s, kind_quota, "q");
    pod(s, "c", "");
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_quota_refuses_with_kubernetes_words),
        cmocka_unit_test(compute_is_added_up_and_has_to_be_told),
        cmocka_unit_test(objects_of_any_kind_are_counted),
        cmocka_unit_test(a_service_may_not_grow_beyond_it),
        cmocka_unit_test(claims_are_summed_up_by_class),
        cmocka_unit_test(scopes_choose_among_pods),
        cmocka_unit_test(pods_that_have_finished_do_not_count),
        cmocka_unit_test(a_changed_quota_counts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
