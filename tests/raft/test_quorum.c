/* Elections, commits, failures of the leader, restarts: three masters in virtual time. */
#include "cluster.h"

static void three_masters_elect_one_leader_and_apply_the_same(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 1);
    cluster_start(&c);
    cluster_elect(&c, 500); /* no election timeout at the first start */
    cluster_commit(&c, 100, 2000);
    cluster_converge(&c, 50); /* followers hear of a commit at once, not with the next heartbeat */
    assert_int_equal(c.masters[0].state.count, 100);
    assert_int_equal(cluster_mark(&c, MARK_became_leader), 1);
    cluster_close(&c);
}

static void a_single_master_leads_and_reads_at_once(void **state);

static void a_killed_leader_is_replaced_and_nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 2);
    cluster_start(&c);
    for (unsigned round = 0; round < 5; round++) {
        struct master *leader = cluster_elect(&c, 5000);
        cluster_commit(&c, 20, 5000);
        master_propose(leader, NULL); /* in flight while it dies */
        cluster_run(&c, round);
        uint64_t died = c.world.now;
        master_crash(leader);
        cluster_commit(&c, 1, 5000);
        assert_true(c.world.now - died < 1000);
        master_start(leader);
        cluster_run(&c, 500);
    }
    cluster_converge(&c, 5000);
    assert_true(c.acked_count >= 105);
    assert_true(cluster_mark(&c, MARK_leader_forgotten) > 0);
    cluster_close(&c);
}

static void a_stopped_leader_is_replaced_when_the_first_timer_ends(void **state)
{
    (void)state;
    uint64_t sum = 0;
    for (unsigned seed = 0; seed < 20; seed++) {
        struct cluster c;
        cluster_open(&c, 3, 300 + seed);
        cluster_start(&c);
        struct master *old = cluster_elect(&c, 5000);
        cluster_commit(&c, 5, 5000);
        old->paused = true; /* its connections stay */
        uint64_t stopped = c.world.now;
        cluster_elect(&c, 2500);
        sum += c.world.now - stopped;
        cluster_commit(&c, 5, 5000);
        old->paused = false;
        cluster_run(&c, 1000);
        cluster_converge(&c, 1000);
        cluster_close(&c);
    }
    assert_true(sum / 20 < 1600); /* the mean of the shorter of two timers between 1 and 2 s */
}

static void all_masters_restart_from_their_disks(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 3);
    cluster_start(&c);
    cluster_elect(&c, 5000);
    cluster_commit(&c, 30, 5000);
    for (unsigned i = 0; i < 3; i++) master_crash(&c.masters[i]);
    for (unsigned i = 0; i < 3; i++) master_start(&c.masters[i]);
    for (unsigned i = 0; i < 3; i++) assert_int_equal(c.masters[i].state.count, 0);
    cluster_elect(&c, 5000);
    cluster_commit(&c, 1, 5000);
    cluster_converge(&c, 1000);
    assert_int_equal(c.masters[2].state.count, 31);
    cluster_close(&c);
}

static void a_restart_begins_at_the_newest_keyframe(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 4);
    c.options.keyframe_entries = 20;
    c.options.trailing_entries = 5;
    cluster_start(&c);
    cluster_elect(&c, 5000);
    cluster_commit(&c, 75, 5000);
    cluster_converge(&c, 1000);
    assert_true(cluster_mark(&c, MARK_keyframe_done) >= 9);
    assert_true(c.masters[0].q->raft.log.offset > 50); /* memory before it is free again */
    assert_int_equal(store_bounds(c.masters[0].store).first_index, 1); /* history is kept */
    for (unsigned i = 0; i < 3; i++) master_crash(&c.masters[i]);
    for (unsigned i = 0; i < 3; i++) master_start(&c.masters[i]);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(c.masters[i].restores, 1);
        assert_true(c.masters[i].state.count >= 55);
    }
    cluster_commit(&c, 5, 5000);
    cluster_converge(&c, 1000);
    assert_int_equal(c.masters[1].state.count, 80);
    cluster_close(&c);
}

static void a_healed_partition_forgets_what_the_minority_wrote(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 5);
    cluster_start(&c);
    struct master *old = cluster_elect(&c, 5000);
    cluster_commit(&c, 10, 5000);
    cluster_isolate(&c, old->position, true);
    int status = 1;
    assert_true(master_propose(old, &status)); /* cannot commit */
    uint64_t lost = c.next_value - 1;
    cluster_run(&c, 4000);
    assert_int_equal(status, E_UNKNOWN);
    assert_int_equal(old->leads_term, 0);
    cluster_commit(&c, 10, 5000);
    cluster_isolate(&c, old->position, false);
    cluster_run(&c, 1000);
    cluster_converge(&c, 5000);
    assert_false(state_has(old, lost));
    cluster_close(&c);
}

static void a_large_backlog_is_sent_in_pieces(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 6);
    c.value_bytes = 300 * 1024;
    cluster_start(&c);
    struct master *leader = cluster_elect(&c, 5000);
    struct master *behind = &c.masters[(leader->position + 1) % 3];
    master_crash(behind);
    cluster_commit(&c, 20, 5000);
    master_start(behind);
    cluster_run(&c, 500);
    cluster_converge(&c, 2000);
    assert_int_equal(behind->state.count, 20);
    assert_true(cluster_mark(&c, MARK_piece_cut) > 0);
    cluster_close(&c);
}

static void a_leader_with_a_stuck_disk_lets_others_lead(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 7);
    cluster_start(&c);
    struct master *old = cluster_elect(&c, 5000);
    cluster_commit(&c, 3, 5000);
    old->disk->stuck = true;
    master_propose(old, NULL);
    cluster_run(&c, 6000);
    struct master *now = cluster_leader(&c);
    assert_non_null(now);
    assert_true(now != old);
    assert_true(cluster_mark(&c, MARK_leader_disk_stuck) > 0);
    cluster_commit(&c, 5, 5000);
    old->disk->stuck = false;
    cluster_run(&c, 1000);
    cluster_converge(&c, 5000);
    cluster_close(&c);
}

static void a_second_proposal_waits_and_a_follower_refuses(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 8);
    cluster_start(&c);
    struct master *leader = cluster_elect(&c, 5000);
    struct master *follower = &c.masters[(leader->position + 1) % 3];
    assert_true(master_propose(leader, NULL));
    assert_int_equal(quorum_propose(leader->q, STR("12345678"), 1, 1, NULL, NULL), E_BUSY);
    assert_int_equal(quorum_propose(follower->q, STR("12345678"), 1, 1, NULL, NULL), E_NOTLEADER);
    struct str huge = {leader->dir, WIRE_ENTRY_MAX};
    cluster_run(&c, 100);
    assert_int_equal(quorum_propose(leader->q, huge, 1, 1, NULL, NULL), E_TOOBIG);
    cluster_close(&c);
}

static void damage_newest_keyframe(struct master *m, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct store *s;
        struct store_options so = {.dir = m->dir, .read_only = true};
        struct error err;
        struct keyframe *k;
        assert_int_equal(store_open(&s, &so, &err), 0);
        assert_int_equal(keyframe_open(s, UINT64_MAX, &k, &err), 0);
        mem_auto char *path = mem_printf("%s/keyframes/%020llu.mdb", m->dir,
                                         (unsigned long long)keyframe_meta(k)->revision);
        keyframe_close(k);
        store_close(s);
        assert_int_equal(truncate(path, 4096), 0);
    }
}

static void a_damaged_keyframe_gives_way_to_the_one_before_or_to_the_log(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 13);
    c.options.keyframe_entries = 20;
    c.options.trailing_entries = 5;
    cluster_start(&c);
    cluster_commit(&c, 50, 5000);
    cluster_converge(&c, 1000);
    assert_true(c.masters[0].q->marks[MARK_keyframe_done] == 2);
    master_crash(&c.masters[0]);
    damage_newest_keyframe(&c.masters[0], 1);
    master_start(&c.masters[0]);
    cluster_commit(&c, 1, 5000);
    cluster_converge(&c, 3000);
    master_crash(&c.masters[0]);
    damage_newest_keyframe(&c.masters[0], 1);
    master_start(&c.masters[0]);
    assert_int_equal(c.masters[0].restores, 2); /* not a third time */
    cluster_commit(&c, 1, 5000);
    cluster_converge(&c, 3000);
    cluster_close(&c);
}

static void a_directory_of_another_server_is_refused(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 9);
    cluster_start(&c);
    cluster_run(&c, 10);
    master_crash(&c.masters[1]);
    char *own = c.masters[1].dir;
    master_crash(&c.masters[0]);
    c.masters[1].dir = c.masters[0].dir;
    struct error err;
    assert_int_equal(master_try_start(&c.masters[1], &err), E_CONFLICT);
    c.masters[1].dir = own;
    cluster_close(&c);
}

static void a_log_that_is_gone_after_votes_were_cast_is_refused(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 10);
    struct master *m = &c.masters[0];
    struct store_options so = {
        .dir = m->dir, .create = true, .no_sync = true, .ballast_bytes = 4096};
    struct error err;
    assert_int_equal(store_open(&m->store, &so, &err), 0);
    assert_int_equal(store_slot_set(m->store, 7, 2, &err), 0);
    store_close(m->store);
    assert_int_equal(master_try_start(m, &err), E_CORRUPT);
    cluster_close(&c);
}

static void messages_of_the_application_arrive(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 11);
    cluster_start(&c);
    cluster_run(&c, 10);
    assert_int_equal(quorum_tell(c.masters[0].q, 2, STR("hello")), 0);
    assert_int_equal(quorum_tell(c.masters[0].q, 9, STR("hello")), E_CLOSED);
    cluster_run(&c, 10);
    assert_int_equal(c.masters[1].told, 5);
    master_crash(&c.masters[1]);
    assert_int_equal(quorum_tell(c.masters[0].q, 2, STR("hello")), E_CLOSED);
    cluster_close(&c);
}

static void count_read(void *arg, int status)
{
    assert_int_equal(status, 0);
    ++*(int *)arg;
}

static void a_single_master_leads_and_reads_at_once(void **state)
{
    (void)state;
    struct cluster c;
    int reads = 0;
    cluster_open(&c, 1, 12);
    cluster_start(&c);
    cluster_elect(&c, 50);
    cluster_commit(&c, 10, 200);
    quorum_read(c.masters[0].q, count_read, &reads);
    assert_int_equal(reads, 0); /* never from inside */
    cluster_run(&c, 5);
    assert_int_equal(reads, 1);
    master_crash(&c.masters[0]);
    master_start(&c.masters[0]);
    cluster_commit(&c, 1, 200);
    assert_int_equal(c.masters[0].state.count, 11);
    cluster_close(&c);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_masters_elect_one_leader_and_apply_the_same),
        cmocka_unit_test(a_single_master_leads_and_reads_at_once),
        cmocka_unit_test(a_killed_leader_is_replaced_and_nothing_acknowledged_is_lost),
        cmocka_unit_test(a_stopped_leader_is_replaced_when_the_first_timer_ends),
        cmocka_unit_test(all_masters_restart_from_their_disks),
        cmocka_unit_test(a_restart_begins_at_the_newest_keyframe),
        cmocka_unit_test(a_healed_partition_forgets_what_the_minority_wrote),
        cmocka_unit_test(a_large_backlog_is_sent_in_pieces),
        cmocka_unit_test(a_leader_with_a_stuck_disk_lets_others_lead),
        cmocka_unit_test(a_second_proposal_waits_and_a_follower_refuses),
        cmocka_unit_test(a_damaged_keyframe_gives_way_to_the_one_before_or_to_the_log),
        cmocka_unit_test(a_directory_of_another_server_is_refused),
        cmocka_unit_test(a_log_that_is_gone_after_votes_were_cast_is_refused),
        cmocka_unit_test(messages_of_the_application_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
