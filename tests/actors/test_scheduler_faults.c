/* What goes wrong while a binding is on its way, or under the pods that were placed: the books
 * agree with the world all the time. */
#include "play.h"

#define ROOM "'cpu':'4','memory':'8Gi','pods':'110'"

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

static void pods_whose_binding_is_refused_try_again_later(void **state)
{
    (void)state;
    struct play p = play_open();
    play_node(&p, "n1", ROOM, NULL, NULL);
    play_cpu_pod(&p, "burst-0", "100", NULL);
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
        cmocka_unit_test(a_pod_deleted_while_it_is_bound_leaves_no_trace),
        cmocka_unit_test(leadership_lost_while_binding_takes_back_what_was_assumed),
        cmocka_unit_test(a_binding_whose_answer_was_lost_counts_once),
        cmocka_unit_test(a_pod_that_someone_else_bound_first_is_let_go),
        cmocka_unit_test(nodes_come_and_go_under_their_pods),
        cmocka_unit_test(pods_whose_binding_is_refused_try_again_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
