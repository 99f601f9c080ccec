/* Keyframes on their way to a follower that is too far behind. */
#include "cluster.h"

static void install_setup(struct cluster *c, uint64_t seed)
{
    cluster_open(c, 3, seed);
    c->options.keyframe_entries = 50;
    c->options.trailing_entries = 10;
    cluster_start(c);
}

/* A follower that stays away until the others have a keyframe and forgot what was before it. */
static struct master *install_leave_behind(struct cluster *c, size_t entries)
{
    struct master *leader = cluster_elect(c, 5000);
    struct master *behind = &c->masters[(leader->position + 1) % 3];
    cluster_commit(c, 10, 5000);
    master_crash(behind);
    cluster_commit(c, entries, 60000);
    assert_true(leader->q->raft.log.offset > 20);
    return behind;
}

static void install_check(struct cluster *c, struct master *behind)
{
    cluster_commit(c, 5, 5000);
    cluster_converge(c, 10000);
    struct log_bounds bounds = store_bounds(behind->store);
    struct digest ours, theirs;
    struct error err;
    struct master *other = &c->masters[(behind->position + 1) % 3];
    assert_int_equal(store_chain_at(behind->store, bounds.last_index, &ours, &err), 0);
    assert_int_equal(store_chain_at(other->store, bounds.last_index, &theirs, &err), 0);
    assert_true(digest_equal(&ours, &theirs));
    assert_int_equal(bounds.first_index, 1); /* the whole history, always (test_backfill.c) */
}

static void a_follower_far_behind_gets_a_keyframe_in_chunks_and_goes_on(void **state)
{
    (void)state;
    struct cluster c;
    install_setup(&c, 21);
    c.options.keyframe_entries = 8000;
    for (unsigned i = 0; i < 3; i++) master_crash(&c.masters[i]);
    for (unsigned i = 0; i < 3; i++) master_start(&c.masters[i]);
    struct master *behind =
        install_leave_behind(&c, 8200); /* 8,000 values of 64 bytes: two chunks */
    master_start(behind);
    cluster_run(&c, 2000);
    assert_int_equal(behind->restores, 1);
    assert_int_equal(cluster_mark(&c, MARK_install_delivered), 1);
    assert_int_equal(cluster_mark(&c, MARK_install_stalled), 0);
    install_check(&c, behind);
    master_crash(behind); /* and it starts from what it was given */
    master_start(behind);
    assert_int_equal(behind->restores, 2);
    install_check(&c, behind);
    cluster_close(&c);
}

static void lost_chunks_and_confirmations_are_asked_for_again(void **state)
{
    (void)state;
    struct cluster c;
    install_setup(&c, 22);
    struct master *behind = install_leave_behind(&c, 200);
    c.net.loss = 200;
    master_start(behind);
    cluster_run(&c, 20000);
    c.net.loss = 0;
    assert_true(behind->restores >= 1);
    install_check(&c, behind);
    cluster_close(&c);
}

static void a_follower_that_dies_at_any_moment_of_an_install_recovers(void **state)
{
    (void)state;
    for (uint64_t after = 0; after < 60; after += 3) {
        struct cluster c;
        install_setup(&c, 100 + after);
        struct master *behind = install_leave_behind(&c, 120);
        master_start(behind);
        uint64_t end = c.world.now + 5000;
        while (!behind->q->target && !behind->q->installing && behind->restores == 0 &&
               c.world.now < end)
            cluster_run(&c, 1);
        cluster_run(&c, after);
        master_crash(behind);
        cluster_commit(&c, 3, 5000);
        master_start(behind);
        cluster_run(&c, 3000);
        install_check(&c, behind);
        cluster_close(&c);
    }
}

static void a_leader_that_dies_while_sending_is_replaced_as_the_source(void **state)
{
    (void)state;
    struct cluster c;
    install_setup(&c, 23);
    struct master *behind = install_leave_behind(&c, 200);
    struct master *leader = cluster_leader(&c);
    master_start(behind);
    while (!behind->q->target) cluster_run(&c, 1);
    master_crash(leader);
    cluster_run(&c, 3000);
    master_start(leader);
    cluster_run(&c, 15000);
    install_check(&c, behind);
    cluster_close(&c);
}

static bool drop_chunks(void *arg, unsigned from, unsigned to, const void *bytes, size_t n)
{
    (void)arg, (void)from, (void)to;
    struct wire w;
    return wire_read((struct str){bytes, n}, &w, NULL) == 0 && w.type == WIRE_CHUNK;
}

static void a_stalled_stream_is_given_up_and_begun_again(void **state)
{
    (void)state;
    struct cluster c;
    install_setup(&c, 24);
    struct master *behind = install_leave_behind(&c, 200);
    struct master *leader = cluster_leader(&c);
    c.net.drop = drop_chunks;
    master_start(behind);
    cluster_run(&c, 2000);
    assert_non_null(leader->q->peers[behind->position].source);
    cluster_cut(&c, leader->position, behind->position, true);
    cluster_run(&c, 8000);
    assert_true(cluster_mark(&c, MARK_install_stalled) >= 1);
    c.net.drop = NULL;
    cluster_cut(&c, leader->position, behind->position, false);
    cluster_run(&c, 10000);
    install_check(&c, behind);
    cluster_close(&c);
}

/* Heartbeats that are refused at the keyframe's own index make libraft begin again; there is one
 * stream. */
static void repeated_offers_join_the_stream_that_is_going_on(void **state)
{
    (void)state;
    struct cluster c;
    install_setup(&c, 25);
    struct master *behind = install_leave_behind(&c, 200);
    c.net.drop = drop_chunks;
    master_start(behind);
    cluster_run(&c, 4000);
    c.net.drop = NULL;
    cluster_run(&c, 4000);
    assert_int_equal(behind->restores, 1);
    install_check(&c, behind);
    cluster_close(&c);
}

/* Nothing is written any more that would bring a new one by itself. */
static void a_leader_that_can_read_no_keyframe_makes_another(void **state)
{
    (void)state;
    struct cluster c;
    install_setup(&c, 27);
    struct master *behind = install_leave_behind(&c, 200), *leader = cluster_elect(&c, 5000);
    mem_auto char *scratch = mem_printf(
        "for f in %s/keyframes/*.mdb; do printf scratch | dd of=$f conv=notrunc status=none; done",
        leader->dir);
    assert_int_equal(system(scratch), 0);
    master_start(behind);
    cluster_run(&c, 10000);
    assert_int_equal(cluster_mark(&c, MARK_keyframe_renewed), 1);
    assert_int_equal(behind->restores, 1);
    install_check(&c, behind);
    cluster_close(&c);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_follower_far_behind_gets_a_keyframe_in_chunks_and_goes_on),
        cmocka_unit_test(lost_chunks_and_confirmations_are_asked_for_again),
        cmocka_unit_test(a_follower_that_dies_at_any_moment_of_an_install_recovers),
        cmocka_unit_test(a_leader_that_dies_while_sending_is_replaced_as_the_source),
        cmocka_unit_test(a_stalled_stream_is_given_up_and_begun_again),
        cmocka_unit_test(a_leader_that_can_read_no_keyframe_makes_another),
        cmocka_unit_test(repeated_offers_join_the_stream_that_is_going_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
