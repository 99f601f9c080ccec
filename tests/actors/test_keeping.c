/* The small controllers: what is in use stays, what has finished goes, what every cluster has comes
 * back. */
#include "stage.h"

#include "actors/controllers/bootstrap.h"

static bool is_there(struct stage *s, const struct kind *kind, const char *name)
{
    return stage_get(s, kind, name) != NULL;
}

static void status(struct stage *s, const struct kind *kind, const char *name, const char *text)
{
    struct command *c = stage_about(COMMAND_STATUS, kind, name);
    c->status = stage_doc(text);
    assert_int_equal(stage_do(s, c).http, 200);
}

#define USES(name, node)                                                                           \
    "{'metadata':{'name':'" name "'},'spec':{" node "'containers':[{'name':'c'}],'volumes':[{"     \
    "'name':'v','persistentVolumeClaim':{'claimName':'data'}}]}}"

static void a_claim_stays_while_pods_use_it(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_node(s, "n1");
    stage_make(s, kind_pvc, "{'metadata':{'name':'data'},'spec':{}}");
    stage_make(s, kind_pod, USES("a", "'nodeName':'n1',"));
    stage_make(s, kind_pod, USES("b", "'nodeName':'n1',"));
    stage_make(s, kind_pod, USES("waiting", ""));
    stage_delete(s, kind_pvc, "data");
    stage_pass(s, 200);
    assert_true(is_there(s, kind_pvc, "data"));
    status(s, kind_pod, "a", "{'phase':'Succeeded'}");
    status(s, kind_pod, "b", "{'phase':'Succeeded'}");
    stage_delete(s, kind_pod, "a");
    stage_pass(s, 200);
    assert_true(is_there(s, kind_pvc, "data"));
    stage_delete(s, kind_pod, "b");
    stage_pass(s, 200);
    assert_false(is_there(s, kind_pvc, "data"));
    stage_close(s);
}

static void an_unused_claim_goes_at_once(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_pvc, "{'metadata':{'name':'data'},'spec':{}}");
    stage_delete(s, kind_pvc, "data");
    stage_pass(s, 100);
    assert_false(is_there(s, kind_pvc, "data"));
    stage_close(s);
}

static void a_volume_stays_while_it_is_bound(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_pv, "{'metadata':{'name':'disk'},'spec':{}}");
    status(s, kind_pv, "disk", "{'phase':'Bound'}");
    stage_delete(s, kind_pv, "disk");
    stage_pass(s, 200);
    assert_true(is_there(s, kind_pv, "disk"));
    status(s, kind_pv, "disk", "{'phase':'Released'}");
    stage_pass(s, 100);
    assert_false(is_there(s, kind_pv, "disk"));
    stage_close(s);
}

#define JOB(name, ttl) "{'metadata':{'name':'" name "'},'spec':{" ttl "}}"

static void a_finished_job_goes_after_its_time(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_job, JOB("short", "'ttlSecondsAfterFinished':5"));
    stage_make(s, kind_job, JOB("running", "'ttlSecondsAfterFinished':0"));
    stage_make(s, kind_job, JOB("kept", ""));
    /* The stage's clock began at 22:13:20. */
    static const char *const done =
        "{'conditions':[{'type':'Failed','status':'True','lastTransitionTime':"
        "'2023-11-14T22:13:21Z'}]}";
    status(s, kind_job, "short", done);
    status(s, kind_job, "kept", done);
    stage_pass(s, 4000);
    assert_true(is_there(s, kind_job, "short"));
    system_lead(s->system, false);
    system_lead(s->system, true); /* another leader goes on */
    stage_pass(s, 4000);
    assert_false(is_there(s, kind_job, "short"));
    assert_true(is_there(s, kind_job, "running"));
    assert_true(is_there(s, kind_job, "kept"));
    stage_close(s);
}

static void a_job_that_is_told_to_have_finished_later_stays(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_job, JOB("short", "'ttlSecondsAfterFinished':5"));
    status(s, kind_job, "short",
           "{'conditions':[{'type':'Failed','status':'True','lastTransitionTime':"
           "'2023-11-14T22:13:21Z'}]}");
    stage_pass(s, 4000);
    s->slow = true; /* the news is on its way to the disks while the time runs out */
    struct command *c = stage_about(COMMAND_STATUS, kind_job, "short");
    c->status = stage_doc("{'conditions':[{'type':'Failed','status':'True','lastTransitionTime':"
                          "'2023-11-14T22:13:41Z'}]}");
    system_send(s->system, c);
    stage_pass(s, 4000);
    s->slow = false;
    stage_pass(s, 1000);
    assert_true(is_there(s, kind_job, "short"));
    stage_pass(s, 20000);
    assert_false(is_there(s, kind_job, "short"));
    stage_close(s);
}

static void the_critical_classes_come_back(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    struct object *o = stage_get(s, kind_priorityclass, "system-node-critical");
    assert_non_null(o);
    assert_int_equal(mp_i64(doc_path(o->body, "value"), 0), 2000001000);
    stage_delete(s, kind_priorityclass, "system-cluster-critical");
    stage_pass(s, 100);
    assert_true(is_there(s, kind_priorityclass, "system-cluster-critical"));
    stage_make(s, kind_pod,
               "{'metadata':{'name':'p'},'spec':{'priorityClassName':'system-cluster-critical'}}");
    assert_int_equal(mp_i64(doc_path(stage_get(s, kind_pod, "p")->body, "spec.priority"), 0),
                     2000000000);
    stage_close(s);
}

static void the_masters_are_found_by_pods(void **state)
{
    (void)state;
    schema_init();
    static const char *const addresses[] = {"10.0.0.1:6443", "10.0.0.2:6443", "[::1]:7443"};
    struct system_options given = {.api_addresses = addresses, .api_count = 3};
    istr ns = istr_of("default");
    struct doc *d = bootstrap_find(kind_endpoints, ns, STR("kubernetes"))->body(&given);
    buf_auto struct buf json = BUF_INIT;
    json_write(doc_root(d), &json);
    buf_putc(&json, '\0');
    assert_string_equal(
        json.data,
        "{\"metadata\":{\"labels\":{\"endpointslice.kubernetes.io/skip-mirror\":\"true\"}},"
        "\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.1\"},{\"ip\":\"10.0.0.2\"}]"
        ",\"ports\":[{\"name\":\"https\",\"port\":6443,\"protocol\":\"TCP\"}]},{\"addresses\":[{"
        "\"ip\":\"::1\"}],\"ports\":[{\"name\":\"https\",\"port\":7443,\"protocol\":\"TCP\"}]}]}");
    doc_unref(d);
    d = bootstrap_find(kind_service, ns, STR("kubernetes"))->body(&given);
    assert_true(mp_is(doc_path(d, "spec.clusterIP"), BOOTSTRAP_SERVICE_IP));
    doc_unref(d);
    given.api_count = 0;
    assert_null(bootstrap_find(kind_service, ns, STR("kubernetes"))->body(&given));
    assert_null(bootstrap_find(kind_service, NULL, STR("kubernetes")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_stays_while_pods_use_it),
        cmocka_unit_test(an_unused_claim_goes_at_once),
        cmocka_unit_test(a_volume_stays_while_it_is_bound),
        cmocka_unit_test(a_finished_job_goes_after_its_time),
        cmocka_unit_test(a_job_that_is_told_to_have_finished_later_stays),
        cmocka_unit_test(the_critical_classes_come_back),
        cmocka_unit_test(the_masters_are_found_by_pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
