/* Elections, commits, failures of the leader, restarts: three masters in virtual time. */
#include "cluster.h"

static void three_masters_elect_one_leader_and_apply_the_same(void **state)
{
    (void)state;
    struct cluster c;
    cluster_open(&c, 3, 1);
    cluster_start(&c);
    cluster_elect(&c, 5000);
    cluster_commit(&c, 100, 5000);
    cluster_converge(&c, 1000);
    assert_int_equal(c.masters[0].state.count, 100);
    assert_true(cluster_mark(&c, MARK_became_leader) == 1);
    cluster_close(&c);
}

int main(void)
{
    trace_level = TRACE_ERROR;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_masters_elect_one_leader_and_apply_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
