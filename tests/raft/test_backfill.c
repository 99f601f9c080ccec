/* The history before a keyframe: a follower that was far behind has all of it in the end. */
#include "raft/backfill_story.h"

static size_t most_records; /* bytes of the longest RECORDS */

static void sniff_records(void *arg, unsigned from, unsigned to, const void *bytes, size_t n)
{
    (void)arg, (void)from, (void)to;
    struct wire w;
    assert_int_equal(wire_read((struct str){bytes, n}, &w, NULL), 0);
    if (w.type == WIRE_RECORDS && n > most_records) most_records = n;
}

static void a_follower_far_behind_gets_the_whole_history(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 31);
    struct master *behind = backfill_leave_behind(&c, 300);
    c.net.sniff = sniff_records;
    master_start(behind);
    cluster_run(&c, 3000);
    assert_int_equal(behind->restores, 1);
    assert_true(cluster_mark(&c, MARK_backfill_stored) >= 4); /* 4.8 MB in pieces */
    assert_in_range(most_records, PIECE_BYTES / 2, PIECE_BYTES + 64 * 1024);
    assert_int_equal(cluster_mark(&c, MARK_install_delivered), 1);
    assert_int_equal(cluster_mark(&c, MARK_install_stalled), 0);
    backfill_check(&c, behind);
    master_crash(behind);
    master_start(behind);
    backfill_check(&c, behind);
    cluster_close(&c);
}

static void a_record_longer_than_a_piece_comes_alone(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 32);
    struct master *behind = backfill_leave_behind(&c, 20);
    c.value_bytes = 3 * PIECE_BYTES;
    cluster_commit(&c, 2, 5000);
    c.value_bytes = 64;
    cluster_commit(&c, 120, 20000);
    master_start(behind);
    cluster_run(&c, 3000);
    backfill_check(&c, behind);
    cluster_close(&c);
}

static void lost_repeated_and_late_frames_change_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 40; seed < 46; seed++) {
        struct cluster c;
        backfill_setup(&c, seed);
        struct master *behind = backfill_leave_behind(&c, 200);
        c.net.loss = 100;
        c.net.repeat = 300;
        c.net.reorder = true;
        c.net.delay_max = 60;
        master_start(behind);
        cluster_run(&c, 20000);
        c.net.loss = c.net.repeat = 0;
        c.net.reorder = false;
        c.net.delay_max = 2;
        backfill_check(&c, behind);
        cluster_close(&c);
    }
}

/* Again and again, too: it goes on where it was, and Raft never loads what was only fetched. */
static void a_follower_that_dies_at_any_moment_goes_on_where_it_was(void **state)
{
    (void)state;
    uint64_t resumed = 0;
    for (uint64_t after = 0; after < 48; after += 3) {
        struct cluster c;
        backfill_setup(&c, 200 + after);
        struct master *behind = backfill_leave_behind(&c, 250);
        uint64_t raft_last = 0;
        for (unsigned lives = 0; lives < 3; lives++) {
            master_start(behind);
            if (lives == 0) raft_last = behind->q->log_last;
            if (behind->q->ahead) assert_int_equal(behind->q->log_last, raft_last);
            uint64_t end = c.world.now + 5000;
            while (!behind->q->target && behind->restores == 0 && c.world.now < end)
                cluster_run(&c, 1);
            cluster_run(&c, after);
            master_crash(behind);
        }
        master_start(behind);
        cluster_run(&c, 3000);
        backfill_check(&c, behind);
        resumed += cluster_mark(&c, MARK_backfill_resumed);
        cluster_close(&c);
    }
    assert_true(resumed > 8);
}

/* In a child, since it aborts. */
static void a_write_that_fails_ends_the_process(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 52);
    struct master *behind = backfill_leave_behind(&c, 200);
    master_start(behind);
    backfill_wait_stored(&c, behind, 1);
    pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        signal(SIGABRT, SIG_DFL);
        behind->store->failed = true;
        cluster_run(&c, 5000);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    cluster_run(&c, 3000);
    backfill_check(&c, behind);
    cluster_close(&c);
}

static void another_leader_goes_on_where_the_last_one_stopped(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 50);
    struct master *behind = backfill_leave_behind(&c, 400);
    struct master *leader = cluster_leader(&c);
    master_start(behind);
    backfill_wait_stored(&c, behind, 3);
    master_crash(leader);
    cluster_run(&c, 12000);
    uint64_t stored = behind->q->marks[MARK_backfill_stored];
    master_start(leader);
    cluster_run(&c, 3000);
    backfill_check(&c, behind);
    assert_true(behind->q->marks[MARK_backfill_begun] >= 2);
    assert_in_range(stored, 6, 10); /* 6.5 MB, none of it twice */
    cluster_close(&c);
}

static bool drop_records(void *arg, unsigned from, unsigned to, const void *bytes, size_t n)
{
    (void)arg, (void)from, (void)to;
    struct wire w;
    return wire_read((struct str){bytes, n}, &w, NULL) == 0 && w.type == WIRE_RECORDS;
}

static void a_leader_that_no_longer_answers_is_let_go(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 71);
    struct master *behind = backfill_leave_behind(&c, 150);
    struct master *leader = cluster_leader(&c);
    c.net.drop = drop_records;
    master_start(behind);
    cluster_run(&c, 2000);
    assert_non_null(behind->q->target);
    cluster_cut(&c, leader->position, behind->position, true);
    cluster_run(&c, 12000);
    assert_null(leader->q->peers[behind->position].source);
    assert_true(cluster_mark(&c, MARK_install_stalled) >= 1);
    c.net.drop = NULL;
    cluster_cut(&c, leader->position, behind->position, false);
    cluster_run(&c, 10000);
    backfill_check(&c, behind);
    cluster_close(&c);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_follower_far_behind_gets_the_whole_history),
        cmocka_unit_test(a_record_longer_than_a_piece_comes_alone),
        cmocka_unit_test(lost_repeated_and_late_frames_change_nothing),
        cmocka_unit_test(a_follower_that_dies_at_any_moment_goes_on_where_it_was),
        cmocka_unit_test(a_write_that_fails_ends_the_process),
        cmocka_unit_test(another_leader_goes_on_where_the_last_one_stopped),
        cmocka_unit_test(a_leader_that_no_longer_answers_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
