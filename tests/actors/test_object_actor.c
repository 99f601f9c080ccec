/* What every object decides, and what pods, secrets and nodes decide otherwise. */
#include "stage.h"

static struct stage *alone(void)
{
    return stage_open(&controller_times_default);
}

static void refused(struct outcome o, int http, const char *reason, const char *message)
{
    assert_int_equal(o.http, http);
    assert_string_equal(o.reason, reason);
    assert_string_equal(o.message, message);
}

static void names_are_taken_once(void **state)
{
    (void)state;
    struct stage *s = alone();
    const char *pod = "{'metadata':{'name':'x'},'spec':{}}";
    stage_make(s, kind_pod, pod);
    refused(stage_create(s, kind_pod, pod), 409, "AlreadyExists", "pods \"x\" already exists");
    const char *rs = "{'metadata':{'name':'x'},'spec':{'replicas':0}}";
    stage_make(s, kind_replicaset, rs);
    refused(stage_create(s, kind_replicaset, rs), 409, "AlreadyExists",
            "replicasets.apps \"x\" already exists");
    stage_close(s);
}

static void a_namespace_has_to_be_there(void **state)
{
    (void)state;
    struct stage *s = alone();
    refused(stage_create(s, kind_pod, "{'metadata':{'name':'x','namespace':'nope'},'spec':{}}"),
            404, "NotFound", "namespaces \"nope\" not found");
    refused(stage_delete(s, kind_pod, "x"), 404, "NotFound", "pods \"x\" not found");
    stage_close(s);
}

static void an_update_from_an_old_version_conflicts(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_configmap, "{'metadata':{'name':'m'},'data':{'a':'1'}}");
    uint64_t old = stage_get(s, kind_configmap, "m")->revision;
    assert_int_equal(stage_edit(s, kind_configmap, "m", "data.a", "'2'").http, 200);
    struct command *c =
        stage_command(COMMAND_UPDATE, kind_configmap, "{'metadata':{'name':'m'},'data':{'a':'3'}}");
    c->revision = old;
    refused(
        stage_do(s, c), 409, "Conflict",
        "Operation cannot be fulfilled on configmaps \"m\": the object has been modified; please "
        "apply your changes to the latest version and try again");
    c = stage_about(COMMAND_DELETE, kind_configmap, "m");
    c->has_uid = true;
    struct outcome o = stage_do(s, c);
    assert_int_equal(o.http, 409);
    assert_non_null(strstr(o.message, "Precondition failed: UID in precondition: 00000000-0000"));
    stage_close(s);
}

static void an_update_that_changes_nothing_writes_nothing(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_configmap, "{'metadata':{'name':'m'},'data':{'a':'1','b':'2'}}");
    stage_pass(s, 100);
    uint64_t revision = s->world->revision;
    struct command *c = stage_command(COMMAND_UPDATE, kind_configmap,
                                      "{'metadata':{'name':'m'},'data':{'b':'2','a':'1'}}");
    assert_int_equal(stage_do(s, c).http, 200);
    assert_int_equal(s->world->revision, revision);
    stage_close(s);
}

static void only_the_spec_counts_for_the_generation(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_replicaset, "{'metadata':{'name':'x'},'spec':{'replicas':0,'selector':{}}}");
    assert_int_equal(stage_get(s, kind_replicaset, "x")->generation, 1);
    stage_edit(s, kind_replicaset, "x", "metadata.labels", "{'a':'b'}");
    assert_int_equal(stage_get(s, kind_replicaset, "x")->generation, 1);
    stage_edit(s, kind_replicaset, "x", "spec.minReadySeconds", "3");
    assert_int_equal(stage_get(s, kind_replicaset, "x")->generation, 2);
    stage_close(s);
}

static void a_status_write_brings_labels_and_leaves_the_rest(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_service,
               "{'metadata':{'name':'v','finalizers':['a.b/c']},'spec':{'type':'ClusterIP'}}");
    struct command *c =
        stage_command(COMMAND_STATUS, kind_service,
                      "{'metadata':{'name':'v','labels':{'k':'v'}},'spec':{'type':'Other'},"
                      "'status':{'loadBalancer':{}}}");
    assert_int_equal(stage_do(s, c).http, 200);
    struct object *o = stage_get(s, kind_service, "v");
    assert_true(mp_is(doc_path(o->body, "metadata.labels.k"), "v"));
    assert_true(mp_is(doc_path(o->body, "spec.type"), "ClusterIP"));
    assert_int_equal(doc_path(o->body, "metadata.finalizers").count, 1);
    assert_int_equal(doc_path(o->status, "loadBalancer").type, MP_MAP);
    stage_close(s);
}

static void finalizers_hold_what_was_deleted(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_configmap, "{'metadata':{'name':'m','finalizers':['a.b/c']},'data':{}}");
    struct outcome o = stage_delete(s, kind_configmap, "m");
    assert_int_equal(o.http, 200);
    assert_false(o.removed);
    struct object *m = stage_get(s, kind_configmap, "m");
    assert_true(m->deleted_s > 0);
    assert_int_equal(m->grace_s, 0);
    o = stage_edit(s, kind_configmap, "m", "metadata.finalizers", "['a.b/c','new.one/x']");
    assert_int_equal(o.http, 422);
    assert_non_null(
        strstr(o.message, "no new finalizers can be added if the object is being deleted"));
    assert_int_equal(stage_edit(s, kind_configmap, "m", "metadata.finalizers", "[]").http, 200);
    assert_null(stage_get(s, kind_configmap, "m"));
    stage_close(s);
}

static void a_dry_run_answers_and_writes_nothing(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_pass(s, 100);
    uint64_t revision = s->world->revision;
    struct command *c =
        stage_command(COMMAND_CREATE, kind_pod, "{'metadata':{'name':'x'},'spec':{}}");
    c->dry_run = true;
    assert_int_equal(stage_do(s, c).http, 201);
    assert_null(stage_get(s, kind_pod, "x"));
    assert_int_equal(s->world->revision, revision);
    stage_close(s);
}

static void what_is_immutable_stays(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_secret,
               "{'metadata':{'name':'k'},'immutable':true,'data':{'p':'cGFzcw=='}}");
    refused(stage_edit(s, kind_secret, "k", "data.p", "'b3RoZXI='"), 422, "Invalid",
            "Secret \"k\" is invalid: data: Forbidden: field is immutable when `immutable` is set");
    refused(stage_edit(s, kind_secret, "k", "immutable", "false"), 422, "Invalid",
            "Secret \"k\" is invalid: immutable: Forbidden: field is immutable when `immutable` is "
            "set");
    assert_int_equal(stage_edit(s, kind_secret, "k", "metadata.labels", "{'a':'b'}").http, 200);
    stage_close(s);
}

static void other_kinds_cannot_be_placed(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_configmap, "{'metadata':{'name':'m'}}");
    assert_int_equal(stage_do(s, stage_about(COMMAND_BIND, kind_configmap, "m")).http, 405);
    stage_close(s);
}

/* --- pods --- */

static struct outcome bind(struct stage *s, const char *pod, const char *node)
{
    struct command *c = stage_about(COMMAND_BIND, kind_pod, pod);
    c->node = node ? istr_of(node) : NULL;
    return stage_do(s, c);
}

static void a_pod_is_placed_once(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_pod, "{'metadata':{'name':'x'},'spec':{},'status':{'phase':'Running'}}");
    assert_true(mp_is(doc_path(stage_get(s, kind_pod, "x")->status, "phase"), "Pending"));
    assert_int_equal(bind(s, "x", NULL).http, 422);
    assert_int_equal(bind(s, "x", "n1").http, 200);
    struct object *x = stage_get(s, kind_pod, "x");
    assert_string_equal(x->node, "n1");
    struct mp condition = status_condition(x->status, "PodScheduled");
    assert_true(mp_is(mp_get(condition, "status"), "True"));
    assert_true(mp_is(mp_get(condition, "lastTransitionTime"), "2023-11-14T22:13:20Z"));
    refused(bind(s, "x", "n2"), 409, "Conflict",
            "Operation cannot be fulfilled on pods/binding \"x\": pod x is already assigned to "
            "node \"n1\"");
    stage_delete(s, kind_pod, "x");
    refused(
        bind(s, "x", "n2"), 409, "Conflict",
        "Operation cannot be fulfilled on pods/binding \"x\": pod x is being deleted, cannot be "
        "assigned to a host");
    stage_close(s);
}

static void pods_placed_in_one_second_share_a_status(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_pod, "{'metadata':{'name':'x'},'spec':{}}");
    stage_make(s, kind_pod, "{'metadata':{'name':'y'},'spec':{}}");
    bind(s, "x", "n1");
    bind(s, "y", "n2");
    assert_ptr_equal(stage_get(s, kind_pod, "x")->status, stage_get(s, kind_pod, "y")->status);
    assert_ptr_equal(stage_get(s, kind_pod, "x")->body, stage_get(s, kind_pod, "y")->body);
    stage_close(s);
}

static void a_report_of_a_node_keeps_the_placement(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_pod, "{'metadata':{'name':'x'},'spec':{}}");
    bind(s, "x", "n1");
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, "x");
    c->status = stage_doc("{'phase':'Running','conditions':[{'type':'Ready','status':'True'}]}");
    assert_int_equal(stage_do(s, c).http, 200);
    struct object *x = stage_get(s, kind_pod, "x");
    assert_true(mp_is(mp_get(status_condition(x->status, "PodScheduled"), "status"), "True"));
    assert_true(mp_is(mp_get(status_condition(x->status, "Ready"), "status"), "True"));
    assert_true(mp_is(doc_path(x->status, "qosClass"), "BestEffort"));
    uint64_t revision = s->world->revision;
    c = stage_about(COMMAND_STATUS, kind_pod, "x"); /* the same report again is no news */
    c->status = stage_doc("{'phase':'Running','conditions':[{'type':'Ready','status':'True'}]}");
    assert_int_equal(stage_do(s, c).http, 200);
    assert_int_equal(s->world->revision, revision);
    stage_close(s);
}

static void a_pod_without_a_node_goes_at_once(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_pod, "{'metadata':{'name':'x'},'spec':{}}");
    struct outcome o = stage_delete(s, kind_pod, "x");
    assert_int_equal(o.http, 200);
    assert_true(o.removed);
    stage_close(s);
}

static struct outcome delete_within(struct stage *s, const char *pod, int32_t grace)
{
    struct command *c = stage_about(COMMAND_DELETE, kind_pod, pod);
    c->grace_s = grace;
    return stage_do(s, c);
}

static void grace_gets_shorter_never_longer(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_pod,
               "{'metadata':{'name':'x'},'spec':{'terminationGracePeriodSeconds':60}}");
    bind(s, "x", "n1");
    int64_t now_s = s->wall_ms / 1000;
    assert_false(stage_delete(s, kind_pod, "x").removed);
    assert_int_equal(stage_get(s, kind_pod, "x")->grace_s, 60);
    assert_int_equal(stage_get(s, kind_pod, "x")->deleted_s, now_s + 60);
    delete_within(s, "x", 300);
    assert_int_equal(stage_get(s, kind_pod, "x")->grace_s, 60);
    delete_within(s, "x", 5);
    assert_int_equal(stage_get(s, kind_pod, "x")->grace_s, 5);
    assert_int_equal(stage_get(s, kind_pod, "x")->deleted_s, now_s + 5);
    assert_true(delete_within(s, "x", 0).removed);
    stage_close(s);
}

static void a_pod_is_gone_when_its_node_says_so(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_pod, "{'metadata':{'name':'x','finalizers':['a.b/c']},'spec':{}}");
    bind(s, "x", "n1");
    assert_int_equal(stage_do(s, stage_about(COMMAND_CONFIRM_GONE, kind_pod, "x")).http, 409);
    stage_delete(s, kind_pod, "x");
    assert_false(stage_do(s, stage_about(COMMAND_CONFIRM_GONE, kind_pod, "x")).removed);
    assert_int_equal(stage_get(s, kind_pod, "x")->grace_s, 0);
    assert_true(stage_edit(s, kind_pod, "x", "metadata.finalizers", "[]").removed);
    stage_close(s);
}

static void a_finalizer_gone_early_leaves_the_grace(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_pod, "{'metadata':{'name':'x','finalizers':['a.b/c']},'spec':{}}");
    bind(s, "x", "n1");
    stage_delete(s, kind_pod, "x");
    assert_false(stage_edit(s, kind_pod, "x", "metadata.finalizers", "[]").removed);
    assert_true(stage_do(s, stage_about(COMMAND_CONFIRM_GONE, kind_pod, "x")).removed);
    stage_close(s);
}

static void why_no_node_fits_is_said_once(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(s, kind_pod, "{'metadata':{'name':'x'},'spec':{}}");
    for (int i = 0; i < 2; i++) {
        uint64_t before = s->world->revision;
        struct command *c = stage_about(COMMAND_UNSCHEDULABLE, kind_pod, "x");
        c->text[3] = mem_strdup("0/1 nodes are available: 1 Insufficient cpu.");
        assert_int_equal(stage_do(s, c).http, 200);
        assert_int_equal(s->world->revision - before, i == 0);
    }
    struct mp condition = status_condition(stage_get(s, kind_pod, "x")->status, "PodScheduled");
    assert_true(mp_is(mp_get(condition, "status"), "False"));
    assert_true(mp_is(mp_get(condition, "reason"), "Unschedulable"));
    assert_true(
        mp_is(mp_get(condition, "message"), "0/1 nodes are available: 1 Insufficient cpu."));
    bind(s, "x", "n1");
    condition = status_condition(stage_get(s, kind_pod, "x")->status, "PodScheduled");
    assert_true(mp_is(mp_get(condition, "status"), "True"));
    assert_int_equal(mp_get(condition, "message").type, MP_END);
    stage_close(s);
}

static const char *quality(struct stage *s, const char *name, const char *resources)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'%s'},'spec':{'containers':[{'name':'c',"
                                     "'resources':%s}]}}",
                                     name, resources);
    stage_make(s, kind_pod, text);
    return istr_get(mp_str(doc_path(stage_get(s, kind_pod, name)->status, "qosClass")));
}

static void the_quality_of_a_pod_follows_its_resources(void **state)
{
    (void)state;
    struct stage *s = alone();
    assert_string_equal(quality(s, "a", "{}"), "BestEffort");
    assert_string_equal(quality(s, "b", "{'requests':{'cpu':'100m'}}"), "Burstable");
    assert_string_equal(quality(s, "c", "{'limits':{'cpu':'1','memory':'1Gi'}}"), "Guaranteed");
    assert_string_equal(quality(s, "d",
                                "{'requests':{'cpu':'1000m','memory':'1Gi'},"
                                "'limits':{'cpu':'1','memory':'1024Mi'}}"),
                        "Guaranteed");
    assert_string_equal(quality(s, "e",
                                "{'requests':{'cpu':'1','memory':'1Mi'},"
                                "'limits':{'cpu':'1','memory':'1Gi'}}"),
                        "Burstable");
    stage_close(s);
}

static void a_pods_own_tolerations_are_kept(void **state)
{
    (void)state;
    struct stage *s = alone();
    stage_make(
        s, kind_pod,
        "{'metadata':{'name':'x'},'spec':{'serviceAccountName':'robot','tolerations':[{'key':"
        "'node.kubernetes.io/not-ready','operator':'Exists','effect':'NoExecute',"
        "'tolerationSeconds':7}]}}");
    struct object *x = stage_get(s, kind_pod, "x");
    struct mp tolerations = doc_path(x->body, "spec.tolerations");
    assert_int_equal(tolerations.count, 2);
    assert_int_equal(mp_i64(mp_get(mp_at(tolerations, 0), "tolerationSeconds"), 0), 7);
    assert_true(mp_is(mp_get(mp_at(tolerations, 1), "key"), "node.kubernetes.io/unreachable"));
    assert_true(mp_is(doc_path(x->body, "spec.serviceAccount"), "robot"));
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_once),
        cmocka_unit_test(a_namespace_has_to_be_there),
        cmocka_unit_test(an_update_from_an_old_version_conflicts),
        cmocka_unit_test(an_update_that_changes_nothing_writes_nothing),
        cmocka_unit_test(only_the_spec_counts_for_the_generation),
        cmocka_unit_test(a_status_write_brings_labels_and_leaves_the_rest),
        cmocka_unit_test(finalizers_hold_what_was_deleted),
        cmocka_unit_test(a_dry_run_answers_and_writes_nothing),
        cmocka_unit_test(what_is_immutable_stays),
        cmocka_unit_test(other_kinds_cannot_be_placed),
        cmocka_unit_test(a_pod_is_placed_once),
        cmocka_unit_test(pods_placed_in_one_second_share_a_status),
        cmocka_unit_test(a_report_of_a_node_keeps_the_placement),
        cmocka_unit_test(a_pod_without_a_node_goes_at_once),
        cmocka_unit_test(grace_gets_shorter_never_longer),
        cmocka_unit_test(a_pod_is_gone_when_its_node_says_so),
        cmocka_unit_test(a_finalizer_gone_early_leaves_the_grace),
        cmocka_unit_test(why_no_node_fits_is_said_once),
        cmocka_unit_test(the_quality_of_a_pod_follows_its_resources),
        cmocka_unit_test(a_pods_own_tolerations_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
