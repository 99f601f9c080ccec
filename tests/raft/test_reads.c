/* ReadIndex: what a read may promise, and what it costs. */
#include "cluster.h"

struct reading {
    int status; /* 1: not yet */
};

static void reading_done(void *arg, int status)
{
    ((struct reading *)arg)->status = status;
}

static int reading_finish(struct cluster *c, struct reading *r, uint64_t within_ms)
{
    for (uint64_t end = c->world.now + within_ms; r->status == 1 && c->world.now < end;)
        cluster_run(c, 1);
    return r->status;
}

static int read_at(struct cluster *c, struct master *m, uint64_t within_ms)
{
    struct reading r = {1};
    quorum_read(m->q, reading_done, &r);
    assert_int_equal(r.status, 1); /* never from inside */
    int status = reading_finish(c, &r, within_ms);
    assert_int_not_equal(status, 1);
    return status;
}

static void any_master_serves_what_was_acknowledged(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 31);
    cluster_start(&c);
    cluster_elect(&c, 5000);
    for (unsigned round = 0; round < 20; round++) {
        cluster_commit(&c, 1, 1000);
        struct master *m = &c.masters[round % 3];
        uint64_t began = c.world.now;
        assert_int_equal(read_at(&c, m, 1000), 0);
        assert_true(c.world.now - began <= 10); /* round trips, no ticks */
        assert_int_equal(m->state.count, round + 1);
    }
    cluster_close(&c);
}

static void many_reads_share_a_round(void **state)
{
    (void)state;
    struct cluster c;
    struct reading r[200];
    cluster_open(&c, 3, 32);
    cluster_start(&c);
    struct master *leader = cluster_elect(&c, 5000);
    struct master *follower = &c.masters[(leader->position + 1) % 3];
    cluster_commit(&c, 1, 1000);
    for (unsigned i = 0; i < 200; i++) {
        r[i].status = 1;
        quorum_read(i % 2 ? leader->q : follower->q, reading_done, &r[i]);
    }
    for (unsigned i = 0; i < 200; i++) assert_int_equal(reading_finish(&c, &r[i], 1000), 0);
    assert_true(cluster_mark(&c, MARK_read_round) <= 6);
    cluster_close(&c);
}

static void a_leader_that_lost_its_quorum_serves_nothing(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 33);
    cluster_start(&c);
    struct master *old = cluster_elect(&c, 5000);
    cluster_commit(&c, 5, 1000);
    cluster_isolate(&c, old->position, true);
    struct reading r = {1};
    quorum_read(old->q, reading_done, &r);
    assert_true(old->leads_term > 0); /* it does not know yet */
    cluster_run(&c, 2900);
    assert_int_equal(r.status, 1);
    cluster_run(&c, 5000);
    assert_true(r.status == E_TIMEOUT || r.status == E_NOTLEADER);
    cluster_close(&c);
}

static void a_leader_that_was_stopped_does_not_serve_the_past(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct cluster c;
        cluster_open(&c, 3, 200 + seed);
        cluster_start(&c);
        struct master *old = cluster_elect(&c, 5000);
        cluster_commit(&c, 5, 1000);
        struct reading r = {1};
        if (seed % 2) quorum_read(old->q, reading_done, &r); /* its pings are on their way */
        old->paused = true;
        for (unsigned i = 0; i < 3; i++)
            if (i != old->position) quorum_peer_up(c.masters[i].q, old->position + 1, false);
        cluster_run(&c, 3000);
        cluster_commit(&c, 5, 5000);
        old->paused = false;
        if (!(seed % 2)) quorum_read(old->q, reading_done, &r);
        while (r.status == 1) cluster_run(&c, 1);
        /* A read from before the pause may see the 5 of before; one from after must see all. */
        if (r.status == 0) assert_true(old->state.count >= (seed % 2 ? 5 : 10));
        cluster_close(&c);
    }
}

struct eavesdropper {
    struct cluster *c;
    char pong[256];
    size_t n;
};

static struct eavesdropper ear;

static void overhear(void *arg, unsigned from, unsigned to, const void *bytes, size_t n)
{
    (void)arg, (void)from, (void)to;
    struct wire w;
    if (wire_read((struct str){bytes, n}, &w, NULL) || w.type != WIRE_PONG) return;
    memcpy(ear.pong, bytes, n);
    ear.n = n;
}

static void an_answer_to_an_earlier_round_confirms_nothing(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 34);
    c.net.sniff = overhear;
    cluster_start(&c);
    struct master *leader = cluster_elect(&c, 5000);
    assert_int_equal(read_at(&c, leader, 1000), 0);
    assert_true(ear.n > 0);
    cluster_isolate(&c, leader->position, true);
    struct reading r = {1};
    quorum_read(leader->q, reading_done, &r);
    for (unsigned i = 0; i < 3; i++)
        if (i != leader->position) quorum_deliver(leader->q, i + 1, ear.pong, ear.n);
    cluster_run(&c, 50);
    assert_int_equal(r.status, 1);
    assert_true(leader->q->marks[MARK_read_late_answer] >= 2);
    c.net.sniff = NULL;
    cluster_run(&c, 8000);
    cluster_close(&c);
}

static void without_any_leader_a_read_gives_up_in_time(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 35);
    master_start(&c.masters[0]);
    assert_int_equal(read_at(&c, &c.masters[0], 4000), E_NOTLEADER);
    cluster_close(&c);
}

static void a_read_at_a_follower_survives_a_change_of_leader(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 36);
    cluster_start(&c);
    struct master *leader = cluster_elect(&c, 5000);
    struct master *follower = &c.masters[(leader->position + 1) % 3];
    cluster_commit(&c, 5, 1000);
    struct reading r = {1};
    quorum_read(follower->q, reading_done, &r);
    master_crash(leader);
    assert_int_equal(reading_finish(&c, &r, 3000), 0);
    assert_int_equal(follower->state.count, 5);
    cluster_close(&c);
}

static void reads_end_when_the_quorum_is_closed(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 37);
    master_start(&c.masters[0]);
    struct reading r = {1};
    quorum_read(c.masters[0].q, reading_done, &r);
    master_crash(&c.masters[0]);
    assert_int_equal(r.status, E_CLOSED);
    cluster_close(&c);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_master_serves_what_was_acknowledged),
        cmocka_unit_test(many_reads_share_a_round),
        cmocka_unit_test(a_leader_that_lost_its_quorum_serves_nothing),
        cmocka_unit_test(a_leader_that_was_stopped_does_not_serve_the_past),
        cmocka_unit_test(an_answer_to_an_earlier_round_confirms_nothing),
        cmocka_unit_test(without_any_leader_a_read_gives_up_in_time),
        cmocka_unit_test(a_read_at_a_follower_survives_a_change_of_leader),
        cmocka_unit_test(reads_end_when_the_quorum_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
