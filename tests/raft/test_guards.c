/* One defect of libraft after the other: a single master is fed the messages that lead into it,
 * once with its guard and once without. Without the guard the defect must show, or the test proves
 * nothing. */
#include "raft/lone.h"

static void lone_grant(struct lone *l, uint64_t from)
{
    struct wire w = {.type = WIRE_VOTED, .term = l->last[WIRE_VOTE].term};
    w.voted.granted = true;
    w.voted.pre = l->last[WIRE_VOTE].vote.pre;
    lone_get(l, from, &w);
}

static void lone_win_election(struct lone *l)
{
    for (unsigned i = 0; i < 100 && l->m->q->raft.state != RAFT_CANDIDATE; i++)
        cluster_run(&l->c, 100);
    lone_grant(l, 2); /* pre-vote */
    l->m->disk->stuck = true;
    lone_grant(l, 2);
    assert_int_equal(l->m->q->raft.state, RAFT_LEADER);
}

static uint64_t s1_commit(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    lone_append(&l, 2, 2, 1, 1, 1, 1, 2); /* an entry of term 2, not committed */
    cluster_run(&l.c, 20);
    assert_int_equal(l.m->q->raft.last_stored, 2);
    lone_win_election(&l); /* its barrier stays on the way to the disk */
    struct wire w = {.type = WIRE_APPENDED, .term = l.m->q->raft.current_term};
    w.appended.last_index = 2;
    lone_get(&l, 3, &w);
    uint64_t commit = l.m->q->raft.commit_index;
    if (!off) { /* and the confirmation is not lost: it counts once the barrier is durable */
        assert_int_equal(l.m->q->marks[MARK_held_for_disk], 1);
        l.m->disk->stuck = false;
        w.appended.last_index = 3;
        cluster_run(&l.c, 20);
        lone_get(&l, 3, &w);
        assert_int_equal(l.m->q->raft.commit_index, 3);
    }
    lone_close(&l);
    return commit;
}

static void s1_entries_of_an_older_term_are_not_committed_by_counting(void **state)
{
    (void)state;
    assert_int_equal(s1_commit(0), 1);
    assert_int_equal(s1_commit(1), 2);
}

static uint64_t s2_confirmed(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    lone_append(&l, 2, 2, 1, 1, 1, 4, 2); /* 2 to 5, of the old leader */
    cluster_run(&l.c, 20);
    lone_append(&l, 3, 3, 2, 2, 1, 0, 3); /* the new one has checked up to 2 */
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 0);
    uint64_t confirmed = l.last[WIRE_APPENDED].appended.last_index;
    lone_close(&l);
    return confirmed;
}

static void s2_only_what_this_leader_checked_is_confirmed(void **state)
{
    (void)state;
    assert_int_equal(s2_confirmed(0), 2);
    assert_int_equal(s2_confirmed(2), 5);
}

static uint64_t s3_confirmed(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    l.m->disk->stuck = true;
    lone_append(&l, 2, 2, 1, 1, 1, 3, 2);
    lone_append(&l, 3, 3, 50, 3, 1, 0, 3); /* a new leader, whose log we do not match */
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 50);
    l.m->disk->stuck = false;
    cluster_run(&l.c, 20);
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 0);
    assert_int_equal(l.last[WIRE_APPENDED].term, 3);
    uint64_t confirmed = l.last[WIRE_APPENDED].appended.last_index;
    lone_close(&l);
    return confirmed;
}

static void s3_entries_of_the_old_leader_are_not_confirmed_to_the_new_one(void **state)
{
    (void)state;
    assert_int_equal(s3_confirmed(0), 0);
    assert_int_equal(s3_confirmed(3), 4);
}

static unsigned s4_votes(unsigned off, uint64_t *out_last_index)
{
    struct lone l;
    lone_open(&l, off);
    l.m->disk->stuck = true;
    lone_append(&l, 2, 2, 1, 1, 1, 3, 2);
    cluster_run(&l.c, 5000);
    unsigned votes = l.sent[WIRE_VOTE];
    *out_last_index = l.last[WIRE_VOTE].vote.last_index;
    l.m->disk->stuck = false;
    cluster_run(&l.c, 5000);
    if (!off) {
        assert_true(l.sent[WIRE_VOTE] > 0);
        assert_int_equal(l.last[WIRE_VOTE].vote.last_index, 4);
    }
    lone_close(&l);
    return votes;
}

static void s4_nobody_campaigns_on_what_is_not_on_its_disk(void **state)
{
    (void)state;
    uint64_t last;
    assert_int_equal(s4_votes(0, &last), 0);
    assert_true(s4_votes(4, &last) > 0);
    assert_int_equal(last, 4); /* none of which would survive a crash now */
}

/* Even where a tick got through, a vote is asked for with what is stored. */
static void s4_a_request_for_votes_names_what_is_stored(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    l.m->disk->stuck = true;
    lone_append(&l, 2, 2, 1, 1, 1, 3, 2);
    struct raft_request_vote v = {.term = 3, .last_log_index = 4, .last_log_term = 2};
    guard_s4_request_vote(l.m->q, &v);
    assert_int_equal(v.last_log_index, 1);
    assert_int_equal(v.last_log_term, 1);
    l.m->disk->stuck = false;
    lone_close(&l);
}

static void s5_a_second_vote_in_a_term_stops_the_process(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    struct raft_io *io = &l.m->q->io;
    assert_int_equal(io->set_term(io, 7), 0);
    assert_int_equal(io->set_vote(io, 2), 0);
    assert_int_equal(io->set_vote(io, 2), 0);
    assert_false(guard_s5_second_vote(l.m->q, 2));
    assert_true(guard_s5_second_vote(l.m->q, 3));
    pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        signal(SIGABRT, SIG_DFL);
        io->set_vote(io, 3);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    assert_int_equal(io->set_term(io, 8), 0); /* a new term, a new vote */
    assert_int_equal(io->set_vote(io, 3), 0);
    lone_close(&l);
}

static uint64_t s6_commit(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    lone_append(&l, 2, 2, 1, 1, 1, 4, 2); /* 2 to 5, which nobody else has */
    cluster_run(&l.c, 20);
    lone_append(&l, 3, 3, 1, 1, 5, 0, 3); /* the first piece of a longer message proves only 1 */
    uint64_t commit = l.m->q->raft.commit_index;
    lone_close(&l);
    return commit;
}

static void s6_nothing_beyond_what_a_message_proved_is_committed(void **state)
{
    (void)state;
    assert_int_equal(s6_commit(0), 1);
    assert_int_equal(s6_commit(6), 5);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s1_entries_of_an_older_term_are_not_committed_by_counting),
        cmocka_unit_test(s2_only_what_this_leader_checked_is_confirmed),
        cmocka_unit_test(s3_entries_of_the_old_leader_are_not_confirmed_to_the_new_one),
        cmocka_unit_test(s4_nobody_campaigns_on_what_is_not_on_its_disk),
        cmocka_unit_test(s4_a_request_for_votes_names_what_is_stored),
        cmocka_unit_test(s5_a_second_vote_in_a_term_stops_the_process),
        cmocka_unit_test(s6_nothing_beyond_what_a_message_proved_is_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
