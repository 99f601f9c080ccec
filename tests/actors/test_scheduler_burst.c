/* Very many pods that fit nowhere: each is told why, once, and they stand in nobody's way. */
#include "play.h"

#define ROOM "'cpu':'4','memory':'8Gi','pods':'110'"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_that_fits_nowhere_is_told_once_each_and_stands_in_nobodys_way),
        cmocka_unit_test(many_shapes_that_fit_nowhere_cost_a_bounded_share_of_each_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
