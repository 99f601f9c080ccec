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
    play_cpu_pod(&p, "a", "1", NULL);
    play_cpu_pod(&p, "b", "1", NULL);
    play_cpu_pod(&p, "c", "2", "'priority':10");
    play_pod(&p, "d", "'priority':5");
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

/* --- what goes wrong while a binding is on its way --- */

/* Three pods assumed on one node, their entry in the hands of the quorum. */
static struct play three_in_flight(void)
{
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, NULL);
    play_pass(&p, 50);
    play_cpu_pod(&p, "a", "1", NULL);
    stage_commit(p.stage);
    p.stage->slow = true;
    stage_pass(p.stage, 20);
    audit(p.scheduler, p.stage->world);
    return p;
}

static void a_pod_deleted_while_it_is_bound_leaves_no_trace(void **state)
{
    (void)state;
    struct play p = three_in_flight();
    assert_true(p.stage->flying);
    struct command *gone = stage_about(COMMAND_DELETE, kind_pod, "a");
    gone->grace_s = 0;
    system_send(p.stage->system, gone);
    p.stage->slow = false;
    play_pass(&p, 500);
    assert_null(stage_get(p.stage, kind_pod, "a"));
    assert_int_equal(p.scheduler->placer.nodes.rows[0].pods, 0);
    play_close(&p);
}

static void lost(struct play *p, int status, bool written)
{
    p->stage->flying = false;
    struct buf entry = BUF_INIT;
    buf_append(&entry, p->stage->proposed.data, p->stage->proposed.len);
    system_lead(p->stage->system, false);
    audit(p->scheduler, p->stage->world);
    system_proposed(p->stage->system, status);
    audit(p->scheduler, p->stage->world);
    if (written) {
        uint64_t n = entry.len;
        buf_append(&p->stage->log, &n, sizeof n);
        buf_append(&p->stage->log, entry.data, n);
        system_committed(p->stage->system, ++p->stage->index, (struct str){entry.data, n});
        audit(p->scheduler, p->stage->world);
    }
    buf_free(&entry);
    p->stage->slow = false;
    system_lead(p->stage->system, true);
    play_pass(p, 3000);
}

static void leadership_lost_while_binding_takes_back_what_was_assumed(void **state)
{
    (void)state;
    struct play p = three_in_flight();
    assert_true(p.stage->flying);
    lost(&p, E_NOTLEADER, false);
    assert_string_equal(play_where(&p, "a"), "n1");
    play_close(&p);
}

static void a_binding_whose_answer_was_lost_counts_once(void **state)
{
    (void)state;
    struct play p = three_in_flight();
    lost(&p, E_UNKNOWN, true);
    assert_string_equal(play_where(&p, "a"), "n1");
    assert_int_equal(p.scheduler->placer.nodes.rows[0].pods, 1);
    play_close(&p);
}

static void a_pod_that_someone_else_bound_first_is_let_go(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, NULL);
    play_node(&p, "n2", "'pods':'0'", NULL, NULL);
    play_pass(&p, 50);
    p.stage->slow = true;
    struct command *make = stage_command(
        COMMAND_CREATE, kind_pod, "{'metadata':{'name':'a'},'spec':{'containers':[{'name':'c'}]}}");
    system_send(p.stage->system, make);
    stage_turn(p.stage);
    /* Their binding waits for the creation, ours comes after it. */
    struct command *bind = stage_about(COMMAND_BIND, kind_pod, "a");
    bind->node = istr_of("n2");
    system_send(p.stage->system, bind);
    p.stage->slow = false;
    play_pass(&p, 2000);
    assert_string_equal(play_where(&p, "a"), "n2");
    assert_int_equal(play_events(&p, "a", "Scheduled"), 0);
    play_close(&p);
}

static void nodes_come_and_go_under_their_pods(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, "'labels':{'topology.kubernetes.io/zone':'a'}", NULL);
    for (int i = 0; i < 4; i++) {
        mem_auto char *name = mem_printf("p%d", i);
        mem_auto char *text = mem_printf(
            "{'metadata':{'name':'%s','ownerReferences':[{'apiVersion':'v1','kind':'Foo','name':'x'"
            ","
            "'uid':'u','controller':true}]},'spec':{'nodeName':'n1','containers':[{'name':'c',"
            "'image':'i','ports':[{'containerPort':80,'hostPort':%d}]}]}}",
            name, 8000 + i);
        stage_make(p.stage, kind_pod, text);
    }
    play_pass(&p, 100);
    stage_edit(p.stage, kind_node, "n1", "metadata.labels", "{'topology.kubernetes.io/zone':'b'}");
    audit(p.scheduler, p.stage->world);
    stage_delete(p.stage, kind_node, "n1");
    audit(p.scheduler, p.stage->world);
    play_node(&p, "n1", ROOM, "'labels':{'topology.kubernetes.io/zone':'c'}", NULL);
    audit(p.scheduler, p.stage->world);
    stage_delete(p.stage, kind_node, "n1");
    for (int i = 0; i < 4; i++) {
        mem_auto char *name = mem_printf("p%d", i);
        struct command *gone = stage_about(COMMAND_DELETE, kind_pod, name);
        gone->grace_s = 0;
        stage_do(p.stage, gone);
    }
    play_pass(&p, 1000);
    assert_int_equal(p.scheduler->placer.nodes.by_name.count, 0);
    play_node(&p, "n2", ROOM, NULL, NULL);
    assert_int_equal(p.scheduler->placer.nodes.count, 1); /* the place is used again */
    play_close(&p);
}

/* --- very many that fit nowhere --- */

struct tally {
    struct subscriber subscriber;
    unsigned told, bound;
};

static void tally_changed(struct subscriber *sub, const struct change *c)
{
    struct tally *t = container_of(sub, struct tally, subscriber);
    t->told += c->type == EVENT_UNSCHEDULABLE;
    t->bound += c->type == EVENT_BOUND;
}

static void send_pods(struct play *p, unsigned count, unsigned shapes)
{
    for (unsigned i = 0; i < count; i++) {
        mem_auto char *text =
            mem_printf("{'metadata':{'name':'burst-%u'},'spec':{'containers':[{'name':'c','image':"
                       "'i','resources':{'requests':{'cpu':'%u'}}}]}}",
                       i, 100 + i % shapes);
        system_send(p->stage->system, stage_command(COMMAND_CREATE, kind_pod, text));
    }
}

static void a_burst_that_fits_nowhere_is_told_once_each_and_stands_in_nobodys_way(void **state)
{
    (void)state;
    enum { BURST = 3000 };
    struct tally tally = {.subscriber = {.name = "tally", .changed = tally_changed}};
    struct play p = play_open();
    world_subscribe(p.stage->world, &tally.subscriber);
    play_node(&p, "n1", ROOM, NULL, NULL);
    send_pods(&p, BURST, 1);
    stage_pass(p.stage, 100);
    uint64_t work = p.scheduler->placer.work;
    assert_in_range(work, 1, 20); /* one look for all of them */
    assert_in_range(tally.told, 1, BURST - 1);
    play_cpu_pod(&p, "small", "1", NULL);
    stage_pass(p.stage, 100);
    assert_string_equal(play_where(&p, "small"), "n1");
    play_pass(&p, 5000);
    assert_int_equal(tally.told, BURST);
    play_pass(&p, 120000);
    assert_int_equal(tally.told, BURST);
    assert_int_equal(tally.bound, 1);
    /* A new leader tells nobody what they were told. */
    system_lead(p.stage->system, false);
    system_lead(p.stage->system, true);
    play_pass(&p, 60000);
    assert_int_equal(tally.told, BURST);
    play_node(&p, "big", "'cpu':'1000k','memory':'1Gi','pods':'2000'", NULL, NULL);
    play_pass(&p, 2000);
    assert_int_equal(tally.bound, 1 + 2000);
    play_close(&p);
}

static void many_shapes_that_fit_nowhere_cost_a_bounded_share_of_each_turn(void **state)
{
    (void)state;
    enum { NODES = 300, SHAPES = 1500, PER_S = 2000000, AT_ONCE = 200000 };
    struct play p = play_open();
    for (unsigned i = 0; i < NODES; i++) {
        mem_auto char *name = mem_printf("node-%u", i);
        play_node(&p, name, "'cpu':'2','pods':'10'", NULL, NULL);
    }
    stage_pass(p.stage, 1000);
    send_pods(&p, SHAPES, SHAPES);
    uint64_t begin = p.scheduler->placer.work, last = begin;
    for (unsigned i = 0; i < 200; i++) {
        stage_pass(p.stage, 10);
        assert_in_range(p.scheduler->placer.work - last, 0, AT_ONCE + 2 * NODES);
        last = p.scheduler->placer.work;
    }
    assert_in_range(last - begin, SHAPES * NODES, AT_ONCE + 2 * PER_S);
    play_waits(&p, "burst-7", "0/300 nodes are available: 300 Insufficient cpu.");
    play_waits(&p, "burst-1499", "0/300 nodes are available: 300 Insufficient cpu.");
    /* One node altered: each shape is asked about this one only. */
    stage_edit(p.stage, kind_node, "node-5", "metadata.labels", "{'a':'b'}");
    stage_pass(p.stage, 2000);
    assert_in_range(p.scheduler->placer.work - last, SHAPES, 3 * SHAPES);
    stage_close(p.stage);
    scheduler_free(p.scheduler);
}

static void pods_whose_binding_is_refused_try_again_later(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, NULL);
    send_pods(&p, 1, 1);
    stage_pass(p.stage, 50);
    struct object *node = stage_get(p.stage, kind_node, "n1");
    p.stage->slow = true;
    mem_auto char *text = mem_printf("{'conditions':[{'type':'Ready','status':'True'}],"
                                     "'allocatable':{'cpu':'%u','pods':'9'}}",
                                     200);
    assert_non_null(node);
    struct command *c = stage_about(COMMAND_STATUS, kind_node, "n1");
    c->status = stage_doc(text);
    system_send(p.stage->system, c);
    stage_pass(p.stage, 10);
    stage_commit(p.stage);
    stage_pass(p.stage, 1100); /* the binding is proposed and not answered */
    assert_true(p.stage->flying);
    p.stage->flying = false;
    system_proposed(p.stage->system, E_UNKNOWN); /* and fails, while we lead on */
    audit(p.scheduler, p.stage->world);
    assert_int_equal(p.scheduler->placer.nodes.rows[0].pods, 0);
    p.stage->slow = false;
    stage_pass(p.stage, 500);
    assert_string_equal(play_where(&p, "burst-0"), "");
    stage_pass(p.stage, 1000);
    assert_string_equal(play_where(&p, "burst-0"), "n1");
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
        cmocka_unit_test(a_pod_deleted_while_it_is_bound_leaves_no_trace),
        cmocka_unit_test(leadership_lost_while_binding_takes_back_what_was_assumed),
        cmocka_unit_test(a_binding_whose_answer_was_lost_counts_once),
        cmocka_unit_test(a_pod_that_someone_else_bound_first_is_let_go),
        cmocka_unit_test(nodes_come_and_go_under_their_pods),
        cmocka_unit_test(a_burst_that_fits_nowhere_is_told_once_each_and_stands_in_nobodys_way),
        cmocka_unit_test(many_shapes_that_fit_nowhere_cost_a_bounded_share_of_each_turn),
        cmocka_unit_test(pods_whose_binding_is_refused_try_again_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
