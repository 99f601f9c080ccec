#include "scratch.h"

#include "base/str.h"
#include "store/files.h"

static const struct store_past some = {
    .boot = 3, .life = 77, .count = 2, .peers = {{2, 5, 6, 7, 8}, {3, 1, 2, 3, 4}}};

static void assert_past(struct scratch *t, const struct store_past *wanted)
{
    struct store_past got;
    assert_ok(t, store_past_get(t->store, &got, &t->err));
    assert_memory_equal(&got, wanted, sizeof got);
}

static void what_was_seen_survives_a_restart(void **state)
{
    struct scratch *t = *state;
    struct store_past got, more = some;
    scratch_open(t);
    assert_int_equal(store_past_get(t->store, &got, &t->err), E_NOTFOUND);
    assert_ok(t, store_past_set(t->store, &some, 1, &t->err));
    scratch_reopen(t);
    assert_past(t, &some);
    more.peers[1].term = 9;
    assert_ok(t, store_past_set(t->store, &more, 1, &t->err));
    scratch_reopen(t);
    assert_past(t, &more);
}

static void the_newest_stays_whichever_is_written_last(void **state)
{
    struct scratch *t = *state;
    struct store_past more = some;
    more.boot++;
    scratch_open(t);
    assert_ok(t, store_past_set(t->store, &more, 8, &t->err));
    assert_ok(t, store_past_set(t->store, &some, 7, &t->err));
    assert_past(t, &more);
}

static void one_rotten_copy_does_no_harm_and_two_are_an_error(void **state)
{
    struct scratch *t = *state;
    struct store_past got;
    uint64_t seed = scratch_seed();
    mem_auto char *path = mem_printf("%s/past", t->dir);
    t->options.no_sync = true;
    scratch_open(t);
    for (uint64_t i = 1; i < 50; i++) {
        assert_ok(t, store_past_set(t->store, &some, i, &t->err));
        scratch_flip(path, dice(&seed, 1024), (uint8_t)(1 << dice(&seed, 8)));
        assert_past(t, &some);
    }
    scratch_flip(path, dice(&seed, 512), 4);
    scratch_flip(path, 512 + dice(&seed, 512), 1);
    assert_int_equal(store_past_get(t->store, &got, &t->err), E_CORRUPT);
    assert_says(t, "cannot prove that it is not an older copy of itself");
}

/* --- what a killed process left in the page cache --- */

static char synced[64][200];
static unsigned synced_count;

static int sync_noted(int fd)
{
    mem_auto char *link = mem_printf("/proc/self/fd/%d", fd);
    char *to = synced[synced_count++ % 64];
    ssize_t n = readlink(link, to, 199);
    to[n < 0 ? 0 : n] = '\0';
    return 0;
}

/* In place of libc's, for LMDB too. */
int fdatasync(int fd)
{
    return sync_noted(fd);
}

int fsync(int fd)
{
    return sync_noted(fd);
}

static bool was_synced(const char *end)
{
    for (unsigned i = 0; i < synced_count && i < 64; i++)
        if (str_ends(str_of(synced[i]), end)) return true;
    return false;
}

static void what_a_start_finds_is_made_durable_before_it_counts(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 500, 1, 50);
    mem_auto char *newest = NULL;
    uint64_t *firsts = NULL;
    size_t n = 0;
    scratch_close(t);
    mem_auto char *log = mem_printf("%s/log", t->dir);
    assert_ok(t, files_numbers(log, ".mdb", &firsts, &n, &t->err));
    newest = mem_printf("/log/%020" PRIu64 ".mdb", firsts[n - 1]);
    mem_free(firsts);
    synced_count = 0;
    scratch_open(t);
    assert_true(was_synced(newest));
    assert_true(was_synced("/log"));
    assert_true(was_synced("/keyframes"));
    assert_true(was_synced(strrchr(t->dir, '/')));
}

int main(void)
{
    trace_level = TRACE_ERROR;
    const struct CMUnitTest tests[] = {
        story(what_was_seen_survives_a_restart),
        story(the_newest_stays_whichever_is_written_last),
        story(one_rotten_copy_does_no_harm_and_two_are_an_error),
        story(what_a_start_finds_is_made_durable_before_it_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
