/* Old data is looked at while the store is in use, and damage told. */
#include "scratch.h"

#include "store/marks.h"
#include "store/scrub.h"

enum { ENTRIES = 1500 };

static char *first_segment(struct scratch *t)
{
    return mem_printf("%s/log/%020d.mdb", t->dir, 1);
}

static void log_make(struct scratch *t)
{
    t->options.no_sync = true;
    scratch_open(t);
    scratch_append(t, 1, ENTRIES, 1, 50);
}

static void keyframe_make(struct scratch *t, uint64_t revision)
{
    struct keyframe_writer *w;
    struct keyframe_meta meta = {.revision = revision, .index = 10, .term = 1, .record_count = 1};
    assert_ok(t, store_chain_at(t->store, 10, &meta.chain, &t->err));
    assert_ok(t, keyframe_create(t->store, &meta, &w, &t->err));
    assert_ok(t, keyframe_add(w, STR("all there is"), &t->err));
    assert_ok(t, keyframe_finish(w, &t->err));
}

/* A round, in steps none of which may be long. */
static const struct scrub_findings *scrub_round(struct scrub *c)
{
    uint64_t rounds = scrub_report(c)->rounds;
    for (unsigned steps = 0; scrub_step(c); steps++) assert_true(steps < 1000);
    assert_int_equal(scrub_report(c)->rounds, rounds + 1);
    return &scrub_report(c)->last;
}

static void whole_data_is_looked_at_and_nothing_is_found(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    keyframe_make(t, 30);
    struct scrub *c = scrub_new(t->store);
    for (int i = 0; i < 3; i++) {
        const struct scrub_findings *f = scrub_round(c);
        assert_int_equal(f->count, 0);
        assert_int_equal(f->keyframes, 1);
        assert_int_equal(f->segments, scratch_count(t, "log", ".mdb") - 1);
        scratch_append(t, ENTRIES + 1 + i * 300u, ENTRIES + (i + 1) * 300u, 1, 50);
    }
    scrub_free(c);
}

static void a_page_that_rots_under_a_running_store_is_found_and_not_served(void **state)
{
    struct scratch *t = *state;
    struct store_cursor *reader;
    struct record r;
    log_make(t);
    scratch_expect(t, 1, ENTRIES, 1); /* LMDB has it mapped */
    struct scrub *c = scrub_new(t->store);
    mem_auto char *path = first_segment(t);
    for (uint64_t page = 2; page < scratch_size(path) / 4096; page++)
        scratch_flip(path, page * 4096 + 10, 0x40); /* what kind of page it is */
    const struct scrub_findings *f = scrub_round(c);
    assert_int_equal(f->count, 1);
    assert_non_null(strstr(f->text[0], "log/00000000000000000001.mdb: page "));
    int rc = store_cursor_open(t->store, 1, &reader, &t->err);
    if (!rc) {
        rc = store_cursor_next(reader, &r, &t->err);
        store_cursor_close(reader);
    }
    assert_int_equal(rc, E_CORRUPT);
    scratch_expect(t, ENTRIES - 100, ENTRIES, 1);
    for (uint64_t page = 2; page < scratch_size(path) / 4096; page++)
        scratch_flip(path, page * 4096 + 10, 0x40);
    assert_int_equal(scrub_round(c)->count, 0); /* it is whole again: as the disk, so the report */
    scratch_expect(t, 1, ENTRIES, 1);
    scrub_free(c);
}

static void a_record_that_rots_is_found_and_the_round_goes_on(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    keyframe_make(t, 30);
    scratch_reopen(t);
    mem_auto char *log = first_segment(t),
                  *keyframe = mem_printf("%s/keyframes/%020d.mdb", t->dir, 30);
    uint64_t size = scratch_size(log);
    scratch_flip(log, size - size / 4 - size / 4 % 4096 + 3000, 1);
    scratch_flip(keyframe, 5000, 1);
    struct scrub *c = scrub_new(t->store);
    const struct scrub_findings *f = scrub_round(c);
    assert_int_equal(f->count, 2);
    assert_non_null(strstr(f->text[0], "log/00000000000000000001.mdb: "));
    assert_non_null(strstr(f->text[1], "00030.mdb: checksum mismatch"));
    assert_int_equal(f->segments, scratch_count(t, "log", ".mdb") - 1);
    assert_int_equal(scrub_round(c)->count, 2);
    scrub_free(c);
}

static void a_log_that_is_cut_and_replaced_under_it_is_no_damage(void **state)
{
    struct scratch *t = *state;
    uint64_t seed = scratch_seed(), last = ENTRIES, term = 1;
    log_make(t);
    struct scrub *c = scrub_new(t->store);
    for (unsigned i = 0; i < 300; i++) {
        scrub_step(c);
        if (i % 3) continue;
        uint64_t from = last - dice(&seed, 700);
        assert_ok(t, store_truncate(t->store, from, &t->err));
        last = from - 1 + dice(&seed, 900);
        if (last < ENTRIES / 2) last = ENTRIES;
        scratch_append(t, from, last, ++term, 100);
        assert_int_equal(scrub_report(c)->last.count, 0);
    }
    assert_true(scrub_report(c)->rounds > 1);
    scrub_free(c);
}

static void a_segment_that_is_cut_while_it_is_read_is_left(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    struct scrub *c = scrub_new(t->store);
    uint64_t before = store_marked(STORE_MARK_scrub_gave_way);
    assert_true(scrub_step(c) > 0); /* its pages; its records are next */
    assert_ok(t, store_truncate(t->store, 10, &t->err));
    assert_int_equal(scrub_round(c)->count, 0);
    assert_int_equal(store_marked(STORE_MARK_scrub_gave_way), before + 1);
    scrub_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(whole_data_is_looked_at_and_nothing_is_found),
        story(a_page_that_rots_under_a_running_store_is_found_and_not_served),
        story(a_record_that_rots_is_found_and_the_round_goes_on),
        story(a_log_that_is_cut_and_replaced_under_it_is_no_damage),
        story(a_segment_that_is_cut_while_it_is_read_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
