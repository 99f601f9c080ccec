/* The history before a keyframe: a follower that was far behind has all of it in the end. */
#include "cluster.h"

#include "store/inside.h"

#include <signal.h>
#include <sys/wait.h>

enum { VALUE = 16000 };

static void backfill_setup(struct cluster *c, uint64_t seed)
{
    cluster_open(c, 3, seed);
    c->options.keyframe_entries = 50;
    c->options.trailing_entries = 10;
    c->value_bytes = VALUE;
    cluster_start(c);
}

/* A follower that stays away for about 16 KB times so many entries. */
static struct master *backfill_leave_behind(struct cluster *c, size_t entries)
{
    struct master *leader = cluster_elect(c, 5000);
    struct master *behind = &c->masters[(leader->position + 1) % 3];
    cluster_commit(c, 10, 5000);
    master_crash(behind);
    cluster_commit(c, entries, 60000);
    return behind;
}

static struct store *backfill_open_store(struct master *m)
{
    struct store *s;
    struct error err = {0};
    struct store_options so = {
        .dir = m->dir, .no_sync = true, .ballast_bytes = 4096, .segment_bytes = 4 * 1024 * 1024};
    if (store_open(&s, &so, &err)) fail_msg("%s", err.text);
    return s;
}

static void backfill_check(struct cluster *c, struct master *behind)
{
    cluster_commit(c, 5, 10000);
    cluster_converge(c, 10000);
    cluster_run(c, 500);
    struct master *other = &c->masters[(behind->position + 1) % 3];
    struct log_bounds bounds = store_bounds(behind->store);
    struct digest ours, theirs;
    struct error err;
    uint64_t fetched;
    assert_int_equal(bounds.first_index, 1);
    for (uint64_t i = 1; i <= bounds.last_index; i += 17) {
        assert_int_equal(store_chain_at(behind->store, i, &ours, &err), 0);
        assert_int_equal(store_chain_at(other->store, i, &theirs, &err), 0);
        assert_true(digest_equal(&ours, &theirs));
    }
    assert_int_equal(store_backfill_get(behind->store, &fetched, &err), 0);
    assert_int_equal(fetched, 0);
    assert_false(behind->q->ahead);
    assert_int_equal(cluster_mark(c, MARK_install_reset), 0);
    assert_int_equal(cluster_mark(c, MARK_keyframe_ahead_of_log), 0);
    assert_true(cluster_mark(c, MARK_backfill_done) >= 1);
}

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

static void backfill_wait_stored(struct cluster *c, struct master *behind, uint64_t pieces)
{
    uint64_t end = c->world.now + 10000;
    while (behind->q->marks[MARK_backfill_stored] < pieces && c->world.now < end) cluster_run(c, 1);
    assert_true(behind->q->marks[MARK_backfill_stored] >= pieces);
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
        cmocka_unit_test(raft_s_own_entries_take_the_place_of_fetched_ones),
        cmocka_unit_test(a_conflicting_suffix_is_cut_at_the_point_of_agreement),
        cmocka_unit_test(without_the_leader_s_history_the_keyframe_takes_its_place),
        cmocka_unit_test(a_keyframe_beyond_the_log_waits_until_the_log_is_complete),
        cmocka_unit_test(a_log_without_its_beginning_goes_on_behind_the_keyframe),
        cmocka_unit_test(a_leader_that_no_longer_answers_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
