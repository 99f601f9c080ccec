/* Owners and what they leave behind. */
#include "stage.h"

static void uid_of(struct stage *s, const struct kind *kind, const char *name, char out[UID_TEXT])
{
    uid_text(&stage_get(s, kind, name)->id->uid, out);
}

/* A config map that names another as its owner. */
static void owned(struct stage *s, const char *name, const char *owner, const char *extra)
{
    char uid[UID_TEXT];
    uid_of(s, kind_configmap, owner, uid);
    mem_auto char *text = mem_printf(
        "{'metadata':{'name':'%s','ownerReferences':[{'apiVersion':'v1','kind':'ConfigMap',"
        "'name':'%s','uid':'%s','blockOwnerDeletion':true}]%s}}",
        name, owner, uid, extra);
    stage_make(s, kind_configmap, text);
}

static struct outcome delete_as(struct stage *s, const struct kind *kind, const char *name,
                                enum propagation propagation)
{
    struct command *c = stage_about(COMMAND_DELETE, kind, name);
    c->propagation = propagation;
    return stage_do(s, c);
}

static struct stage *family(void) /* grandmother, mother, child */
{
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_configmap, "{'metadata':{'name':'grandmother'}}");
    owned(s, "mother", "grandmother", "");
    owned(s, "child", "mother", "");
    return s;
}

static void what_an_owner_leaves_behind_is_collected(void **state)
{
    (void)state;
    struct stage *s = family();
    assert_true(delete_as(s, kind_configmap, "grandmother", PROPAGATION_BACKGROUND).removed);
    stage_pass(s, 500);
    assert_int_equal(world_count(s->world, kind_configmap), 0);
    stage_close(s);
}

static void who_is_set_free_at_the_last_moment_stays(void **state)
{
    (void)state;
    struct stage *s = family();
    s->slow = true;
    struct command *c = stage_about(COMMAND_DELETE, kind_configmap, "mother");
    c->propagation = PROPAGATION_BACKGROUND;
    system_send(s->system, c);
    stage_turn(s);
    c = stage_about(COMMAND_UPDATE, kind_configmap, "child"); /* on its way when the owner goes */
    c->body = stage_doc("{'metadata':{'name':'child'}}");
    system_send(s->system, c);
    stage_commit(s);
    stage_turn(s);
    s->slow = false;
    stage_pass(s, 500);
    assert_null(stage_get(s, kind_configmap, "mother"));
    assert_non_null(stage_get(s, kind_configmap, "child"));
    stage_close(s);
}

static void in_the_foreground_the_owner_goes_last(void **state)
{
    (void)state;
    struct stage *s = family();
    assert_int_equal(
        stage_edit(s, kind_configmap, "child", "metadata.finalizers", "['a.b/c']").http, 200);
    assert_false(delete_as(s, kind_configmap, "grandmother", PROPAGATION_FOREGROUND).removed);
    stage_pass(s, 1000);
    assert_non_null(stage_get(s, kind_configmap, "grandmother"));
    assert_true(stage_get(s, kind_configmap, "mother")->deleted_s > 0);
    assert_true(stage_get(s, kind_configmap, "child")->deleted_s > 0);
    assert_int_equal(stage_edit(s, kind_configmap, "child", "metadata.finalizers", "[]").http, 200);
    stage_pass(s, 500);
    assert_int_equal(world_count(s->world, kind_configmap), 0);
    stage_close(s);
}

static void a_circle_of_owners_goes_as_a_whole(void **state)
{
    (void)state;
    struct stage *s = family();
    char uid[UID_TEXT];
    uid_of(s, kind_configmap, "child", uid);
    mem_auto char *references =
        mem_printf("[{'apiVersion':'v1','kind':'ConfigMap','name':'child','uid':'%s',"
                   "'blockOwnerDeletion':true}]",
                   uid);
    assert_int_equal(
        stage_edit(s, kind_configmap, "grandmother", "metadata.ownerReferences", references).http,
        200);
    assert_false(delete_as(s, kind_configmap, "mother", PROPAGATION_FOREGROUND).removed);
    stage_pass(s, 2000);
    assert_int_equal(world_count(s->world, kind_configmap), 0);
    stage_close(s);
}

static void orphans_are_set_free(void **state)
{
    (void)state;
    struct stage *s = family();
    assert_false(delete_as(s, kind_configmap, "grandmother", PROPAGATION_ORPHAN).removed);
    stage_pass(s, 500);
    assert_null(stage_get(s, kind_configmap, "grandmother"));
    struct object *mother = stage_get(s, kind_configmap, "mother");
    assert_non_null(mother);
    assert_int_equal(doc_path(mother->body, "metadata.ownerReferences").type, MP_END);
    assert_non_null(stage_get(s, kind_configmap, "child"));
    stage_close(s);
}

static void one_owner_that_stays_is_enough(void **state)
{
    (void)state;
    struct stage *s = family();
    stage_make(s, kind_configmap, "{'metadata':{'name':'aunt'}}");
    char mother[UID_TEXT], aunt[UID_TEXT];
    uid_of(s, kind_configmap, "mother", mother);
    uid_of(s, kind_configmap, "aunt", aunt);
    mem_auto char *owners =
        mem_printf("[{'apiVersion':'v1','kind':'ConfigMap','name':'mother','uid':'%s'},"
                   "{'apiVersion':'v1','kind':'ConfigMap','name':'aunt','uid':'%s'}]",
                   mother, aunt);
    assert_int_equal(
        stage_edit(s, kind_configmap, "child", "metadata.ownerReferences", owners).http, 200);
    delete_as(s, kind_configmap, "mother", PROPAGATION_BACKGROUND);
    stage_pass(s, 500);
    struct object *child = stage_get(s, kind_configmap, "child");
    assert_non_null(child);
    struct mp left = doc_path(child->body, "metadata.ownerReferences");
    assert_int_equal(left.count, 1);
    assert_true(mp_is(mp_get(mp_at(left, 0), "name"), "aunt"));
    stage_close(s);
}

static void who_comes_after_its_owner_has_gone_is_collected(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_configmap,
               "{'metadata':{'name':'late','ownerReferences':[{'apiVersion':'v1','kind':'ConfigMap'"
               ",'name':"
               "'x','uid':'11111111-2222-4333-8444-555555555555'}]}}");
    stage_pass(s, 500);
    assert_null(stage_get(s, kind_configmap, "late"));
    stage_close(s);
}

static void make_owned_class(struct stage *s, const char *name, const char *owner)
{
    mem_auto char *text =
        mem_printf("{'metadata':{'name':'%s','ownerReferences':[%s]},'value':1}", name, owner);
    stage_make(s, kind_priorityclass, text);
}

static void who_cannot_be_looked_up_is_not_missed(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_make(s, kind_configmap, "{'metadata':{'name':'inside'}}");
    char uid[UID_TEXT];
    uid_of(s, kind_configmap, "inside", uid);
    mem_auto char *inside =
        mem_printf("{'apiVersion':'v1','kind':'ConfigMap','name':'inside','uid':'%s'}", uid);
    make_owned_class(s, "of-inside", inside);
    make_owned_class(s, "of-unknown",
                     "{'apiVersion':'example.com/v1','kind':'Robot','name':'x',"
                     "'uid':'11111111-2222-4333-8444-555555555555'}");
    make_owned_class(s, "of-nobody",
                     "{'apiVersion':'v1','kind':'Node','name':'x',"
                     "'uid':'11111111-2222-4333-8444-555555555556'}");
    stage_pass(s, 500);
    assert_non_null(stage_get(s, kind_priorityclass, "of-inside"));
    assert_non_null(stage_get(s, kind_priorityclass, "of-unknown"));
    assert_null(stage_get(s, kind_priorityclass, "of-nobody"));
    stage_close(s);
}

static const char set[] = "{'metadata':{'name':'x'},'spec':{'replicas':50,'selector':%s,'template':"
                          "{'metadata':{'labels':{'app':'x'}},'spec':{}}}}";

static void a_replica_set_takes_its_pods_along(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    mem_auto char *text = mem_printf(set, "{'matchLabels':{'app':'x'}}");
    stage_make(s, kind_replicaset, text);
    stage_play(s, 500);
    assert_int_equal(stage_pods(s, NULL, true), 50);
    assert_true(stage_delete(s, kind_replicaset, "x").removed);
    stage_play(s, 500);
    assert_int_equal(stage_pods(s, NULL, false), 0);
    stage_close(s);
}

static void a_replication_controller_leaves_its_pods_unless_told(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    mem_auto char *text = mem_printf(set, "{'app':'x'}");
    stage_make(s, kind_rc, text);
    stage_pass(s, 500);
    stage_delete(s, kind_rc, "x");
    stage_pass(s, 500);
    assert_null(stage_get(s, kind_rc, "x"));
    assert_int_equal(stage_pods(s, NULL, true), 50);
    stage_make(s, kind_rc, text); /* adopts them */
    stage_pass(s, 500);
    assert_int_equal(stage_pods(s, NULL, true), 50);
    delete_as(s, kind_rc, "x", PROPAGATION_BACKGROUND);
    stage_pass(s, 500);
    assert_int_equal(stage_pods(s, NULL, false), 0);
    stage_close(s);
}

static void a_foreground_replica_set_waits_for_its_pods(void **state)
{
    (void)state;
    struct stage *s = stage_open(&controller_times_default);
    stage_node(s, "n1");
    mem_auto char *text = mem_printf(set, "{'matchLabels':{'app':'x'}}");
    stage_make(s, kind_replicaset, text);
    stage_play(s, 500);
    assert_false(delete_as(s, kind_replicaset, "x", PROPAGATION_FOREGROUND).removed);
    stage_pass(s, 500);
    assert_int_equal(stage_pods(s, NULL, true), 0);
    assert_non_null(stage_get(s, kind_replicaset, "x"));
    stage_play(s, 500);
    assert_int_equal(stage_pods(s, NULL, false), 0);
    assert_null(stage_get(s, kind_replicaset, "x"));
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_owner_leaves_behind_is_collected),
        cmocka_unit_test(who_is_set_free_at_the_last_moment_stays),
        cmocka_unit_test(in_the_foreground_the_owner_goes_last),
        cmocka_unit_test(a_circle_of_owners_goes_as_a_whole),
        cmocka_unit_test(orphans_are_set_free),
        cmocka_unit_test(one_owner_that_stays_is_enough),
        cmocka_unit_test(who_comes_after_its_owner_has_gone_is_collected),
        cmocka_unit_test(who_cannot_be_looked_up_is_not_missed),
        cmocka_unit_test(a_replica_set_takes_its_pods_along),
        cmocka_unit_test(a_replication_controller_leaves_its_pods_unless_told),
        cmocka_unit_test(a_foreground_replica_set_waits_for_its_pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
