/* As test_guards.c: the defects that are about what the log holds, and what else may reach it. */
#include "raft/lone.h"

/* A keyframe of index 4, term 3 as another master would have it. */
static void lone_make_keyframe(struct lone *l)
{
    struct store *s;
    struct error err = {0};
    struct store_options so = {
        .dir = l->c.masters[1].dir, .create = true, .no_sync = true, .ballast_bytes = 4096};
    assert_int_equal(store_open(&s, &so, &err), 0);
    size_t n;
    void *conf = configuration_write(&l->m->q->raft.configuration, &n);
    struct keyframe_meta meta = {.revision = 4,
                                 .index = 4,
                                 .term = 3,
                                 .configuration_index = 1,
                                 .configuration = {conf, n},
                                 .chain.lane = {1, 2, 3, 4}};
    struct keyframe_writer *w;
    assert_int_equal(keyframe_create(s, &meta, &w, &err), 0);
    char record[64] = {42};
    assert_int_equal(keyframe_add(w, (struct str){record, sizeof record}, &err), 0);
    assert_int_equal(keyframe_finish(w, &err), 0);
    struct keyframe *k;
    assert_int_equal(keyframe_open(s, UINT64_MAX, &k, &err), 0);
    assert_int_equal(keyframe_file_size(k, &l->size, &err), 0);
    l->bytes = mem_alloc(l->size);
    for (size_t at = 0, got; at < l->size; at += got)
        assert_int_equal(keyframe_file_read(k, at, l->bytes + at, l->size - at, &got, &err), 0);
    keyframe_close(k);
    store_close(s);
    raft_free(conf);
}

static void lone_offer(struct lone *l, uint64_t from, uint64_t term)
{
    size_t n;
    void *conf = configuration_write(&l->m->q->raft.configuration, &n);
    struct wire w = {.type = WIRE_OFFER, .term = term};
    w.offer.stream = 99;
    w.offer.revision = w.offer.index = 4;
    w.offer.index_term = 3;
    w.offer.size = l->size;
    w.offer.conf_index = 1;
    w.offer.conf = (struct str){conf, n};
    struct buf buf_auto seats = BUF_INIT;
    seats_put(l->m->q, &seats);
    w.offer.seats = (struct str){seats.data, seats.len};
    lone_get(l, from, &w);
    raft_free(conf);
    for (unsigned i = 0; i < 200 && !l->m->restores; i++) {
        cluster_run(&l->c, 5);
        if (l->sent[WIRE_FETCH]) { /* made up, so there is no history before it */
            w = (struct wire){.type = WIRE_RECORDS, .log = {.stream = 99, .verdict = RECORDS_GONE}};
            w.log.after = l->last[WIRE_FETCH].log.after;
            w.log.records = mp_read("\x90", 1);
            lone_get(l, from, &w);
        }
        uint64_t at = l->last[WIRE_PULL].chunk.offset;
        if (!l->sent[WIRE_PULL] || at >= l->size) continue;
        w = (struct wire){.type = WIRE_CHUNK};
        w.chunk.stream = 99;
        w.chunk.offset = at;
        w.chunk.bytes.p = l->bytes + at;
        w.chunk.bytes.n = l->size - at < CHUNK_BYTES ? l->size - at : CHUNK_BYTES;
        lone_get(l, from, &w);
    }
    cluster_run(&l->c, 20);
}

static uint64_t s7_term_at_4(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    lone_append(&l, 2, 5, 1, 1, 1, 5, 5); /* 2 to 6, term 5, never committed */
    cluster_run(&l.c, 20);
    lone_make_keyframe(&l);
    lone_offer(&l, 3, 6);
    uint64_t term = view_term(l.m->q, 4);
    assert_int_equal(l.m->restores, off ? 0 : 1);
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 0); /* success, rightly or not */
    if (!off) {
        assert_int_equal(view_last_index(l.m->q), 4);
        assert_int_equal(l.last[WIRE_APPENDED].appended.last_index, 4);
        assert_int_equal(l.m->state.values[0], 42);
        lone_append(&l, 3, 6, 4, 3, 5, 1, 6); /* and the log goes on */
        cluster_run(&l.c, 20);
        assert_int_equal(l.m->q->raft.commit_index, 5);
        assert_int_equal(store_bounds(l.m->store).last_index, 5);
    }
    l.c.truth.count = 0; /* made up histories do not fit together */
    lone_close(&l);
    return term;
}

static void s7_a_conflicting_suffix_gives_way_to_the_keyframe(void **state)
{
    (void)state;
    assert_int_equal(s7_term_at_4(0), 3);
    assert_int_equal(s7_term_at_4(7), 5);
}

static uint64_t s8_last_index(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    struct raft_configuration conf;
    raft_configuration_init(&conf);
    raft_configuration_add(&conf, 1, "a:1", RAFT_VOTER);
    raft_configuration_add(&conf, 9, "z:1", RAFT_VOTER);
    size_t n;
    void *bytes = configuration_write(&conf, &n);
    struct raft_entry entry = {.term = 2, .type = RAFT_CHANGE, .buf = {bytes, n}};
    struct wire w = {.type = WIRE_APPEND, .term = 2};
    w.append.prev_index = w.append.prev_term = 1;
    struct buf buf_auto frame = BUF_INIT;
    wire_write_append(&frame, &w, &entry, 1);
    quorum_deliver(l.m->q, 2, frame.data, frame.len);
    cluster_run(&l.c, 20);
    uint64_t last = view_last_index(l.m->q);
    if (off) assert_int_equal(l.m->q->raft.configuration_uncommitted_index, 2);
    raft_free(bytes);
    raft_configuration_close(&conf);
    lone_close(&l);
    return last;
}

static void s8_a_change_of_members_is_refused_at_the_door(void **state)
{
    (void)state;
    assert_int_equal(s8_last_index(0), 1);
    assert_int_equal(s8_last_index(8), 2);
}

/* libraft tells writes apart by index and term only: entries wait while a truncation is under way.
 */
static void entries_wait_for_a_truncation(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    l.m->disk->stuck = true;
    lone_append(&l, 2, 2, 1, 1, 1, 2, 2);
    lone_append(&l, 3, 3, 1, 1, 1, 1, 3); /* truncates 2 and 3 */
    lone_append(&l, 3, 3, 2, 3, 1, 1, 3);
    assert_int_equal(l.m->q->held_count, 1);
    assert_int_equal(view_last_index(l.m->q), 2);
    l.m->disk->stuck = false;
    cluster_run(&l.c, 50);
    assert_int_equal(l.m->q->held_count, 0);
    assert_int_equal(l.m->q->raft.last_stored, 3);
    assert_int_equal(store_bounds(l.m->store).last_term, 3);
    lone_close(&l);
}

/* libraft forgets what is before a keyframe, and would append it a second time. */
static void what_was_forgotten_is_not_appended_again(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    l.m->q->options.keyframe_entries = 10;
    l.m->q->options.trailing_entries = 1;
    lone_append(&l, 2, 2, 1, 1, 1, 20, 2); /* 2 to 21 */
    cluster_run(&l.c, 20);
    lone_append(&l, 2, 2, 21, 2, 21, 0, 2); /* committed: a keyframe is written */
    cluster_run(&l.c, 50);
    assert_int_equal(l.m->q->raft.log.offset, 20);
    lone_append(&l, 2, 2, 4, 2, 21, 5, 2); /* all of it long known */
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 0);
    assert_int_equal(l.last[WIRE_APPENDED].appended.last_index, 21);
    lone_append(&l, 2, 2, 10, 2, 21, 14, 2); /* 11 to 24: three are new */
    cluster_run(&l.c, 20);
    assert_int_equal(l.last[WIRE_APPENDED].appended.last_index, 24);
    assert_int_equal(view_last_index(l.m->q), 24);
    assert_int_equal(store_bounds(l.m->store).last_index, 24);
    lone_append(&l, 2, 2, 0, 0, 21, 3, 2); /* from the very first */
    assert_int_equal(view_last_index(l.m->q), 24);
    assert_int_equal(l.m->q->marks[MARK_append_trimmed], 3);
    lone_close(&l);
}

/* The master must not stop, and not change its mind, whatever bytes arrive. */
static void damaged_frames_change_nothing(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    lone_append(&l, 2, 2, 1, 1, 1, 4, 2);
    cluster_run(&l.c, 20);
    uint64_t random = 5;
    char payload[ENTRY_HEADER + 4] = {0};
    struct raft_entry entries[2] = {
        {.term = 2, .type = RAFT_COMMAND, .buf = {payload, sizeof payload}},
        {.term = 2, .type = RAFT_BARRIER}};
    struct wire w = {.type = WIRE_APPEND, .term = 2};
    w.append.prev_index = 5;
    w.append.prev_term = 2;
    struct buf buf_auto frame = BUF_INIT;
    wire_write_append(&frame, &w, entries, 2);
    for (unsigned i = 0; i < 3000; i++) {
        struct buf buf_auto broken = BUF_INIT;
        buf_append(&broken, frame.data, frame.len);
        size_t n = fake_random(&random) % frame.len; /* cut short */
        quorum_deliver(l.m->q, 2, broken.data, n);
        broken.data[0] =
            (char)fake_random(&random); /* not an array of six any more, or hardly ever */
        if (((unsigned char)broken.data[0]) != 0x96)
            quorum_deliver(l.m->q, 2, broken.data, broken.len);
    }
    assert_int_equal(view_last_index(l.m->q), 5);
    w.term = UINT64_MAX >> 3; /* one bogus term must not be the last one */
    lone_get(&l, 2, &w);
    assert_int_equal(l.m->q->raft.current_term, 2);
    assert_int_equal(l.m->q->marks[MARK_term_jump], 1);
    quorum_deliver(l.m->q, 77, frame.data, frame.len);
    quorum_deliver(l.m->q, 1, frame.data, frame.len); /* ourselves */
    assert_int_equal(l.m->q->marks[MARK_unknown_sender], 2);
    lone_close(&l);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s7_a_conflicting_suffix_gives_way_to_the_keyframe),
        cmocka_unit_test(s8_a_change_of_members_is_refused_at_the_door),
        cmocka_unit_test(entries_wait_for_a_truncation),
        cmocka_unit_test(what_was_forgotten_is_not_appended_again),
        cmocka_unit_test(damaged_frames_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
