/* Stories about replica sets and replication controllers. */
#include "stage.h"

static const char web[] =
    "{'metadata':{'name':'web'},'spec':{'replicas':3,'selector':{'matchLabels':"
    "{'app':'web'}},'template':{'metadata':{'labels':{'app':'web'}},'spec':"
    "{'containers':[{'name':'c','image':'busybox'}]}}}}";

static struct object *first_pod(struct stage *s)
{
    return world_first(s->world, kind_pod, NULL)->object;
}

static void a_replica_set_makes_its_pods(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    stage_make(s, kind_replicaset, web);
    stage_play(s, 1000);
    assert_int_equal(stage_pods(s, "n1", true), 3);
    struct object *rs = stage_get(s, kind_replicaset, "web"), *pod = first_pod(s);
    assert_int_equal(stage_status(rs, "replicas"), 3);
    assert_int_equal(stage_status(rs, "readyReplicas"), 3);
    assert_int_equal(stage_status(rs, "availableReplicas"), 3);
    assert_int_equal(stage_status(rs, "fullyLabeledReplicas"), 3);
    assert_int_equal(stage_status(rs, "observedGeneration"), 1);
    assert_true(str_starts(object_name(pod), "web-"));
    assert_int_equal(object_name(pod).n, 9);
    struct mp owner = mp_at(doc_path(pod->body, "metadata.ownerReferences"), 0);
    assert_true(mp_is(mp_get(owner, "kind"), "ReplicaSet"));
    assert_true(mp_is(mp_get(owner, "apiVersion"), "apps/v1"));
    assert_true(mp_bool(mp_get(owner, "controller"), false));
    assert_true(mp_bool(mp_get(owner, "blockOwnerDeletion"), false));
    assert_true(mp_is(doc_path(pod->status, "qosClass"), "BestEffort"));
    assert_int_equal(doc_path(pod->body, "spec.tolerations").count, 2);
    stage_close(s);
}

static void a_replica_set_replaces_a_killed_pod(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    stage_make(s, kind_replicaset, web);
    stage_play(s, 1000);
    mem_auto char *victim = mem_strdup(first_pod(s)->id->name);
    assert_int_equal(stage_delete(s, kind_pod, victim).http, 200);
    assert_non_null(stage_get(s, kind_pod, victim)); /* in its grace period */
    stage_turn(s);
    stage_turn(s);
    assert_int_equal(stage_pods(s, NULL, true), 3); /* the replacement does not wait for it */
    stage_play(s, 500);
    assert_null(stage_get(s, kind_pod, victim));
    assert_int_equal(stage_pods(s, NULL, false), 3);
    stage_close(s);
}

static void a_finished_pod_is_replaced_and_kept(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    stage_make(s, kind_replicaset, web);
    stage_play(s, 1000);
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, first_pod(s)->id->name);
    c->status = stage_doc("{'phase':'Failed'}");
    assert_int_equal(stage_do(s, c).http, 200);
    stage_play(s, 500);
    assert_int_equal(stage_pods(s, NULL, true), 3);
    assert_int_equal(stage_pods(s, NULL, false), 4);
    stage_close(s);
}

static void scaling_down_spares_what_serves(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    stage_make(s, kind_replicaset, web);
    stage_play(s, 1000);
    s->dead[0] = "n1"; /* new pods stay pending */
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.replicas", "6").http, 200);
    stage_play(s, 300);
    assert_int_equal(stage_pods(s, NULL, true), 6);
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.replicas", "3").http, 200);
    stage_pass(s, 300);
    size_t running = 0;
    for (struct actor *a = world_first(s->world, kind_pod, NULL); a; a = world_next(a, NULL))
        running +=
            stage_pod_active(a->object) && mp_is(doc_path(a->object->status, "phase"), "Running");
    assert_int_equal(running, 3);
    assert_int_equal(stage_pods(s, NULL, true), 3);
    assert_int_equal(stage_get(s, kind_replicaset, "web")->generation, 3);
    stage_close(s);
}

static void orphans_that_match_are_adopted(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_pod, "{'metadata':{'name':'old','labels':{'app':'web'}},'spec':{}}");
    stage_make(s, kind_pod, "{'metadata':{'name':'other','labels':{'app':'db'}},'spec':{}}");
    stage_make(s, kind_replicaset, web);
    stage_pass(s, 300);
    assert_int_equal(stage_pods(s, NULL, true), 4);
    struct object *old = stage_get(s, kind_pod, "old"), *other = stage_get(s, kind_pod, "other");
    assert_int_equal(doc_path(old->body, "metadata.ownerReferences").count, 1);
    assert_int_equal(doc_path(other->body, "metadata.ownerReferences").type, MP_END);
    /* One more orphan than wanted: adopted, and then one too many. */
    stage_make(s, kind_pod, "{'metadata':{'name':'late','labels':{'app':'web'}},'spec':{}}");
    stage_pass(s, 300);
    assert_int_equal(stage_pods(s, NULL, true), 4);
    stage_close(s);
}

static void a_pod_that_changes_its_labels_is_released(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_replicaset, web);
    stage_pass(s, 300);
    mem_auto char *name = mem_strdup(first_pod(s)->id->name);
    assert_int_equal(stage_edit(s, kind_pod, name, "metadata.labels", "{'app':'quarantine'}").http,
                     200);
    stage_pass(s, 300);
    assert_int_equal(stage_pods(s, NULL, true), 4);
    struct object *pod = stage_get(s, kind_pod, name);
    assert_int_equal(doc_path(pod->body, "metadata.ownerReferences").type, MP_END);
    stage_close(s);
}

static void ten_thousand_pods_take_few_entries(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_replicaset, web);
    stage_pass(s, 200);
    uint64_t entries = s->entries;
    size_t bytes = s->log.len;
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.replicas", "10000").http, 200);
    stage_pass(s, 2000);
    assert_int_equal(stage_pods(s, NULL, true), 10000);
    assert_int_equal(stage_status(stage_get(s, kind_replicaset, "web"), "replicas"), 10000);
    assert_in_range(s->entries - entries, 1, 40);
    assert_in_range(s->log.len - bytes, 1, 10000 * 100);
    /* One body for all of them, and few Events about them. */
    struct doc *body = first_pod(s)->body;
    for (struct actor *a = world_first(s->world, kind_pod, NULL); a; a = world_next(a, NULL))
        assert_ptr_equal(a->object->body, body);
    assert_in_range(world_count(s->world, kind_event), 1, 60);
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.replicas", "0").http, 200);
    stage_pass(s, 2000);
    assert_int_equal(stage_pods(s, NULL, false), 0);
    stage_close(s);
}

static void who_has_no_node_yet_goes_first(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_replicaset, web);
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.replicas", "8").http, 200);
    stage_pass(s, 300);
    unsigned i = 0;
    for (struct actor *a = world_first(s->world, kind_pod, NULL); a; a = world_next(a, NULL), i++) {
        struct command *c = stage_about(COMMAND_BIND, kind_pod, a->name);
        c->node = istr_of("n1");
        if (i % 2)
            assert_int_equal(stage_do(s, c).http, 200);
        else
            command_free(c);
    }
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.replicas", "4").http, 200);
    stage_pass(s, 300);
    assert_int_equal(stage_pods(s, "n1", true), 4);
    assert_int_equal(stage_pods(s, NULL, false), 4);
    stage_close(s);
}

/* Many turns pass before the quorum answers: nothing is done twice meanwhile. */
static void what_is_on_its_way_is_counted(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_replicaset, web);
    for (int i = 0; i < 40; i++) {
        s->slow = true;
        stage_pass(s, 100);
        s->slow = false;
        stage_turn(s);
        assert_in_range(stage_pods(s, NULL, false), 0, 3);
    }
    assert_int_equal(stage_pods(s, NULL, true), 3);
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.replicas", "1").http, 200);
    for (int i = 0; i < 40; i++) {
        s->slow = true;
        stage_pass(s, 100);
        s->slow = false;
        stage_turn(s);
        assert_in_range(stage_pods(s, NULL, false), 1, 3);
    }
    assert_int_equal(stage_pods(s, NULL, true), 1);
    stage_close(s);
}

struct counter {
    struct subscriber subscriber;
    unsigned scaled;
};

static void counter_changed(struct subscriber *s, const struct change *c)
{
    container_of(s, struct counter, subscriber)->scaled += c->type == EVENT_SCALED;
}

static void the_status_is_not_written_for_every_pod(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_replicaset, web);
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.replicas", "50").http, 200);
    stage_pass(s, 500);
    struct counter counter = {.subscriber.changed = counter_changed};
    world_subscribe(s->world, &counter.subscriber);
    for (struct actor *a = world_first(s->world, kind_pod, NULL); a; a = world_next(a, NULL)) {
        struct command *c = stage_about(COMMAND_STATUS, kind_pod, a->name);
        c->status =
            stage_doc("{'phase':'Running','conditions':[{'type':'Ready','status':'True'}]}");
        stage_do(s, c);
        stage_pass(s, 20);
    }
    stage_pass(s, 200);
    assert_in_range(counter.scaled, 5, 12);
    assert_int_equal(stage_status(stage_get(s, kind_replicaset, "web"), "readyReplicas"), 50);
    list_remove(&counter.subscriber.link);
    stage_close(s);
}

static void a_replication_controller_does_the_same(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_rc,
               "{'metadata':{'name':'rc'},'spec':{'replicas':2,'selector':{'app':'rc'},"
               "'template':{'metadata':{'labels':{'app':'rc'}},'spec':{'nodeName':'n7'}}}}");
    stage_pass(s, 300);
    assert_int_equal(stage_pods(s, "n7", true), 2);
    struct mp owner = mp_at(doc_path(first_pod(s)->body, "metadata.ownerReferences"), 0);
    assert_true(mp_is(mp_get(owner, "kind"), "ReplicationController"));
    assert_true(mp_is(mp_get(owner, "apiVersion"), "v1"));
    assert_int_equal(doc_path(first_pod(s)->body, "spec.nodeName").type, MP_END);
    stage_close(s);
}

static void a_pod_counts_as_available_after_its_time(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    s->wall_ms =
        1700000000000; /* the moment at which the stage's pods say that they became ready */
    stage_make(s, kind_replicaset, web);
    assert_int_equal(stage_edit(s, kind_replicaset, "web", "spec.minReadySeconds", "5").http, 200);
    stage_play(s, 2000);
    assert_int_equal(stage_status(stage_get(s, kind_replicaset, "web"), "readyReplicas"), 3);
    assert_int_equal(stage_status(stage_get(s, kind_replicaset, "web"), "availableReplicas"), 0);
    stage_play(s, 4500);
    assert_int_equal(stage_status(stage_get(s, kind_replicaset, "web"), "availableReplicas"), 3);
    stage_close(s);
}

static void a_refused_create_is_tried_again(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_namespace, "{'metadata':{'name':'going'}}");
    mem_auto char *text = mem_printf("{'metadata':{'namespace':'going',%s", web + 13);
    stage_make(s, kind_replicaset, text);
    stage_pass(s, 100);
    system_set_low_space(s->system, true);
    struct actor *rs = world_first(s->world, kind_replicaset, NULL);
    struct command *c =
        command_new(COMMAND_DELETE, kind_pod, rs->ns,
                    actor_name(world_first(s->world, kind_pod, NULL)), istr_of("tester"));
    assert_int_equal(stage_do(s, c).http, 200);
    stage_pass(s, 300);
    assert_int_equal(stage_pods(s, NULL, true), 2);
    system_set_low_space(s->system, false);
    stage_pass(s, 2000);
    assert_int_equal(stage_pods(s, NULL, true), 3);
    stage_close(s);
}

static void a_new_leader_goes_on_where_the_old_one_stopped(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_replicaset, web);
    s->slow = true;
    stage_pass(s, 100); /* creates are on their way to the quorum */
    system_lead(s->system, false);
    s->flying = false;
    system_proposed(s->system, E_NOTLEADER); /* and never got there */
    s->slow = false;
    stage_pass(s, 100);
    assert_int_equal(stage_pods(s, NULL, true), 0);
    system_lead(s->system, true);
    stage_pass(s, 100);
    assert_int_equal(stage_pods(s, NULL, true), 3);
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replica_set_makes_its_pods),
        cmocka_unit_test(a_replica_set_replaces_a_killed_pod),
        cmocka_unit_test(a_finished_pod_is_replaced_and_kept),
        cmocka_unit_test(scaling_down_spares_what_serves),
        cmocka_unit_test(orphans_that_match_are_adopted),
        cmocka_unit_test(a_pod_that_changes_its_labels_is_released),
        cmocka_unit_test(ten_thousand_pods_take_few_entries),
        cmocka_unit_test(who_has_no_node_yet_goes_first),
        cmocka_unit_test(what_is_on_its_way_is_counted),
        cmocka_unit_test(the_status_is_not_written_for_every_pod),
        cmocka_unit_test(a_replication_controller_does_the_same),
        cmocka_unit_test(a_pod_counts_as_available_after_its_time),
        cmocka_unit_test(a_refused_create_is_tried_again),
        cmocka_unit_test(a_new_leader_goes_on_where_the_old_one_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
