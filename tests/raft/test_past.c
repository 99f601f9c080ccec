/* Masters that lost their disk, or came back with an older copy of it. */
#include "cluster.h"

#include "raft/past.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int past_greet(struct master *from, struct master *to, struct error *err)
{
    struct buf buf_auto bytes = BUF_INIT;
    quorum_greet(from->q, to->position + 1, &bytes);
    return quorum_greeted(to->q, from->position + 1, (struct str){bytes.data, bytes.len}, true,
                          err);
}

/* The first half of a connection: who is greeted knows nothing of what comes of its answer. */
static void past_hear(struct master *from, struct master *to)
{
    struct buf buf_auto bytes = BUF_INIT;
    struct error err;
    quorum_greet(from->q, to->position + 1, &bytes);
    const struct str greeting = {bytes.data, bytes.len};
    assert_int_equal(quorum_greeted(to->q, from->position + 1, greeting, false, &err), 0);
}

/* Does the master end itself when it hears this greeting? In a child, since it aborts. */
static bool past_ends(struct master *from, struct master *to)
{
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        past_greet(from, to, NULL);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void past_meet_all(struct cluster *c)
{
    struct error err = {0};
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = 0; k < c->count; k++)
            if (i != k && past_greet(&c->masters[i], &c->masters[k], &err))
                fail_msg("master %u refuses master %u: %s", k + 1, i + 1, err.text);
}

static void past_open(struct cluster *c, uint64_t seed)
{
    cluster_open(c, 3, seed);
    cluster_start(c);
    cluster_elect(c, 5000);
    past_meet_all(c);
    cluster_commit(c, 20, 10000);
    cluster_run(c, 500);
}

static void past_copy(struct master *m, const char *to)
{
    mem_auto char *command = mem_printf("rm -rf %s && cp -r %s %s && rm -f %s/lock %s/log/*-lock",
                                        to, m->dir, to, to, to);
    assert_int_equal(system(command), 0);
}

static void past_put_back(struct master *m, const char *copy)
{
    mem_auto char *command = copy ? mem_printf("rm -rf %s && cp -r %s %s", m->dir, copy, m->dir)
                                  : mem_printf("rm -rf %s", m->dir);
    assert_int_equal(system(command), 0);
}

static struct master *past_follower(struct cluster *c)
{
    return &c->masters[(cluster_elect(c, 5000)->position + 1) % 3];
}

static void masters_that_start_again_are_taken_back(void **state)
{
    struct cluster c;
    (void)state;
    past_open(&c, 1);
    for (unsigned round = 0; round < 6; round++) {
        master_crash(&c.masters[round % 3]);
        cluster_commit(&c, 3, 10000);
        master_start(&c.masters[round % 3]);
        past_meet_all(&c);
        cluster_run(&c, 1500);
        past_meet_all(&c);
    }
    assert_int_equal(cluster_mark(&c, MARK_past_refused), 0);
    cluster_close(&c);
}

static void a_master_that_lost_its_disk_is_refused_and_ends(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    past_open(&c, 2);
    struct master *m = past_follower(&c), *other = &c.masters[(m->position + 1) % 3];
    master_crash(m);
    past_put_back(m, NULL);
    assert_int_equal(master_try_start(m, &err), 0); /* alone, it cannot know */
    assert_int_equal(past_greet(m, other, &err), E_DENIED);
    assert_non_null(strstr(err.text, "older copy"));
    assert_non_null(strstr(err.text, "under a new id"));
    assert_int_equal(cluster_mark(&c, MARK_past_refused), 1);
    assert_true(past_ends(other, m));
    cluster_close(&c);
}

static void a_copy_from_before_the_last_start_is_refused_for_ever(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    past_open(&c, 3);
    struct master *m = past_follower(&c), *other = &c.masters[(m->position + 1) % 3];
    mem_auto char *copy = mem_printf("%s/copy", c.root);
    master_crash(m);
    past_copy(m, copy);
    for (unsigned i = 0; i < 2; i++) {
        master_start(m);
        past_meet_all(&c);
        master_crash(m);
    }
    past_put_back(m, copy); /* nothing was written since but starts: as many entries, same term */
    assert_int_equal(master_try_start(m, &err), 0);
    assert_int_equal(past_greet(m, other, &err), E_DENIED);
    assert_true(past_ends(other, m));
    master_crash(m);
    assert_int_equal(master_try_start(m, &err), E_CORRUPT); /* the child noted it */
    assert_non_null(strstr(err.text, "the others have refused it"));
    cluster_close(&c);
}

static void a_copy_of_the_running_life_is_refused_for_what_it_lacks(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    past_open(&c, 4);
    struct master *leader = cluster_elect(&c, 5000), *m = past_follower(&c);
    mem_auto char *copy = mem_printf("%s/copy", c.root);
    past_copy(m, copy);
    cluster_commit(&c, 10, 10000);
    cluster_run(&c, 500);
    master_crash(m);
    past_put_back(m, copy);
    assert_int_equal(master_try_start(m, &err), 0);
    assert_int_equal(past_greet(m, leader, &err), E_DENIED);
    assert_non_null(strstr(err.text, "it has entries up to"));
    assert_true(past_ends(leader, m));
    cluster_close(&c);
}

static void what_was_seen_survives_the_one_who_saw_it(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    past_open(&c, 5);
    struct master *m = past_follower(&c), *other = &c.masters[(m->position + 1) % 3];
    master_crash(other);
    master_start(other);
    master_crash(m);
    past_put_back(m, NULL);
    assert_int_equal(master_try_start(m, &err), 0);
    assert_int_equal(past_greet(m, other, &err), E_DENIED);
    cluster_close(&c);
}

/* A supervisor starts it again and again; its term and entries were not seen yet. */
static void a_lost_disk_that_started_more_often_than_was_seen_ends(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    cluster_open(&c, 3, 7);
    cluster_start(&c);
    past_meet_all(&c);
    struct master *m = &c.masters[2], *other = &c.masters[0];
    master_crash(m);
    past_put_back(m, NULL);
    for (unsigned start = 1; start < 4; start++) {
        if (start > 1) master_crash(m);
        assert_int_equal(master_try_start(m, &err), 0);
    }
    past_hear(m, other); /* it greets, but has not looked at what was seen */
    assert_true(past_ends(other, m));
    cluster_close(&c);
}

static void greetings_that_are_none_are_refused(void **state)
{
    struct cluster c;
    struct error err = {0};
    (void)state;
    past_open(&c, 6);
    enum { NUMBERS = 64, ALL = NUMBERS + 3 * 16 };
    struct quorum *q = c.masters[0].q;
    struct buf buf_auto greeting = BUF_INIT;
    quorum_greet(q, 2, &greeting);
    assert_int_equal(greeting.len, ALL);
    buf_putc(&greeting, '\0');
    memset(greeting.data, 0, NUMBERS);
    for (size_t n = 0; n <= ALL + 1; n++)
        if (n != ALL)
            assert_int_equal(quorum_greeted(q, 2, (struct str){greeting.data, n}, true, &err),
                             E_INVALID);
    const struct str whole = {greeting.data, ALL};
    assert_int_equal(quorum_greeted(q, 9, whole, true, &err), E_INVALID);
    assert_int_equal(quorum_greeted(q, 2, whole, true, &err), E_DENIED);
    for (unsigned seat = 0; seat < 3; seat++) { /* nobody, and who belongs to another seat */
        char *holder = greeting.data + NUMBERS + seat * 16, was = *holder;
        *holder = 0;
        assert_int_equal(quorum_greeted(q, 2, whole, true, &err), E_INVALID);
        *holder = (char)(was + 1);
        assert_int_equal(quorum_greeted(q, 2, whole, true, &err), E_INVALID);
        *holder = was;
    }
    cluster_close(&c);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masters_that_start_again_are_taken_back),
        cmocka_unit_test(a_master_that_lost_its_disk_is_refused_and_ends),
        cmocka_unit_test(a_copy_from_before_the_last_start_is_refused_for_ever),
        cmocka_unit_test(a_copy_of_the_running_life_is_refused_for_what_it_lacks),
        cmocka_unit_test(what_was_seen_survives_the_one_who_saw_it),
        cmocka_unit_test(a_lost_disk_that_started_more_often_than_was_seen_ends),
        cmocka_unit_test(greetings_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
