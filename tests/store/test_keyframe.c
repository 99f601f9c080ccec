#include "scratch.h"

static void no_report(void *ctx, bool damage, const char *line)
{
    if (damage && ctx) snprintf(ctx, 400, "%s", line);
}

/* Record n of the keyframe of a revision. */
static struct str record_make(char *place, uint64_t revision, uint64_t n)
{
    size_t size = (n * 97 + revision) % 5000;
    for (size_t i = 0; i < size; i++) place[i] = (char)(n + revision + i * 3);
    return (struct str){place, size};
}

static struct keyframe_meta meta_make(uint64_t revision, uint64_t index)
{
    return (struct keyframe_meta){.revision = revision,
                                  .index = index,
                                  .term = 2,
                                  .time_ms = 123456,
                                  .state = digest_of(&revision, sizeof revision),
                                  .configuration_index = 1,
                                  .configuration = STR("the configuration")};
}

static void keyframe_write(struct scratch *t, uint64_t revision, uint64_t index, uint64_t records)
{
    char place[5000];
    struct keyframe_writer *w;
    struct keyframe_meta meta = meta_make(revision, index);
    store_chain_at(t->store, index, &meta.chain, NULL);
    assert_ok(t, keyframe_create(t->store, &meta, &w, &t->err));
    for (uint64_t n = 1; n <= records; n++)
        assert_ok(t, keyframe_add(w, record_make(place, revision, n), &t->err));
    assert_ok(t, keyframe_finish(w, &t->err));
}

static void keyframe_expect(struct scratch *t, struct keyframe *k, uint64_t revision,
                            uint64_t records)
{
    char place[5000];
    struct str got;
    const struct keyframe_meta *m = keyframe_meta(k);
    struct keyframe_meta want = meta_make(revision, m->index);
    assert_int_equal(m->revision, revision);
    assert_int_equal(m->term, 2);
    assert_int_equal(m->time_ms, 123456);
    assert_int_equal(m->configuration_index, 1);
    assert_int_equal(m->record_count, records);
    assert_true(digest_equal(&m->state, &want.state));
    assert_true(str_eq(m->configuration, want.configuration));
    for (uint64_t n = 1; n <= records; n++) {
        assert_ok(t, keyframe_next(k, &got, &t->err));
        assert_true(str_eq(got, record_make(place, revision, n)));
    }
    assert_int_equal(keyframe_next(k, &got, &t->err), E_NOTFOUND);
}

static void a_keyframe_is_read_as_it_was_written(void **state)
{
    struct scratch *t = *state;
    struct keyframe *k;
    scratch_open(t);
    assert_int_equal(keyframe_open(t->store, UINT64_MAX, &k, &t->err), E_NOTFOUND);
    keyframe_write(t, 10, 4, 1000);
    keyframe_write(t, 20, 8, 0);
    keyframe_write(t, 20, 9, 7); /* the same revision again replaces it */
    scratch_reopen(t);
    assert_ok(t, keyframe_open(t->store, UINT64_MAX, &k, &t->err));
    assert_int_equal(keyframe_meta(k)->index, 9);
    keyframe_expect(t, k, 20, 7);
    keyframe_close(k);
    assert_ok(t, keyframe_open(t->store, 19, &k, &t->err));
    keyframe_expect(t, k, 10, 1000);
    keyframe_close(k);
    assert_int_equal(keyframe_open(t->store, 9, &k, &t->err), E_NOTFOUND);
}

/* Entries without events move the index on, and not the revision: whoever comes last with an older
 * index must not take back what is published. */
static void of_one_revision_the_later_index_stays(void **state)
{
    struct scratch *t = *state;
    struct keyframe *k;
    scratch_open(t);
    keyframe_write(t, 40, 7, 10);
    keyframe_write(t, 40, 6, 10);
    assert_ok(t, keyframe_open(t->store, UINT64_MAX, &k, &t->err));
    assert_int_equal(keyframe_meta(k)->index, 7);
    keyframe_close(k);
    assert_int_equal(scratch_count(t, "keyframes", ""), 1);
}

static void an_abandoned_keyframe_leaves_nothing(void **state)
{
    struct scratch *t = *state;
    struct keyframe_writer *w;
    struct keyframe_meta meta = meta_make(5, 5);
    scratch_open(t);
    assert_ok(t, keyframe_create(t->store, &meta, &w, &t->err));
    assert_ok(t, keyframe_add(w, STR("x"), &t->err));
    assert_int_equal(scratch_count(t, "keyframes", ".mdb"), 0);
    keyframe_abandon(w);
    assert_int_equal(scratch_count(t, "keyframes", ""), 0);
}

static void leftovers_of_a_crash_are_swept_up(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_close(t);
    mem_auto char *command =
        mem_printf("touch %s/keyframes/1.tmp %s/log/segment.tmp", t->dir, t->dir);
    assert_int_equal(system(command), 0);
    scratch_open(t);
    assert_int_equal(scratch_count(t, "keyframes", ".tmp"), 0);
    assert_int_equal(scratch_count(t, "log", ".tmp"), 0);
}

/* Sends the newest keyframe of one store to another in pieces of odd sizes, last piece first. */
static int send_between(struct scratch *t, struct store *to, uint64_t flip_at,
                        struct keyframe_meta *got)
{
    struct keyframe *k;
    struct keyframe_incoming *in;
    uint64_t size;
    char piece[7001];
    assert_ok(t, keyframe_open(t->store, UINT64_MAX, &k, &t->err));
    assert_ok(t, keyframe_file_size(k, &size, &t->err));
    assert_ok(t, keyframe_receive(to, size, &in, &t->err));
    for (uint64_t at = (size - 1) / sizeof piece * sizeof piece;; at -= sizeof piece) {
        size_t n;
        assert_ok(t, keyframe_file_read(k, at, piece, sizeof piece, &n, &t->err));
        if (flip_at >= at && flip_at < at + n) piece[flip_at - at] ^= 16;
        assert_ok(t, keyframe_receive_write(in, at, piece, n, &t->err));
        if (at == 0) break;
    }
    assert_int_equal(keyframe_receive_write(in, size - 1, "xx", 2, NULL), E_INVALID);
    keyframe_close(k);
    return keyframe_receive_finish(in, got, &t->err);
}

static void a_keyframe_travels_in_pieces_and_damage_on_the_way_is_refused(void **state)
{
    struct scratch *t = *state;
    uint64_t seed = scratch_seed();
    scratch_open(t);
    keyframe_write(t, 30, 0, 60);
    mem_auto char *other = mem_printf("%s/other", t->dir);
    struct store_options options = t->options;
    struct store *to;
    struct keyframe *k;
    struct keyframe_meta got;
    options.dir = other;
    assert_ok(t, store_open(&to, &options, &t->err));
    mem_auto char *path = mem_printf("%s/keyframes/%020d.mdb", t->dir, 30);
    uint64_t size = scratch_size(path);
    for (int i = 0; i < 30; i++)
        assert_int_equal(send_between(t, to, dice(&seed, size), &got), E_CORRUPT);
    assert_int_equal(keyframe_open(to, UINT64_MAX, &k, &t->err), E_NOTFOUND);
    assert_ok(t, send_between(t, to, UINT64_MAX, &got));
    assert_int_equal(got.revision, 30);
    assert_ok(t, keyframe_open(to, UINT64_MAX, &k, &t->err));
    keyframe_expect(t, k, 30, 60);
    keyframe_close(k);
    store_close(to);
}

static void a_damaged_keyframe_is_passed_over_and_named(void **state)
{
    struct scratch *t = *state;
    uint64_t seed = scratch_seed();
    scratch_open(t);
    keyframe_write(t, 10, 0, 20);
    keyframe_write(t, 20, 0, 40);
    mem_auto char *path = mem_printf("%s/keyframes/%020d.mdb", t->dir, 20);
    uint64_t size = scratch_size(path);
    trace_level = TRACE_ERROR + 1;
    for (int i = 0; i < 100; i++) {
        struct keyframe *k;
        char line[400] = "";
        uint64_t at = i < 20 ? size - 1 - (uint64_t)i * 2 : dice(&seed, size);
        uint8_t mask = (uint8_t)(1 << dice(&seed, 8));
        scratch_flip(path, at, mask);
        assert_ok(t, keyframe_open(t->store, UINT64_MAX, &k, &t->err));
        assert_int_equal(keyframe_meta(k)->revision, 10);
        keyframe_close(k);
        if (i % 10 == 0) {
            assert_int_equal(store_verify(t->store, no_report, line, &t->err), E_CORRUPT);
            assert_non_null(strstr(line, "00020.mdb"));
        }
        scratch_flip(path, at, mask);
    }
    assert_int_equal(truncate(path, (off_t)size / 2), 0);
    mem_auto char *first = mem_printf("%s/keyframes/%020d.mdb", t->dir, 10);
    scratch_flip(first, 5000, 1);
    struct keyframe *k;
    assert_int_equal(keyframe_open(t->store, UINT64_MAX, &k, &t->err), E_CORRUPT);
}

static void a_keyframe_of_another_log_is_noticed(void **state)
{
    struct scratch *t = *state;
    char line[400] = "";
    scratch_open(t);
    scratch_append(t, 1, 100, 1, 50);
    keyframe_write(t, 150, 50, 3);
    assert_ok(t, store_verify(t->store, no_report, line, &t->err));
    assert_ok(t, store_truncate(t->store, 40, &t->err));
    scratch_append(t, 40, 100, 2, 50);
    assert_int_equal(store_verify(t->store, no_report, line, &t->err), E_CORRUPT);
    assert_non_null(strstr(line, "was made of another log"));
}

static void pruning_keeps_the_newest_and_one_per_stretch(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    scratch_append(t, 1, 200, 1, 50);
    for (uint64_t i = 1; i <= 12; i++) keyframe_write(t, i * 30, i * 10, 1);
    assert_ok(t, keyframe_prune(t->store, 2, 50, &t->err)); /* 110, 120; 50, 100 */
    assert_int_equal(scratch_count(t, "keyframes", ".mdb"), 4);
    static const uint64_t stay[] = {150, 300, 330, 360};
    for (int i = 0; i < 4; i++) {
        struct keyframe *k;
        assert_ok(t, keyframe_open(t->store, stay[i], &k, &t->err));
        assert_int_equal(keyframe_meta(k)->revision, stay[i]);
        keyframe_close(k);
    }
    assert_ok(t, keyframe_prune(t->store, 1, 0, &t->err));
    assert_int_equal(scratch_count(t, "keyframes", ".mdb"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_keyframe_is_read_as_it_was_written),
        story(of_one_revision_the_later_index_stays),
        story(an_abandoned_keyframe_leaves_nothing),
        story(leftovers_of_a_crash_are_swept_up),
        story(a_keyframe_travels_in_pieces_and_damage_on_the_way_is_refused),
        story(a_damaged_keyframe_is_passed_over_and_named),
        story(a_keyframe_of_another_log_is_noticed),
        story(pruning_keeps_the_newest_and_one_per_stretch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
