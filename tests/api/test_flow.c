/* Flow control alone: many users, few seats. */
#include "api/flow.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ASKS = 400 };

struct fake {
    struct flow_ticket ticket;
    unsigned user;
    unsigned left;       /* rounds of work, while it is seated */
    bool refused, works; /* seated when the round began */
};

static struct flows *flows;
static struct fake fakes[ASKS];
static unsigned served[8], seated_of[8];

static const struct flow_bounds few[FLOW_CLASSES] = {
    [FLOW_READ] = {8, 4, 100, 1000},
    [FLOW_LIST] = {8, 8, 100, 1000},
    [FLOW_WRITE] = {2, 1, 2, 1000},
    [FLOW_STREAM] = {3, 2, 0, 0},
};

static void fake_go(struct flow_ticket *t)
{
    struct fake *f = container_of(t, struct fake, ticket);
    assert_true(t->seated);
    seated_of[f->user]++;
}

static void fake_refuse(struct flow_ticket *t)
{
    assert_null(t->flow);
    container_of(t, struct fake, ticket)->refused = true;
}

static int setup(void **state)
{
    (void)state;
    memset(fakes, 0, sizeof fakes);
    memset(served, 0, sizeof served);
    memset(seated_of, 0, sizeof seated_of);
    flows = flows_new(few, fake_go, fake_refuse);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flows_free(flows);
    return 0;
}

static struct flow_who user(unsigned n)
{
    static const char *const names[] = {"ann", "bob", "cid", "dot", "eve", "fay", "gus", "hal"};
    return flow_who_of(str_of(names[n]), false);
}

static enum flow_verdict enter(unsigned i, unsigned n, enum flow_class class)
{
    struct flow_who who = user(n);
    fakes[i].user = n;
    enum flow_verdict verdict = flow_enter(flows, &who, class, &fakes[i].ticket, i);
    if (verdict == FLOW_GO) seated_of[n]++;
    return verdict;
}

static void leave(unsigned i)
{
    if (fakes[i].ticket.seated) seated_of[fakes[i].user]--;
    flow_leave(&fakes[i].ticket);
}

/* Every user asks again as soon as it was served; `cost` is how many rounds a seat is held. */
static void run_rounds(unsigned users, const unsigned *asks, const unsigned *cost, unsigned rounds)
{
    unsigned next = 0, count = 0;
    for (unsigned n = 0; n < users; n++) count += asks[n];
    assert_in_range(count, 1, ASKS);
    for (unsigned n = 0; n < users; n++)
        for (unsigned i = 0; i < asks[n]; i++, next++) {
            fakes[next].left = cost[n];
            assert_int_not_equal(enter(next, n, FLOW_LIST), FLOW_FULL);
        }
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < count; i++)
            fakes[i].works = fakes[i].ticket.flow && fakes[i].ticket.seated;
        for (unsigned i = 0; i < count; i++) {
            struct fake *f = &fakes[i];
            if (!f->works || --f->left) continue;
            served[f->user]++;
            leave(i);
            f->left = cost[f->user];
            assert_int_not_equal(enter(i, f->user, FLOW_LIST), FLOW_FULL);
        }
    }
    for (unsigned i = 0; i < count; i++) leave(i);
}

static void users_are_served_alike_however_much_they_ask(void **state)
{
    (void)state;
    static const unsigned asks[] = {100, 100, 50, 8}, cost[] = {1, 1, 1, 1};
    run_rounds(4, asks, cost, 1000);
    for (unsigned n = 0; n < 4; n++) {
        assert_in_range(served[n], served[0] / 2, served[0] * 2);
        assert_true(served[n] > 1000);
    }
}

/* What a seat was held for counts, so quick requests do not wait behind slow ones. */
static void slow_requests_of_one_user_do_not_slow_down_those_of_another(void **state)
{
    (void)state;
    static const unsigned asks[] = {100, 20}, cost[] = {50, 1};
    run_rounds(2, asks, cost, 2000);
    double slow = served[0] * 50.0, quick = served[1]; /* seat-rounds */
    assert_true(quick > slow / 2 && slow > quick / 2);
}

static void one_request_among_a_flood_gets_the_next_seat(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) assert_int_equal(enter(i, 0, FLOW_LIST), FLOW_GO);
    for (unsigned i = 8; i < 100; i++) assert_int_equal(enter(i, 0, FLOW_LIST), FLOW_WAIT);
    assert_int_equal(enter(100, 1, FLOW_LIST), FLOW_WAIT);
    leave(3);
    assert_true(fakes[100].ticket.seated);
    assert_false(fakes[8].ticket.seated);
    leave(4);
    assert_true(fakes[8].ticket.seated);
}

static void no_flow_takes_every_seat(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) assert_int_equal(enter(i, 0, FLOW_READ), FLOW_GO);
    assert_int_equal(enter(4, 0, FLOW_READ), FLOW_WAIT);
    assert_int_equal(enter(5, 1, FLOW_READ), FLOW_GO);
    assert_int_equal(enter(6, 0, FLOW_WRITE), FLOW_GO); /* classes have seats of their own */
    struct flow_who account = flow_who_of(STR("system:serviceaccount:a:b"), false);
    assert_int_equal(flow_enter(flows, &account, FLOW_READ, &fakes[7].ticket, 0), FLOW_GO);
}

static void what_does_not_fit_the_queue_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(enter(0, 0, FLOW_WRITE), FLOW_GO);
    assert_int_equal(enter(1, 0, FLOW_WRITE), FLOW_WAIT);
    assert_int_equal(enter(2, 0, FLOW_WRITE), FLOW_WAIT);
    assert_int_equal(enter(3, 0, FLOW_WRITE), FLOW_FULL);
    assert_null(fakes[3].ticket.flow);
    leave(3); /* it holds nothing: nothing happens */
    assert_int_equal(enter(4, 1, FLOW_WRITE), FLOW_GO);
}

static void streams_do_not_wait(void **state)
{
    (void)state;
    assert_int_equal(enter(0, 0, FLOW_STREAM), FLOW_GO);
    assert_int_equal(enter(1, 0, FLOW_STREAM), FLOW_GO);
    assert_int_equal(enter(2, 0, FLOW_STREAM), FLOW_FULL);
    assert_int_equal(enter(3, 1, FLOW_STREAM), FLOW_GO);
    assert_int_equal(enter(4, 2, FLOW_STREAM), FLOW_FULL);
    leave(0);
    assert_int_equal(enter(5, 2, FLOW_STREAM), FLOW_GO);
}

static void who_waits_too_long_is_refused_and_the_rest_is_served(void **state)
{
    (void)state;
    assert_int_equal(enter(0, 0, FLOW_WRITE), FLOW_GO);
    assert_int_equal(enter(1, 0, FLOW_WRITE), FLOW_WAIT); /* since 1 ms */
    assert_int_equal(enter(2, 0, FLOW_WRITE), FLOW_WAIT);
    flows_tick(flows, 1000);
    assert_false(fakes[1].refused);
    flows_tick(flows, 1001);
    assert_true(fakes[1].refused);
    assert_false(fakes[2].refused);
    leave(0);
    assert_true(fakes[2].ticket.seated);
    flows_tick(flows, 5000); /* seated ones are not hurried */
    assert_false(fakes[2].refused);
}

static void a_queue_drains_in_the_order_it_came(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++) enter(i, 0, FLOW_READ);
    for (unsigned i = 0; i < 60; i++) {
        assert_true(fakes[i].ticket.seated);
        assert_true(i + 4 >= 60 || !fakes[i + 4].ticket.seated);
        leave(i);
    }
    assert_int_equal(seated_of[0], 0);
    assert_int_equal(enter(0, 0, FLOW_READ), FLOW_GO);
}

static void who_vanishes_from_the_queue_frees_its_place(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) enter(i, 0, FLOW_WRITE);
    leave(1);
    assert_int_equal(enter(3, 0, FLOW_WRITE), FLOW_WAIT);
    leave(0);
    assert_true(fakes[2].ticket.seated);
    leave(2);
    assert_true(fakes[3].ticket.seated);
    assert_null(fakes[1].ticket.flow);
}

static void levels_are_told_by_names(void **state)
{
    (void)state;
    static const struct {
        const char *user;
        bool masters;
        enum flow_level level;
        const char *key;
    } cases[] = {
        {"kubernetes-admin", true, FLOW_EXEMPT, "kubernetes-admin"},
        {"alice", false, FLOW_USERS, "alice"},
        {"system:anonymous", false, FLOW_USERS, "system:anonymous"},
        {"system:node:n1", false, FLOW_SYSTEM, "system:node:n1"},
        {"system:kube-scheduler", false, FLOW_SYSTEM, "system:kube-scheduler"},
        {"system:serviceaccount:kube-system:dns", false, FLOW_SYSTEM,
         "system:serviceaccount:kube-system:dns"},
        {"system:serviceaccount:shop:a", false, FLOW_WORKLOAD, "system:serviceaccount:shop"},
        {"system:serviceaccount:", false, FLOW_WORKLOAD, "system:serviceaccount:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct flow_who who = flow_who_of(str_of(cases[i].user), cases[i].masters);
        assert_int_equal(who.level, cases[i].level);
        assert_true(str_is(who.key, cases[i].key));
    }
}

static void masters_are_never_refused(void **state)
{
    (void)state;
    struct flow_who admin = flow_who_of(STR("kubernetes-admin"), true);
    for (unsigned i = 0; i < ASKS; i++)
        assert_int_equal(flow_enter(flows, &admin, FLOW_WRITE, &fakes[i].ticket, 0), FLOW_GO);
    assert_int_equal(enter(0, 0, FLOW_WRITE), FLOW_GO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(users_are_served_alike_however_much_they_ask),
        TEST(slow_requests_of_one_user_do_not_slow_down_those_of_another),
        TEST(one_request_among_a_flood_gets_the_next_seat),
        TEST(no_flow_takes_every_seat),
        TEST(what_does_not_fit_the_queue_is_refused_at_once),
        TEST(streams_do_not_wait),
        TEST(who_waits_too_long_is_refused_and_the_rest_is_served),
        TEST(a_queue_drains_in_the_order_it_came),
        TEST(who_vanishes_from_the_queue_frees_its_place),
        TEST(levels_are_told_by_names),
        TEST(masters_are_never_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
