/* Nodes that fall silent, and what becomes of their pods. */
#include "stage.h"

/* As real ones, but thirty times as fast. */
static const struct controller_times quick = {
    .node_grace_ms = 2000,
    .gone_node_ms = 2000,
    .eviction_burst = 100,
    .evictions_per_s = 100,
    .status_every_ms = 100,
    .endpoints_every_ms = 100,
    .event_ttl_ms = 60000,
};

static const char web[] =
    "{'metadata':{'name':'web'},'spec':{'replicas':10,'selector':{'matchLabels':"
    "{'app':'web'}},'template':{'metadata':{'labels':{'app':'web'}},'spec':"
    "{'tolerations':%s}}}}";
static const char patient[] = "[]"; /* gets the usual 300 s */
static const char hasty[] = "[{'key':'node.kubernetes.io/unreachable','operator':'Exists','effect':"
                            "'NoExecute','tolerationSeconds':1}]";

static struct stage *three_nodes(const char *tolerations)
{
    struct stage *s = stage_open(&quick);
    stage_node(s, "n1");
    stage_node(s, "n2");
    stage_node(s, "n3");
    mem_auto char *text = mem_printf(web, tolerations);
    stage_make(s, kind_replicaset, text);
    stage_play(s, 1000);
    assert_int_equal(stage_pods(s, NULL, true), 10);
    assert_in_range(stage_pods(s, "n1", true), 1, 9);
    return s;
}

static const char *ready(struct stage *s, const char *node)
{
    struct object *o = stage_get(s, kind_node, node);
    return istr_get(mp_str(mp_get(status_condition(o->status, "Ready"), "status")));
}

static bool tainted(struct stage *s, const char *node, const char *key, const char *effect)
{
    struct mp taints = doc_path(stage_get(s, kind_node, node)->body, "spec.taints");
    for (struct mp_iter it = mp_items(taints); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "key"), key) && mp_is(mp_get(it.value, "effect"), effect))
            return true;
    return false;
}

static void a_silent_node_becomes_unknown_and_tainted(void **state)
{
    (void)state;
    struct stage *s = three_nodes(patient);
    s->dead[0] = "n1";
    stage_play(s, 1500);
    assert_string_equal(ready(s, "n1"), "True");
    stage_play(s, 1000);
    assert_string_equal(ready(s, "n1"), "Unknown");
    assert_string_equal(ready(s, "n2"), "True");
    struct mp condition = status_condition(stage_get(s, kind_node, "n1")->status, "Ready");
    assert_true(mp_is(mp_get(condition, "reason"), "NodeStatusUnknown"));
    assert_true(mp_is(mp_get(condition, "message"), "Kubelet stopped posting node status."));
    assert_true(tainted(s, "n1", "node.kubernetes.io/unreachable", "NoSchedule"));
    assert_true(tainted(s, "n1", "node.kubernetes.io/unreachable", "NoExecute"));
    /* Its pods are no longer counted as ready, but they stay: they tolerate it for 300 s. */
    size_t there = stage_pods(s, "n1", true);
    assert_true(there > 0);
    assert_int_equal(stage_status(stage_get(s, kind_replicaset, "web"), "readyReplicas"),
                     10 - there);
    stage_close(s);
}

static void a_leader_that_stood_still_blames_nobody(void **state)
{
    (void)state;
    struct stage *s = three_nodes(patient);
    s->now_ms += 30000;
    stage_pass(s, 500); /* nobody has had the time to say a word */
    for (unsigned i = 0; i < 3; i++)
        assert_string_equal(ready(s, (const char *[]){"n1", "n2", "n3"}[i]), "True");
    s->dead[0] = "n1";
    stage_play(s, 2500);
    assert_string_equal(ready(s, "n1"), "Unknown");
    assert_string_equal(ready(s, "n2"), "True");
    stage_close(s);
}

static void a_node_that_comes_back_is_welcome(void **state)
{
    (void)state;
    struct stage *s = three_nodes(patient);
    s->dead[0] = "n1";
    stage_play(s, 2500);
    assert_string_equal(ready(s, "n1"), "Unknown");
    s->dead[0] = NULL;
    struct command *c = stage_about(COMMAND_STATUS, kind_node, "n1");
    c->status = stage_doc("{'conditions':[{'type':'Ready','status':'True'}]}");
    assert_int_equal(stage_do(s, c).http, 200);
    stage_play(s, 5000);
    assert_string_equal(ready(s, "n1"), "True");
    assert_int_equal(doc_path(stage_get(s, kind_node, "n1")->body, "spec.taints").count, 0);
    assert_int_equal(stage_pods(s, NULL, true), 10);
    stage_close(s);
}

/* Creates and updates are refused at once while the masters' disk is nearly full: no answer comes
 * later that could remind the controller. */
static void a_taint_that_was_refused_at_once_is_tried_again(void **state)
{
    (void)state;
    struct stage *s = three_nodes(patient);
    s->dead[0] = "n1";
    stage_play(s, 2500);
    assert_true(tainted(s, "n1", "node.kubernetes.io/unreachable", "NoExecute"));
    system_set_low_space(s->system, true);
    s->dead[0] = NULL;
    struct command *c = stage_about(COMMAND_STATUS, kind_node, "n1");
    c->status = stage_doc("{'conditions':[{'type':'Ready','status':'True'}]}");
    assert_int_equal(stage_do(s, c).http, 200);
    stage_play(s, 1000);
    assert_true(tainted(s, "n1", "node.kubernetes.io/unreachable", "NoExecute"));
    system_set_low_space(s->system, false);
    stage_play(s, 1000);
    assert_int_equal(doc_path(stage_get(s, kind_node, "n1")->body, "spec.taints").count, 0);
    stage_close(s);
}

static void an_evicted_node_gets_its_pods_replaced(void **state)
{
    (void)state;
    struct stage *s = three_nodes(hasty);
    size_t lost = stage_pods(s, "n1", true);
    s->dead[0] = "n1";
    stage_play(s, 5000);
    assert_int_equal(stage_pods(s, "n1", true), 0);
    assert_int_equal(stage_pods(s, "n1", false),
                     lost); /* terminating: nobody can say that they ended */
    assert_int_equal(stage_pods(s, NULL, true), 10);
    assert_int_equal(stage_status(stage_get(s, kind_replicaset, "web"), "readyReplicas"), 10);
    s->dead[0] = NULL;
    stage_play(s, 500);
    assert_int_equal(stage_pods(s, "n1", false), 0);
    stage_close(s);
}

static void pods_of_a_node_that_is_no_more_are_removed(void **state)
{
    (void)state;
    struct stage *s = three_nodes(patient);
    s->dead[0] = "n1";
    assert_true(stage_delete(s, kind_node, "n1").removed);
    stage_play(s, 1000);
    assert_true(stage_pods(s, "n1", true) > 0);
    stage_play(s, 2000);
    assert_int_equal(stage_pods(s, "n1", false), 0);
    assert_int_equal(stage_pods(s, NULL, true), 10);
    stage_close(s);
}

static void a_new_leader_waits_before_it_evicts(void **state)
{
    (void)state;
    struct stage *s = three_nodes(hasty);
    size_t there = stage_pods(s, "n1", true);
    s->dead[0] = "n1";
    stage_play(s, 1500);
    system_lead(s->system, false);
    stage_pass(s, 10000); /* long enough for anybody to look dead */
    system_lead(s->system, true);
    s->dead[0] = NULL; /* and yet it is alive: it only had nobody to talk to */
    stage_play(s, 10000);
    assert_string_equal(ready(s, "n1"), "True");
    assert_int_equal(stage_pods(s, "n1", true), there);
    s->dead[0] = "n1"; /* dead after all */
    stage_play(s, 5000);
    assert_int_equal(stage_pods(s, "n1", true), 0);
    stage_close(s);
}

static void a_new_leader_gives_silent_nodes_their_grace(void **state)
{
    (void)state;
    struct stage *s = three_nodes(hasty);
    s->dead[0] = "n1";
    system_lead(s->system, false);
    stage_pass(s, 10000);
    system_lead(s->system, true);
    stage_play(s, 1800);
    assert_string_equal(ready(s, "n1"), "True");
    stage_play(s, 400);
    assert_string_equal(ready(s, "n1"), "Unknown");
    stage_close(s);
}

static void with_no_node_left_nobody_is_evicted(void **state)
{
    (void)state;
    struct stage *s = three_nodes(hasty);
    s->dead[0] = "n1";
    s->dead[1] = "n2";
    s->dead[2] = "n3";
    stage_play(s, 10000);
    assert_string_equal(ready(s, "n3"), "Unknown");
    assert_int_equal(stage_pods(s, NULL, true), 10);
    assert_int_equal(stage_pods(s, NULL, false), 10);
    stage_close(s);
}

static void a_lease_is_a_sign_of_life(void **state)
{
    (void)state;
    struct stage *s = stage_open(&quick);
    s->dead[0] = "api";
    stage_node(s, "api");
    stage_make(s, kind_lease,
               "{'metadata':{'name':'api','namespace':'kube-node-lease'},'spec':{}}");
    for (int i = 0; i < 5; i++) {
        stage_play(s, 1000);
        mem_auto char *text =
            mem_printf("{'metadata':{'name':'api','namespace':'kube-node-lease'},'spec':"
                       "{'leaseTransitions':%d}}",
                       i);
        struct command *c = stage_command(COMMAND_UPDATE, kind_lease, text);
        assert_int_equal(stage_do(s, c).http, 200);
        assert_string_equal(ready(s, "api"), "True");
    }
    stage_play(s, 2500);
    assert_string_equal(ready(s, "api"), "Unknown");
    stage_close(s);
}

static void a_node_is_not_used_before_it_is_ready(void **state)
{
    (void)state;
    struct stage *s = stage_open(&quick);
    stage_make(s, kind_node, "{'metadata':{'name':'n1'}}");
    assert_true(tainted(s, "n1", "node.kubernetes.io/not-ready", "NoSchedule"));
    struct command *c = stage_about(COMMAND_STATUS, kind_node, "n1");
    c->status = stage_doc("{'conditions':[{'type':'Ready','status':'False'}]}");
    assert_int_equal(stage_do(s, c).http, 200);
    stage_play(s, 100);
    assert_true(tainted(s, "n1", "node.kubernetes.io/not-ready", "NoExecute"));
    c = stage_about(COMMAND_STATUS, kind_node, "n1");
    c->status = stage_doc("{'conditions':[{'type':'Ready','status':'True'},"
                          "{'type':'DiskPressure','status':'True'}]}");
    assert_int_equal(stage_do(s, c).http, 200);
    stage_play(s, 100);
    assert_int_equal(doc_path(stage_get(s, kind_node, "n1")->body, "spec.taints").count, 1);
    assert_true(tainted(s, "n1", "node.kubernetes.io/disk-pressure", "NoSchedule"));
    stage_close(s);
}

static void a_cordoned_node_is_tainted_and_others_taints_stay(void **state)
{
    (void)state;
    struct stage *s = stage_open(&quick);
    stage_node(s, "n1");
    stage_edit(s, kind_node, "n1", "spec.taints", "[{'key':'mine','effect':'NoSchedule'}]");
    stage_edit(s, kind_node, "n1", "spec.unschedulable", "true");
    stage_play(s, 100);
    assert_true(tainted(s, "n1", "node.kubernetes.io/unschedulable", "NoSchedule"));
    stage_edit(s, kind_node, "n1", "spec.unschedulable", "false");
    stage_play(s, 100);
    assert_false(tainted(s, "n1", "node.kubernetes.io/unschedulable", "NoSchedule"));
    assert_true(tainted(s, "n1", "mine", "NoSchedule"));
    stage_close(s);
}

static void a_taint_by_hand_evicts_who_does_not_tolerate_it(void **state)
{
    (void)state;
    struct stage *s = stage_open(&quick);
    stage_node(s, "n1");
    stage_make(s, kind_pod, "{'metadata':{'name':'goes'},'spec':{}}");
    stage_make(s, kind_pod,
               "{'metadata':{'name':'stays'},'spec':{'tolerations':[{'key':'k','operator':"
               "'Equal','value':'v'}]}}");
    stage_make(s, kind_pod,
               "{'metadata':{'name':'lingers'},'spec':{'tolerations':[{'operator':'Exists',"
               "'effect':'NoExecute','tolerationSeconds':3}]}}");
    stage_play(s, 500);
    stage_edit(s, kind_node, "n1", "spec.taints", "[{'key':'k','value':'v','effect':'NoExecute'}]");
    stage_play(s, 1000);
    assert_null(stage_get(s, kind_pod, "goes"));
    assert_non_null(stage_get(s, kind_pod, "stays"));
    assert_non_null(stage_get(s, kind_pod, "lingers"));
    stage_play(s, 3000);
    assert_null(stage_get(s, kind_pod, "lingers"));
    assert_non_null(stage_get(s, kind_pod, "stays"));
    stage_close(s);
}

static void a_new_leader_starts_the_clocks_of_tolerations_anew(void **state)
{
    (void)state;
    struct stage *s = stage_open(&quick);
    stage_node(s, "n1");
    stage_make(s, kind_pod,
               "{'metadata':{'name':'lingers'},'spec':{'tolerations':[{'operator':'Exists',"
               "'effect':'NoExecute','tolerationSeconds':3}]}}");
    stage_play(s, 500);
    stage_edit(s, kind_node, "n1", "spec.taints", "[{'key':'k','value':'v','effect':'NoExecute'}]");
    stage_play(s, 2000);
    system_lead(s->system, false);
    system_lead(s->system, true);
    stage_play(s, 2500);
    assert_non_null(stage_get(s, kind_pod, "lingers"));
    stage_play(s, 1000);
    assert_null(stage_get(s, kind_pod, "lingers"));
    stage_close(s);
}

static void evictions_come_at_their_rate(void **state)
{
    (void)state;
    struct controller_times times = quick;
    times.eviction_burst = 5;
    times.evictions_per_s = 5;
    struct stage *s = stage_open(&times);
    stage_node(s, "n1");
    mem_auto char *text = mem_printf(web, "[]");
    stage_make(s, kind_replicaset, text);
    stage_edit(s, kind_replicaset, "web", "spec.replicas", "30");
    stage_play(s, 1000);
    s->dead[0] = "n1"; /* nobody ends, so that we can count */
    stage_edit(s, kind_node, "n1", "spec.taints", "[{'key':'k','effect':'NoExecute'}]");
    stage_pass(s, 2000);
    assert_in_range(stage_pods(s, "n1", true), 13, 20);
    stage_pass(s, 4000);
    assert_int_equal(stage_pods(s, "n1", true), 0);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_node_becomes_unknown_and_tainted),
        cmocka_unit_test(a_leader_that_stood_still_blames_nobody),
        cmocka_unit_test(a_node_that_comes_back_is_welcome),
        cmocka_unit_test(a_taint_that_was_refused_at_once_is_tried_again),
        cmocka_unit_test(an_evicted_node_gets_its_pods_replaced),
        cmocka_unit_test(pods_of_a_node_that_is_no_more_are_removed),
        cmocka_unit_test(a_new_leader_waits_before_it_evicts),
        cmocka_unit_test(a_new_leader_gives_silent_nodes_their_grace),
        cmocka_unit_test(with_no_node_left_nobody_is_evicted),
        cmocka_unit_test(a_lease_is_a_sign_of_life),
        cmocka_unit_test(a_node_is_not_used_before_it_is_ready),
        cmocka_unit_test(a_cordoned_node_is_tainted_and_others_taints_stay),
        cmocka_unit_test(a_taint_by_hand_evicts_who_does_not_tolerate_it),
        cmocka_unit_test(a_new_leader_starts_the_clocks_of_tolerations_anew),
        cmocka_unit_test(evictions_come_at_their_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
