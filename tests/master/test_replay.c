/* How far a replay goes in a store whose hint of what is committed lags behind. */
#include "store/scratch.h"

#include "master/replay.h"

/* A log of `n` entries, each of which makes one config map. */
static void write_log(struct scratch *t, unsigned n)
{
    static const struct store_identity identity = {
        .cluster = "5f0e2c0a-0000-4000-8000-000000000001", .server_id = 1};
    buf_auto struct buf body = BUF_INIT;
    size_t mark = mp_begin(&body);
    mp_put_z(&body, "metadata");
    mp_put_map(&body, 0);
    mp_end_map(&body, mark, 1);
    scratch_open(t);
    assert_ok(t, store_identity_set(t->store, &identity, &t->err));
    assert_ok(t, store_slot_set(t->store, 1, 0, &t->err));
    for (unsigned i = 1; i <= n; i++) {
        struct entry_writer w = {0};
        buf_auto struct buf entry = BUF_INIT;
        mem_auto char *name = mem_printf("m%u", i);
        buf_auto struct buf copy = BUF_INIT;
        buf_append(&copy, body.data, body.len);
        struct doc *doc = doc_from_buf(&copy);
        struct event e = {.type = EVENT_CREATED,
                          .kind = kind_configmap,
                          .ns = STR("default"),
                          .name = str_of(name),
                          .body = doc};
        entry_begin(&w);
        entry_txn(&w, &(struct txn){.who = STR("tester")});
        entry_event(&w, &e);
        entry_finish(&w, 1000 + i, i, &entry);
        entry_free(&w);
        doc_unref(doc);
        struct record record = {.index = i,
                                .term = 1,
                                .type = 1,
                                .first_revision = i,
                                .time_ms = 1000 + i,
                                .payload = {entry.data, entry.len}};
        assert_ok(t, store_append(t->store, &record, 1, &t->err));
    }
}

static void a_replay_stops_at_what_it_knows_to_be_committed(void **state)
{
    struct scratch *t = *state;
    struct replay *r;
    write_log(t, 5);
    store_committed_set(t->store, 2);
    assert_ok(t, replay_open(&r, t->store, 0, &t->err));
    assert_int_equal(replay_to(r, 5, &t->err), E_NOTFOUND);
    assert_int_equal(replay_world(r)->revision, 2);
    replay_close(r);
}

static void a_replay_trusts_who_has_folded_more(void **state)
{
    struct scratch *t = *state;
    struct replay *r;
    write_log(t, 5);
    store_committed_set(t->store, 2);
    assert_ok(t, replay_open(&r, t->store, 0, &t->err));
    replay_trust(r, 4);
    replay_trust(r, 3); /* an older word changes nothing */
    assert_ok(t, replay_to(r, 4, &t->err));
    assert_int_equal(replay_to(r, 5, &t->err), E_NOTFOUND);
    assert_int_equal(replay_world(r)->revision, 4);
    replay_close(r);
}

int main(void)
{
    schema_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_replay_stops_at_what_it_knows_to_be_committed,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_replay_trusts_who_has_folded_more, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
