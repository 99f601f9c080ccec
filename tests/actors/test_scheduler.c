/* Stories about the scheduler: every pod gets its node or is told why not, and the books always
 * agree with the world, whatever goes wrong on the way. */
#include "play.h"

#define ROOM "'cpu':'4','memory':'8Gi','pods':'110'"

static void a_pod_is_placed_and_told_of(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, NULL);
    play_cpu_pod(&p, "a", "1", NULL);
    play_pass(&p, 100);
    assert_string_equal(play_where(&p, "a"), "n1");
    assert_int_equal(play_events(&p, "a", "Scheduled"), 1);
    assert_int_equal(scheduler_pending(p.scheduler), 0);
    play_close(&p);
}

static void what_fits_nowhere_is_told_why_once(void **state)
{
    (void)state;
    struct play p = play_open();
    play_cpu_pod(&p, "a", "3", NULL);
    play_pass(&p, 100);
    play_waits(&p, "a", "no nodes available to schedule pods");
    play_node(&p, "n1", "'cpu':'2','memory':'8Gi','pods':'110'", NULL, NULL);
    play_node(&p, "n2", "'cpu':'2','memory':'8Gi','pods':'110'", NULL, NULL);
    play_node(&p, "n3", ROOM, NULL, "'unschedulable':true");
    play_pass(&p, 12000);
    play_waits(&p, "a",
               "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.");
    assert_int_equal(play_events(&p, "a", "FailedScheduling"), 2);
    uint64_t revision = p.stage->world->revision;
    play_pass(&p, 100000);
    assert_int_equal(p.stage->world->revision, revision);
    play_close(&p);
}

static void room_made_by_a_pod_that_goes_is_used(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, NULL);
    play_cpu_pod(&p, "a", "3", NULL);
    play_pass(&p, 100);
    play_cpu_pod(&p, "b", "2", NULL);
    play_cpu_pod(&p, "small", "1", NULL);
    play_pass(&p, 2000);
    play_waits(&p, "b", "0/1 nodes are available: 1 Insufficient cpu.");
    assert_string_equal(play_where(&p, "small"), "n1");
    struct command *gone = stage_about(COMMAND_DELETE, kind_pod, "a");
    gone->grace_s = 0;
    stage_do(p.stage, gone);
    play_pass(&p, 2000);
    assert_string_equal(play_where(&p, "b"), "n1");
    play_close(&p);
}

static void a_finished_pod_takes_no_room(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, NULL);
    play_cpu_pod(&p, "a", "3", NULL);
    play_cpu_pod(&p, "b", "3", NULL);
    play_pass(&p, 100);
    assert_string_equal(play_where(&p, "a"), "n1");
    assert_string_equal(play_where(&p, "b"), "");
    struct command *c = stage_about(COMMAND_STATUS, kind_pod, "a");
    c->status = stage_doc("{'phase':'Succeeded'}");
    stage_do(p.stage, c);
    play_pass(&p, 2000);
    assert_string_equal(play_where(&p, "b"), "n1");
    play_close(&p);
}

static void an_uncordoned_node_and_a_grown_node_are_used(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, "'unschedulable':true");
    play_cpu_pod(&p, "a", "1", NULL);
    play_cpu_pod(&p, "b", "8", NULL);
    play_pass(&p, 2000);
    play_waits(&p, "a", "0/1 nodes are available: 1 node(s) were unschedulable.");
    stage_edit(p.stage, kind_node, "n1", "spec.unschedulable", "false");
    play_pass(&p, 2000);
    assert_string_equal(play_where(&p, "a"), "n1");
    struct command *c = stage_about(COMMAND_STATUS, kind_node, "n1");
    c->status = stage_doc("{'conditions':[{'type':'Ready','status':'True'}],"
                          "'allocatable':{'cpu':'16','memory':'8Gi','pods':'110'}}");
    stage_do(p.stage, c);
    play_pass(&p, 2000);
    assert_string_equal(play_where(&p, "b"), "n1");
    play_close(&p);
}

static void an_added_toleration_is_noticed(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, "'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]");
    play_cpu_pod(&p, "a", "1", NULL);
    play_pass(&p, 100);
    play_waits(
        &p, "a",
        "0/1 nodes are available: 1 node(s) had taint {k: v}, that the pod didn't tolerate.");
    stage_edit(p.stage, kind_pod, "a", "spec.tolerations", "[{'key':'k','operator':'Exists'}]");
    play_pass(&p, 1100);
    assert_string_equal(play_where(&p, "a"), "n1");
    play_close(&p);
}

static void higher_priority_goes_first_then_first_come(void **state)
{
    (void)state;
    struct play p = play_open();
    stage_make(p.stage, kind_priorityclass, "{'metadata':{'name':'high'},'value':10}");
    stage_make(p.stage, kind_priorityclass, "{'metadata':{'name':'middle'},'value':5}");
    play_cpu_pod(&p, "a", "1", NULL);
    play_cpu_pod(&p, "b", "1", NULL);
    play_cpu_pod(&p, "c", "2", "'priorityClassName':'high'");
    play_pod(&p, "d", "'priorityClassName':'middle'");
    play_pass(&p, 100);
    play_node(&p, "n1", "'cpu':'3','memory':'8Gi','pods':'3'", NULL, NULL);
    play_pass(&p, 2000);
    assert_string_equal(play_where(&p, "c"), "n1");
    assert_string_equal(play_where(&p, "d"), "n1");
    assert_string_equal(play_where(&p, "a"), "n1");
    play_waits(&p, "b", "no nodes available to schedule pods");
    play_pass(&p, 12000);
    play_waits(&p, "b", "0/1 nodes are available: 1 Insufficient cpu, 1 Too many pods.");
    play_close(&p);
}

static void pods_of_others_are_left_alone(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, NULL);
    play_pod(&p, "theirs", "'schedulerName':'other'");
    play_cpu_pod(&p, "placed", "3", "'nodeName':'n1'");
    play_cpu_pod(&p, "late", "3", NULL);
    play_pass(&p, 2000);
    assert_string_equal(play_where(&p, "theirs"), "");
    assert_string_equal(play_where(&p, "placed"), "n1");
    play_waits(&p, "late", "0/1 nodes are available: 1 Insufficient cpu.");
    play_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_is_placed_and_told_of),
        cmocka_unit_test(what_fits_nowhere_is_told_why_once),
        cmocka_unit_test(room_made_by_a_pod_that_goes_is_used),
        cmocka_unit_test(a_finished_pod_takes_no_room),
        cmocka_unit_test(an_uncordoned_node_and_a_grown_node_are_used),
        cmocka_unit_test(an_added_toleration_is_noticed),
        cmocka_unit_test(higher_priority_goes_first_then_first_come),
        cmocka_unit_test(pods_of_others_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
