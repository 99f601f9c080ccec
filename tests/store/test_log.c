#include "scratch.h"

static void a_new_log_is_empty_and_stays_so(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_reopen(t);
    struct log_bounds b = store_bounds(t->store);
    assert_int_equal(b.first_index, 1);
    assert_int_equal(b.last_index, 0);
    assert_int_equal(b.last_term, 0);
    struct store_cursor *c;
    struct record r;
    assert_ok(t, store_cursor_open(t->store, 1, &c, &t->err));
    assert_int_equal(store_cursor_next(c, &r, &t->err), E_NOTFOUND);
    store_cursor_close(c);
}

static void what_was_appended_is_there_after_a_restart(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 100, 1, 7);
    scratch_append(t, 101, 150, 3, 1);
    struct log_bounds before = store_bounds(t->store);
    scratch_reopen(t);
    struct log_bounds after = store_bounds(t->store);
    assert_int_equal(after.first_index, 1);
    assert_int_equal(after.last_index, 150);
    assert_int_equal(after.last_term, 3);
    assert_true(digest_equal(&before.chain, &after.chain));
    scratch_expect(t, 1, 100, 1);
    scratch_expect(t, 101, 150, 3);
    uint64_t term;
    assert_ok(t, store_term_at(t->store, 100, &term, &t->err));
    assert_int_equal(term, 1);
    assert_ok(t, store_term_at(t->store, 0, &term, &t->err));
    assert_int_equal(term, 0);
    assert_int_equal(store_term_at(t->store, 151, &term, &t->err), E_NOTFOUND);
}

static void entries_that_do_not_follow_are_refused(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 10, 2, 10);
    struct entry e;
    entry_make(&e, 12, 2);
    assert_int_equal(store_append(t->store, &e.record, 1, &t->err), E_INVALID);
    assert_says(t, "entry 12 cannot follow entry 10");
    entry_make(&e, 11, 1);
    assert_int_equal(store_append(t->store, &e.record, 1, &t->err), E_INVALID);
    entry_make(&e, 10, 2);
    assert_int_equal(store_append(t->store, &e.record, 1, &t->err), E_INVALID);
    assert_int_equal(store_bounds(t->store).last_index, 10);
}

static void a_long_log_rolls_over_segments_and_reads_as_one(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 3000, 1, 50);
    assert_true(scratch_count(t, "log", ".mdb") >= 4);
    scratch_expect(t, 1, 3000, 1);
    scratch_expect(t, 1777, 3000, 1);
    scratch_reopen(t);
    scratch_append(t, 3001, 3100, 1, 50);
    scratch_expect(t, 1, 3100, 1);
}

static void equal_logs_have_equal_chains_however_they_were_written(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 2000, 1, 100);
    struct digest a[3], b;
    for (int i = 0; i < 3; i++)
        assert_ok(t, store_chain_at(t->store, 999 * (uint64_t)i, &a[i], &t->err));
    scratch_close(t);
    scratch_remove(t->dir);
    t->options.segment_bytes = 1 << 20;
    scratch_open(t);
    scratch_append(t, 1, 1500, 1, 1000);
    scratch_append(t, 1501, 1700, 5, 1000);
    assert_ok(t, store_truncate(t->store, 1501, &t->err));
    scratch_append(t, 1501, 2000, 5, 13);
    for (int i = 0; i < 3; i++) {
        uint64_t at = 999 * (uint64_t)i;
        assert_ok(t, store_chain_at(t->store, at, &b, &t->err));
        assert_int_equal(digest_equal(&a[i], &b), at <= 1500); /* a term differs from 1501 on */
    }
}

static void nobody_hears(void *ctx, bool damage, const char *line)
{
    (void)ctx;
    (void)damage;
    (void)line;
}

static void truncating_leaves_a_prefix_and_the_chain_goes_on_from_it(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 2500, 1, 50);
    unsigned segments = scratch_count(t, "log", ".mdb");
    static const uint64_t cuts[] = {2400, 1301, 1300, 700, 2, 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        uint64_t term = i + 2;
        assert_ok(t, store_truncate(t->store, cuts[i], &t->err));
        assert_int_equal(store_bounds(t->store).last_index, cuts[i] - 1);
        scratch_reopen(t);
        assert_int_equal(store_bounds(t->store).last_index, cuts[i] - 1);
        scratch_append(t, cuts[i], cuts[i] + 20, term, 5);
        scratch_expect(t, 1, cuts[i] - 1, 1);
        scratch_expect(t, cuts[i], cuts[i] + 20, term);
        assert_ok(t, store_verify(t->store, nobody_hears, NULL, &t->err));
    }
    assert_true(scratch_count(t, "log", ".mdb") < segments);
}

static void truncating_at_a_joint_removes_whole_segments(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 1500, 1, 50);
    mem_auto char *command = mem_printf("ls %s/log | grep 'mdb$' | sed -n 2p", t->dir);
    FILE *p = popen(command, "r");
    uint64_t joint = 0;
    assert_int_equal(fscanf(p, "%" SCNu64, &joint), 1);
    pclose(p);
    assert_true(joint > 1);
    assert_ok(t, store_truncate(t->store, joint, &t->err));
    assert_int_equal(scratch_count(t, "log", ".mdb"), 1);
    assert_int_equal(store_bounds(t->store).last_index, joint - 1);
    scratch_append(t, joint, joint + 500, 2, 50);
    scratch_reopen(t);
    scratch_expect(t, 1, joint - 1, 1);
    scratch_expect(t, joint, joint + 500, 2);
}

static void what_is_committed_cannot_be_truncated(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 100, 1, 50);
    store_committed_set(t->store, 60);
    assert_int_equal(store_truncate(t->store, 60, &t->err), E_INVALID);
    assert_int_equal(store_truncate(t->store, 102, &t->err), E_INVALID);
    assert_ok(t, store_truncate(t->store, 101, &t->err));
    assert_ok(t, store_truncate(t->store, 61, &t->err));
    scratch_reopen(t);
    assert_int_equal(store_committed_get(t->store), 60);
}

static void after_a_reset_the_log_goes_on_behind_the_keyframe(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 2000, 1, 50);
    struct store_cursor *old;
    struct record r;
    assert_ok(t, store_cursor_open(t->store, 1, &old, &t->err));
    assert_ok(t, store_cursor_next(old, &r, &t->err));
    struct digest chain = digest_of("a chain", 7);
    assert_ok(t, store_slot_set(t->store, 4, 0, &t->err));
    assert_ok(t, store_reset(t->store, 50000, 4, &chain, &t->err));
    assert_int_equal(scratch_count(t, "log", ".mdb"), 1);
    for (int i = 0; i < 2; i++) {
        struct log_bounds b = store_bounds(t->store);
        assert_int_equal(b.first_index, 50001);
        assert_int_equal(b.last_index, 50000);
        assert_int_equal(b.last_term, 4);
        assert_true(digest_equal(&b.chain, &chain));
        if (i == 0) {
            int rc;
            store_cursor_rest(old);
            while ((rc = store_cursor_next(old, &r, &t->err)) == 0) continue;
            assert_int_equal(rc, E_GONE);
            store_cursor_close(old);
            scratch_reopen(t);
        }
    }
    scratch_append(t, 50001, 50100, 4, 9);
    scratch_reopen(t);
    scratch_expect(t, 50001, 50100, 4);
    uint64_t term;
    assert_ok(t, store_term_at(t->store, 50000, &term, &t->err));
    assert_int_equal(term, 4);
    assert_int_equal(store_term_at(t->store, 49999, &term, &t->err), E_GONE);
}

static void a_reset_cut_short_by_a_crash_is_finished_at_the_next_start(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 1500, 1, 50);
    struct digest chain = digest_of("x", 1);
    assert_ok(t, store_reset(t->store, 700, 1, &chain, &t->err));
    scratch_close(t);
    /* As if it had happened beside the old segments: the new one is there under its first name. */
    mem_auto char *command =
        mem_printf("cd %s/log && mv 00000000000000000701.mdb 00000000000000000701.reset "
                   "&& echo old > 00000000000000000001.mdb "
                   "&& echo old > 00000000000000000901.mdb",
                   t->dir);
    assert_int_equal(system(command), 0);
    scratch_open(t);
    assert_int_equal(store_bounds(t->store).first_index, 701);
    assert_int_equal(store_bounds(t->store).last_index, 700);
    assert_int_equal(scratch_count(t, "log", ".mdb"), 1);
    scratch_append(t, 701, 710, 1, 3);
    scratch_expect(t, 701, 710, 1);
}

static void an_entry_of_8_mib_passes(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    assert_ok(t, store_slot_set(t->store, 1, 0, &t->err));
    size_t n = 8 << 20;
    mem_auto char *big = mem_alloc(n);
    for (size_t i = 0; i < n; i++) big[i] = (char)(i * 2654435761u >> 24);
    struct record r[3] = {
        {.index = 1, .term = 1, .type = 1, .first_revision = 1, .payload = {big, n}},
        {.index = 2, .term = 1, .type = 1, .first_revision = 2, .payload = {big, 0}},
        {.index = 3, .term = 1, .type = 1, .first_revision = 3, .payload = {big, n}}};
    assert_ok(t, store_append(t->store, r, 3, &t->err));
    scratch_reopen(t);
    struct store_cursor *c;
    assert_ok(t, store_cursor_open(t->store, 1, &c, &t->err));
    for (int i = 0; i < 3; i++) {
        struct record got;
        assert_ok(t, store_cursor_next(c, &got, &t->err));
        assert_true(entry_same(&got, &r[i]));
    }
    store_cursor_close(c);
}

static void entries_are_found_by_revision_and_by_time(void **state)
{
    struct scratch *t = *state;
    uint64_t index;
    scratch_open(t);
    assert_int_equal(store_find_revision(t->store, 1, &index, &t->err), E_NOTFOUND);
    scratch_append(t, 1, 1200, 1, 50); /* entry n holds revisions 3n..3n+2, but barriers at ..1 */
    static const struct {
        uint64_t revision, index;
    } cases[] = {{0, 2},       {1, 2},       {6, 2},       {8, 2},        {9, 3},
                 {31, 10},     {33, 10},     {36, 12},     {3000, 1000},  {3002, 1000},
                 {3003, 1000}, {3006, 1002}, {3600, 1200}, {999999, 1200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(t, store_find_revision(t->store, cases[i].revision, &index, &t->err));
        if (index != cases[i].index)
            fail_msg("revision %" PRIu64 ": entry %" PRIu64, cases[i].revision, index);
    }
    assert_int_equal(store_find_time(t->store, 1000, &index, &t->err), E_NOTFOUND);
    assert_ok(t, store_find_time(t->store, 1000020, &index, &t->err));
    assert_int_equal(index, 2);
    assert_ok(t, store_find_time(t->store, 1005005, &index, &t->err));
    assert_int_equal(index, 500);
    assert_ok(t, store_find_time(t->store, INT64_MAX, &index, &t->err));
    assert_int_equal(index, 1200);
}

static void a_cursor_follows_the_log_as_it_grows(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    struct store_cursor *c;
    struct record r;
    assert_ok(t, store_cursor_open(t->store, 1, &c, &t->err));
    for (uint64_t n = 0; n < 1200; n += 100) {
        assert_int_equal(store_cursor_next(c, &r, &t->err), E_NOTFOUND);
        scratch_append(t, n + 1, n + 100, 1, 50);
        cursor_expect(t, c, n + 1, n + 50, 1);
        store_cursor_rest(c);
        cursor_expect(t, c, n + 51, n + 100, 1);
    }
    store_cursor_close(c);
}

static void a_cursor_notices_that_what_it_read_was_replaced(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 100, 1, 50);
    struct store_cursor *c;
    struct record r;
    assert_ok(t, store_cursor_open(t->store, 1, &c, &t->err));
    cursor_expect(t, c, 1, 100, 1);
    assert_ok(t, store_truncate(t->store, 91, &t->err));
    assert_int_equal(store_cursor_next(c, &r, &t->err), E_NOTFOUND);
    scratch_append(t, 91, 120, 2, 50);
    assert_int_equal(store_cursor_next(c, &r, &t->err), E_CONFLICT);
    assert_says(t, "entry 100 was replaced");
    store_cursor_close(c);
}

static void hint_put(struct scratch *t, const uint64_t *pair, size_t n)
{
    mem_auto char *path = mem_printf("%s/committed", t->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, pair, n), n);
    close(fd);
}

/* It is not synced: after a power loss it may be gone, torn, or as it was long before. */
static void a_hint_that_is_lost_or_old_only_knows_less(void **state)
{
    struct scratch *t = *state;
    const uint64_t old[2] = {40, ~40ull}, torn[2] = {90, ~40ull}, zeros[2] = {0};
    const struct {
        const uint64_t *pair;
        size_t n;
        uint64_t known;
    } cases[] = {{old, sizeof old, 40},
                 {torn, sizeof torn, 0},
                 {zeros, sizeof zeros, 0},
                 {old, 9, 0},
                 {old, 0, 0},
                 {NULL, 0, 0}};
    scratch_open(t);
    scratch_append(t, 1, 100, 1, 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        store_committed_set(t->store, 90);
        scratch_close(t);
        mem_auto char *path = mem_printf("%s/committed", t->dir);
        if (cases[i].pair)
            hint_put(t, cases[i].pair, cases[i].n);
        else
            unlink(path);
        scratch_open(t);
        assert_int_equal(store_committed_get(t->store), cases[i].known);
        assert_int_equal(store_bounds(t->store).last_index, 100); /* nothing is cut off for it */
        scratch_expect(t, 1, 100, 1);
        store_committed_set(t->store, 95); /* and it is told anew */
        scratch_reopen(t);
        assert_int_equal(store_committed_get(t->store), 95);
        assert_int_equal(store_truncate(t->store, 95, &t->err), E_INVALID);
    }
}

static void a_log_that_ends_before_an_old_hint_has_still_lost_entries(void **state)
{
    struct scratch *t = *state;
    const uint64_t old[2] = {40, ~40ull};
    scratch_open(t);
    scratch_append(t, 1, 100, 1, 10);
    assert_ok(t, store_truncate(t->store, 31, &t->err));
    scratch_close(t);
    hint_put(t, old, sizeof old);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "but entry 40 was committed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_new_log_is_empty_and_stays_so),
        story(what_was_appended_is_there_after_a_restart),
        story(entries_that_do_not_follow_are_refused),
        story(a_long_log_rolls_over_segments_and_reads_as_one),
        story(equal_logs_have_equal_chains_however_they_were_written),
        story(truncating_leaves_a_prefix_and_the_chain_goes_on_from_it),
        story(truncating_at_a_joint_removes_whole_segments),
        story(what_is_committed_cannot_be_truncated),
        story(a_hint_that_is_lost_or_old_only_knows_less),
        story(a_log_that_ends_before_an_old_hint_has_still_lost_entries),
        story(after_a_reset_the_log_goes_on_behind_the_keyframe),
        story(a_reset_cut_short_by_a_crash_is_finished_at_the_next_start),
        story(an_entry_of_8_mib_passes),
        story(entries_are_found_by_revision_and_by_time),
        story(a_cursor_follows_the_log_as_it_grows),
        story(a_cursor_notices_that_what_it_read_was_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
