/* Where what is fetched, what was there and what Raft appends meet. */
#include "raft/backfill_story.h"

static struct store *backfill_open_store(struct master *m)
{
    struct store *s;
    struct error err = {0};
    struct store_options so = {
        .dir = m->dir, .no_sync = true, .ballast_bytes = 4096, .segment_bytes = 4 * 1024 * 1024};
    if (store_open(&s, &so, &err)) fail_msg("%s", err.text);
    return s;
}

/* The other master has all of it in memory and sends it as Raft does: what was fetched gives way.
 */
static void raft_s_own_entries_take_the_place_of_fetched_ones(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 51);
    struct master *behind = backfill_leave_behind(&c, 400);
    struct master *leader = cluster_leader(&c);
    struct master *other = &c.masters[3 - behind->position - leader->position];
    master_crash(other);
    c.options.trailing_entries = 10000;
    c.options.keyframe_entries = 100000;
    master_start(other);
    cluster_run(&c, 500);
    assert_ptr_equal(cluster_leader(&c), leader);
    master_start(behind);
    backfill_wait_stored(&c, behind, 3);
    master_crash(leader);
    cluster_run(&c, 5000);
    assert_ptr_equal(cluster_leader(&c), other);
    assert_int_equal(behind->q->marks[MARK_backfill_dropped], 1);
    uint64_t fetched;
    assert_int_equal(store_backfill_get(behind->store, &fetched, NULL), 0);
    assert_int_equal(fetched, 0);
    cluster_commit(&c, 3, 5000);
    master_crash(behind); /* all that was confirmed is there again */
    master_start(behind);
    master_start(leader);
    cluster_run(&c, 5000);
    cluster_commit(&c, 3, 5000);
    cluster_converge(&c, 10000);
    assert_int_equal(store_bounds(behind->store).first_index, 1);
    cluster_close(&c);
}

/* Entries of a term that nobody else ever heard of, behind the 11th or so. */
static void backfill_add_suffix(struct master *m, unsigned count)
{
    struct store *s = backfill_open_store(m);
    struct log_bounds bounds = store_bounds(s);
    struct error err;
    assert_int_equal(store_slot_set(s, bounds.last_term + 1, m->position + 1, &err), 0);
    for (unsigned i = 1; i <= count; i++) {
        struct record r = {.index = bounds.last_index + i, .term = bounds.last_term + 1};
        r.type = RAFT_COMMAND;
        r.payload = STR("never committed");
        assert_int_equal(store_append(s, &r, 1, &err), 0);
    }
    store_close(s);
}

static void a_conflicting_suffix_is_cut_at_the_point_of_agreement(void **state)
{
    (void)state;
    for (unsigned suffix = 1; suffix <= 33; suffix += 8) {
        struct cluster c;
        backfill_setup(&c, 60 + suffix);
        struct master *behind = backfill_leave_behind(&c, 1);
        for (unsigned i = 0; i < 3; i++) {
            if (&c.masters[i] == behind) continue;
            master_crash(&c.masters[i]);
            struct store *s = backfill_open_store(&c.masters[i]);
            assert_int_equal(store_slot_set(s, 20, 0, NULL), 0);
            store_close(s);
        }
        for (unsigned i = 0; i < 3; i++)
            if (&c.masters[i] != behind) master_start(&c.masters[i]);
        cluster_commit(&c, 150, 30000);
        backfill_add_suffix(behind, suffix);
        master_start(behind);
        uint64_t agreed = behind->q->log_last - suffix;
        backfill_wait_stored(&c, behind, 1);
        cluster_run(&c, 20);
        uint64_t fetched;
        if (behind->q->ahead) {
            assert_int_equal(store_backfill_get(behind->store, &fetched, NULL), 0);
            assert_int_equal(fetched, agreed);
            master_crash(behind); /* and Raft forgets the suffix with it */
            master_start(behind);
            assert_int_equal(behind->q->log_last, agreed);
        }
        cluster_run(&c, 3000);
        assert_true(cluster_mark(&c, MARK_backfill_searched) >= 1);
        backfill_check(&c, behind);
        cluster_close(&c);
    }
}

/* The log begins behind the newest keyframe, as after an install of before there were backfills. */
static void backfill_forget_history(struct master *m)
{
    struct store *s = backfill_open_store(m);
    struct log_bounds bounds = store_bounds(s);
    struct keyframe *k;
    struct store_cursor *cursor;
    struct error err;
    assert_int_equal(keyframe_open(s, UINT64_MAX, &k, &err), 0);
    const struct keyframe_meta *meta = keyframe_meta(k);
    struct record tail[64], r;
    size_t n = 0;
    if (meta->index < bounds.last_index) {
        assert_int_equal(store_cursor_open(s, meta->index + 1, &cursor, &err), 0);
        while (n < 64 && store_cursor_next(cursor, &r, &err) == 0) {
            tail[n] = r;
            tail[n++].payload.p = mem_copy(r.payload.p, r.payload.n + 1);
        }
        store_cursor_close(cursor);
    }
    assert_int_equal(store_reset(s, meta->index, meta->term, &meta->chain, &err), 0);
    assert_int_equal(store_append(s, tail, n, &err), 0);
    assert_int_equal(store_bounds(s).last_index, bounds.last_index);
    for (size_t i = 0; i < n; i++) mem_free((char *)tail[i].payload.p);
    keyframe_close(k);
    store_close(s);
}

static void without_the_leader_s_history_the_keyframe_takes_its_place(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 70);
    struct master *behind = backfill_leave_behind(&c, 130);
    for (unsigned i = 0; i < 3; i++) {
        master_crash(&c.masters[i]);
        if (&c.masters[i] != behind) backfill_forget_history(&c.masters[i]);
    }
    for (unsigned i = 0; i < 3; i++) master_start(&c.masters[i]);
    cluster_run(&c, 6000);
    cluster_commit(&c, 5, 5000);
    cluster_converge(&c, 10000);
    assert_int_equal(cluster_mark(&c, MARK_backfill_without), 1);
    assert_int_equal(cluster_mark(&c, MARK_install_reset), 1);
    assert_true(store_bounds(behind->store).first_index > 100);
    master_crash(behind);
    master_start(behind);
    cluster_commit(&c, 5, 5000);
    cluster_converge(&c, 10000);
    cluster_close(&c);
}

/* The newest keyframe of one master becomes one of another's, as if it had been received. */
static void backfill_give_keyframe(struct master *from, struct master *to)
{
    struct store *s = backfill_open_store(to);
    struct keyframe *k;
    struct keyframe_incoming *in;
    struct keyframe_meta meta;
    struct error err;
    static char bytes[CHUNK_BYTES];
    uint64_t size;
    size_t n;
    assert_int_equal(keyframe_open(from->store, UINT64_MAX, &k, &err), 0);
    assert_int_equal(keyframe_file_size(k, &size, &err), 0);
    assert_int_equal(keyframe_receive(s, size, &in, &err), 0);
    for (uint64_t at = 0; at < size; at += n) {
        assert_int_equal(keyframe_file_read(k, at, bytes, sizeof bytes, &n, &err), 0);
        assert_int_equal(keyframe_receive_write(in, at, bytes, n, &err), 0);
    }
    assert_int_equal(keyframe_receive_finish(in, &meta, &err), 0);
    keyframe_close(k);
    store_close(s);
}

static void a_keyframe_beyond_the_log_waits_until_the_log_is_complete(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 80);
    struct master *behind = backfill_leave_behind(&c, 150);
    backfill_give_keyframe(cluster_leader(&c), behind);
    master_start(behind);
    assert_int_equal(behind->q->marks[MARK_keyframe_passed_over], 1);
    assert_int_equal(behind->restores, 0);
    cluster_run(&c, 3000);
    backfill_check(&c, behind);
    cluster_close(&c);
}

static void a_log_without_its_beginning_goes_on_behind_the_keyframe(void **state)
{
    (void)state;
    struct cluster c;
    backfill_setup(&c, 81);
    struct master *behind = backfill_leave_behind(&c, 150);
    struct store *s = backfill_open_store(behind);
    struct digest chain;
    uint64_t term;
    struct error err;
    assert_int_equal(store_chain_at(s, 5, &chain, &err), 0);
    assert_int_equal(store_term_at(s, 5, &term, &err), 0);
    assert_int_equal(store_reset(s, 5, term, &chain, &err), 0); /* and no keyframe of index 5 */
    store_close(s);
    backfill_give_keyframe(cluster_leader(&c), behind);
    master_start(behind);
    assert_int_equal(behind->q->marks[MARK_keyframe_ahead_of_log], 1);
    assert_int_equal(behind->restores, 1);
    cluster_commit(&c, 5, 5000);
    cluster_converge(&c, 10000);
    cluster_close(&c);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raft_s_own_entries_take_the_place_of_fetched_ones),
        cmocka_unit_test(a_conflicting_suffix_is_cut_at_the_point_of_agreement),
        cmocka_unit_test(without_the_leader_s_history_the_keyframe_takes_its_place),
        cmocka_unit_test(a_keyframe_beyond_the_log_waits_until_the_log_is_complete),
        cmocka_unit_test(a_log_without_its_beginning_goes_on_behind_the_keyframe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
