/* A master whose disk is lost is replaced under a new id. */
#include "cluster.h"

#include "raft/seats.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int seats_greet(struct master *from, struct master *to, struct error *err)
{
    struct buf buf_auto bytes = BUF_INIT;
    quorum_greet(from->q, to->position + 1, &bytes);
    return quorum_greeted(to->q, from->position + 1, (struct str){bytes.data, bytes.len}, true,
                          err);
}

static int seats_meet(struct master *a, struct master *b)
{
    int rc = seats_greet(a, b, NULL);
    return rc ? rc : seats_greet(b, a, NULL);
}

/* Does the master end itself over this greeting? In a child, since it aborts. */
static bool seats_ends(struct master *from, struct master *to)
{
    pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        seats_greet(from, to, NULL);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void seats_meet_all(struct cluster *c)
{
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = 0; k < i; k++)
            if (c->masters[i].q && c->masters[k].q)
                assert_int_equal(seats_meet(&c->masters[i], &c->masters[k]), 0);
}

static void seats_open(struct cluster *c, unsigned count, uint64_t seed)
{
    cluster_open(c, count, seed);
    cluster_start(c);
    cluster_elect(c, 5000);
    seats_meet_all(c);
    cluster_commit(c, 20, 10000);
    cluster_run(c, 500);
}

static void seats_wipe(struct master *m)
{
    master_crash(m);
    mem_auto char *command = mem_printf("rm -rf %s", m->dir);
    assert_int_equal(system(command), 0);
}

struct answer {
    bool came;
    int status;
};

static void seats_answered(void *arg, int status, uint64_t index)
{
    struct answer *a = arg;
    (void)index;
    *a = (struct answer){true, status};
}

/* Asks whoever leads until it is given. */
static uint64_t seats_replace(struct cluster *c, uint64_t lost)
{
    for (unsigned tries = 0; tries < 200; tries++) {
        struct master *leader = cluster_elect(c, 10000);
        struct answer answer = {0};
        uint64_t holder = 0;
        int rc = quorum_replace(leader->q, lost, 1, &holder, seats_answered, &answer, NULL);
        if (rc == E_EXISTS) return holder;
        for (unsigned ms = 0; !rc && !answer.came && ms < 5000; ms += 10) cluster_run(c, 10);
        cluster_run(c, 50);
    }
    fail_msg("the seat is not given away");
    return 0;
}

static int seats_refused(struct cluster *c, uint64_t lost, struct error *err)
{
    uint64_t holder;
    return quorum_replace(cluster_elect(c, 5000)->q, lost, 1, &holder, seats_answered, NULL, err);
}

static struct master *seats_follower(struct cluster *c)
{
    return &c->masters[(cluster_elect(c, 5000)->position + 1) % c->count];
}

static void a_lost_master_is_replaced_and_its_successor_votes(void **state)
{
    struct cluster c;
    (void)state;
    seats_open(&c, 3, 1);
    struct master *m = seats_follower(&c), *leader = cluster_elect(&c, 5000),
                  *third = &c.masters[3 - m->position - leader->position];
    uint64_t lost = m->position + 1;
    seats_wipe(m);
    cluster_commit(&c, 5, 10000);
    assert_int_equal(seats_replace(&c, lost), lost + 3);
    m->id = lost + 3;
    master_start(m);
    assert_false(quorum_votes(m->q));
    seats_meet_all(&c);
    cluster_converge(&c, 20000);
    cluster_run(&c, 500);
    assert_true(quorum_votes(m->q));
    assert_int_equal(quorum_holder(leader->q, lost), lost + 3);
    assert_true(cluster_mark(&c, MARK_seat_given) >= 3);
    assert_int_equal(cluster_mark(&c, MARK_seat_held), 1);
    master_crash(leader); /* the new one's vote is needed now */
    cluster_commit(&c, 5, 20000);
    master_start(leader);
    master_crash(third);
    seats_meet_all(&c);
    cluster_commit(&c, 5, 20000);
    master_start(third);
    seats_meet_all(&c);
    cluster_converge(&c, 20000);
    cluster_close(&c);
}

static void a_successor_comes_by_a_keyframe_and_votes_then(void **state)
{
    struct cluster c;
    (void)state;
    cluster_open(&c, 3, 2);
    c.options.keyframe_entries = 10;
    c.options.trailing_entries = 4;
    cluster_start(&c);
    cluster_elect(&c, 5000);
    seats_meet_all(&c);
    struct master *m = seats_follower(&c);
    uint64_t lost = m->position + 1;
    seats_wipe(m);
    assert_int_equal(seats_replace(&c, lost), lost + 3);
    cluster_commit(&c, 60, 20000);   /* the entry that gave the seat is behind a keyframe */
    for (unsigned i = 0; i < 3; i++) /* who starts again knows it all the same */
        if (&c.masters[i] != m) {
            master_crash(&c.masters[i]);
            master_start(&c.masters[i]);
            assert_int_equal(quorum_holder(c.masters[i].q, lost), lost + 3);
        }
    cluster_elect(&c, 10000);
    m->id = lost + 3;
    master_start(m);
    seats_meet_all(&c);
    cluster_converge(&c, 20000);
    cluster_run(&c, 500);
    assert_true(m->restores > 0);
    assert_true(quorum_votes(m->q));
    master_crash(m);
    master_start(m);
    assert_true(quorum_votes(m->q));
    cluster_close(&c);
}

static void a_successor_is_not_let_in_before_its_seat_is_given(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    seats_open(&c, 3, 3);
    struct master *m = seats_follower(&c), *leader = cluster_elect(&c, 5000);
    seats_wipe(m);
    m->id = m->position + 4;
    cluster_isolate(&c, m->position, true); /* nothing comes from who has refused a greeting */
    assert_int_equal(master_try_start(m, &err), 0);
    assert_int_equal(seats_greet(m, leader, &err), E_DENIED);
    assert_non_null(strstr(err.text, "has not been given its seat yet"));
    cluster_run(&c, 10000); /* it campaigns for nothing meanwhile */
    assert_int_equal(m->q->raft.current_term, 1);
    assert_int_equal(seats_replace(&c, m->position + 1), m->id);
    assert_int_equal(seats_greet(m, leader, &err), 0);
    cluster_close(&c);
}

static void the_replaced_one_is_refused_and_ends_itself(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    seats_open(&c, 3, 4);
    struct master *m = seats_follower(&c), *leader = cluster_elect(&c, 5000);
    uint64_t lost = m->position + 1;
    master_crash(m); /* its disk is whole: nobody can know */
    assert_int_equal(seats_replace(&c, lost), lost + 3);
    master_start(m);
    uint64_t term = leader->q->raft.current_term;
    assert_int_equal(seats_greet(m, leader, &err), E_DENIED);
    assert_non_null(strstr(err.text, "was replaced by"));
    assert_true(cluster_mark(&c, MARK_seat_refused) > 0);
    cluster_run(&c, 20000); /* it campaigns, and nobody listens */
    assert_int_equal(leader->q->raft.current_term, term);
    assert_true(seats_ends(leader, m));
    cluster_close(&c);
}

static void what_would_do_harm_is_refused_with_a_reason(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    seats_open(&c, 3, 5);
    struct master *leader = cluster_elect(&c, 5000), *m = seats_follower(&c),
                  *third = &c.masters[3 - m->position - leader->position];
    assert_int_equal(seats_refused(&c, m->position + 1, &err), E_CONFLICT);
    assert_non_null(strstr(err.text, "alive"));
    assert_int_equal(seats_refused(&c, leader->position + 1, &err), E_CONFLICT);
    assert_int_equal(seats_refused(&c, 77, &err), E_NOTFOUND);
    assert_int_equal(seats_refused(&c, 0, &err), E_NOTFOUND);
    uint64_t holder;
    assert_int_equal(
        quorum_replace(third->q, m->position + 1, 1, &holder, seats_answered, NULL, &err),
        E_NOTLEADER);
    seats_wipe(m);
    struct answer answer = {0};
    assert_int_equal(
        quorum_replace(leader->q, m->position + 1, 1, &holder, seats_answered, &answer, &err), 0);
    assert_int_equal(
        quorum_replace(leader->q, m->position + 1, 1, &holder, seats_answered, &answer, &err),
        E_BUSY);
    cluster_run(&c, 1000);
    assert_true(answer.came && answer.status == 0);
    master_crash(third);
    assert_int_equal(
        quorum_replace(leader->q, third->position + 1, 1, &holder, seats_answered, &answer, &err),
        E_CLOSED);
    cluster_close(&c);
}

/* The entry is on the leader's disk only, then the leader is gone and comes back. */
static void what_was_interrupted_is_completed_by_asking_again(void **state)
{
    (void)state;
    for (uint64_t seed = 10; seed < 40; seed++) {
        struct cluster c;
        seats_open(&c, 5, seed);
        struct master *m = seats_follower(&c), *leader = cluster_elect(&c, 5000);
        uint64_t lost = m->position + 1, holder, random = seed;
        seats_wipe(m);
        struct answer answer = {0};
        assert_int_equal(quorum_replace(leader->q, lost, 1, &holder, seats_answered, &answer, NULL),
                         0);
        if (seed % 2) cluster_isolate(&c, leader->position, true);
        cluster_run(&c, fake_random(&random) % 40);
        master_crash(leader);
        cluster_isolate(&c, leader->position, false);
        cluster_commit(&c, 3, 20000);
        master_start(leader);
        seats_meet_all(&c);
        assert_int_equal(seats_replace(&c, lost), lost + 5);
        m->id = lost + 5;
        master_start(m);
        seats_meet_all(&c);
        cluster_commit(&c, 3, 20000);
        cluster_converge(&c, 20000);
        cluster_run(&c, 500);
        assert_true(quorum_votes(m->q));
        cluster_close(&c);
    }
}

static void successors_can_be_replaced_too(void **state)
{
    struct cluster c;
    (void)state;
    seats_open(&c, 3, 6);
    for (unsigned round = 0; round < 4; round++) {
        struct master *m = seats_follower(&c);
        seats_wipe(m);
        uint64_t before = m->id ? m->id : m->position + 1;
        m->id = seats_replace(&c, before);
        assert_int_equal(m->id, before + 3);
        master_start(m);
        seats_meet_all(&c);
        cluster_commit(&c, 5, 20000);
        cluster_converge(&c, 20000);
        cluster_run(&c, 500);
        assert_true(quorum_votes(m->q));
        assert_int_equal(seats_refused(&c, before, NULL), E_EXISTS);
    }
    cluster_close(&c);
}

/* One that was away during all of it hears of it from the successor itself. */
static void who_was_away_learns_of_it_from_the_successor(void **state)
{
    struct cluster c;
    (void)state;
    seats_open(&c, 5, 7);
    struct master *leader = cluster_elect(&c, 5000), *m = seats_follower(&c),
                  *away = &c.masters[(m->position + 1) % 5];
    uint64_t lost = m->position + 1;
    master_crash(away);
    seats_wipe(m);
    assert_int_equal(seats_replace(&c, lost), lost + 5);
    m->id = lost + 5;
    master_start(m);
    seats_meet_all(&c);
    cluster_converge(&c, 20000);
    cluster_run(&c, 500);
    master_crash(leader);
    master_start(away);
    assert_int_equal(quorum_holder(away->q, lost), lost);
    assert_int_equal(seats_greet(m, away, NULL), 0);
    assert_int_equal(quorum_holder(away->q, lost), lost + 5);
    seats_meet_all(&c);
    cluster_commit(&c, 5, 20000);
    cluster_converge(&c, 20000);
    cluster_close(&c);
}

static void an_id_says_its_seat(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    assert_int_equal(quorum_seat_of(2, 3), 2);
    assert_int_equal(quorum_seat_of(5, 3), 2);
    assert_int_equal(quorum_seat_of(9, 3), 3);
    cluster_open(&c, 1, 8); /* a single master has nobody who could replace it */
    c.masters[0].id = 2;
    assert_int_equal(master_try_start(&c.masters[0], &err), E_INVALID);
    store_close(c.masters[0].store);
    mem_free(c.masters[0].disk);
    cluster_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_master_is_replaced_and_its_successor_votes),
        cmocka_unit_test(a_successor_comes_by_a_keyframe_and_votes_then),
        cmocka_unit_test(a_successor_is_not_let_in_before_its_seat_is_given),
        cmocka_unit_test(the_replaced_one_is_refused_and_ends_itself),
        cmocka_unit_test(what_would_do_harm_is_refused_with_a_reason),
        cmocka_unit_test(what_was_interrupted_is_completed_by_asking_again),
        cmocka_unit_test(successors_can_be_replaced_too),
        cmocka_unit_test(who_was_away_learns_of_it_from_the_successor),
        cmocka_unit_test(an_id_says_its_seat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
