/* What masters say to each other: written and read back, and what is refused. */
#include "raft/wire.h"

#include "base/mem.h"

#include <raft.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct raft_configuration three_servers(void)
{
    struct raft_configuration conf;
    raft_configuration_init(&conf);
    raft_configuration_add(&conf, 1, "a:1", RAFT_VOTER);
    raft_configuration_add(&conf, 2, "bb:22", RAFT_VOTER);
    raft_configuration_add(&conf, 3, "ccc:333", RAFT_STANDBY);
    return conf;
}

static void reads_back(const struct wire *w, struct wire *out)
{
    static struct buf frame;
    buf_clear(&frame);
    wire_write(&frame, w);
    struct error err = {0};
    if (wire_read((struct str){frame.data, frame.len}, out, &err)) fail_msg("%s", err.text);
    assert_int_equal(w->type, out->type);
    for (size_t n = 0; n < frame.len; n++) { /* no part of it is a message */
        struct wire part;
        char *copy = mem_copy(frame.data, n);
        assert_int_equal(wire_read((struct str){copy, n}, &part, NULL), E_INVALID);
        mem_free(copy);
    }
    struct buf buf_auto longer = BUF_INIT;
    buf_append(&longer, frame.data, frame.len);
    buf_putc(&longer, 0);
    struct wire part;
    assert_int_equal(wire_read((struct str){longer.data, longer.len}, &part, NULL), E_INVALID);
    wire_write(&longer, out); /* what was read writes the same bytes */
    assert_memory_equal(longer.data + frame.len + 1, frame.data, frame.len);
    buf_free(&longer);
    if (w->type == WIRE_TELL) buf_free(&frame);
}

static void every_message_survives_writing_and_reading(void **state)
{
    (void)state;
    struct raft_configuration conf = three_servers();
    size_t n;
    void *bytes = configuration_write(&conf, &n);
    struct wire w = {.type = WIRE_APPENDED, .term = 3, .appended = {4, 5}}, back;
    reads_back(&w, &back);
    assert_int_equal(back.appended.rejected, 4);
    assert_int_equal(back.appended.last_index, 5);
    w = (struct wire){.type = WIRE_VOTE, .term = 7, .vote = {9, 6, true}};
    reads_back(&w, &back);
    assert_int_equal(back.vote.last_term, 6);
    assert_true(back.vote.pre);
    w = (struct wire){.type = WIRE_VOTED, .term = 7, .voted = {true, false}};
    reads_back(&w, &back);
    assert_true(back.voted.granted && !back.voted.pre);
    w = (struct wire){
        .type = WIRE_OFFER, .term = 9, .offer = {UINT64_MAX, 8, 7, 6, 5, 1, {bytes, n}}};
    reads_back(&w, &back);
    assert_true(back.offer.stream == UINT64_MAX && back.offer.size == 5);
    w = (struct wire){.type = WIRE_PULL, .chunk = {.stream = 1, .offset = 262144}};
    reads_back(&w, &back);
    w = (struct wire){.type = WIRE_CHUNK, .chunk = {1, 2, {"bytes", 5}}};
    reads_back(&w, &back);
    assert_true(str_is(back.chunk.bytes, "bytes"));
    w = (struct wire){.type = WIRE_PING, .term = 2, .read = {.boot = UINT64_MAX, .nonce = 3}};
    reads_back(&w, &back);
    assert_true(back.read.boot == UINT64_MAX && back.read.nonce == 3 && back.term == 2);
    w.type = WIRE_PONG;
    reads_back(&w, &back);
    w = (struct wire){.type = WIRE_ASK, .read = {.boot = 1, .nonce = 2}};
    reads_back(&w, &back);
    w = (struct wire){.type = WIRE_ANSWER,
                      .read = {.boot = 1, .nonce = 2, .status = E_NOTLEADER, .index = 4}};
    reads_back(&w, &back);
    assert_int_equal(back.read.status, E_NOTLEADER);
    w = (struct wire){.type = WIRE_FETCH, .log = {.stream = UINT64_MAX, .after = 2, .last = 3}};
    w.log.limit = 4;
    w.log.chain = STR("0123456789abcdef0123456789abcdef");
    reads_back(&w, &back);
    assert_true(back.log.stream == UINT64_MAX && back.log.last == 3 && back.log.limit == 4);
    struct buf buf_auto records = BUF_INIT;
    size_t begin = mp_begin(&records);
    struct record some[] = {{.term = 2, .type = RAFT_BARRIER},
                            {.term = 3, .type = RAFT_COMMAND, .first_revision = 7, .time_ms = -8}};
    some[1].payload = STR("payload");
    for (size_t i = 0; i < 2; i++) wire_put_record(&records, &some[i]);
    mp_end_array(&records, begin, 2);
    w = (struct wire){.type = WIRE_RECORDS, .log = {.stream = 1, .after = 9}};
    w.log.records = mp_read(records.data, records.len);
    reads_back(&w, &back);
    struct mp_iter it = mp_items(back.log.records);
    struct record r;
    assert_true(wire_record_next(&it, &r) && r.term == 2 && r.type == RAFT_BARRIER);
    assert_true(wire_record_next(&it, &r) && r.first_revision == 7 && r.time_ms == -8);
    assert_true(str_is(r.payload, "payload"));
    assert_false(wire_record_next(&it, &r));
    w = (struct wire){.type = WIRE_TELL};
    w.tell = STR("anything");
    reads_back(&w, &back);
    raft_free(bytes);
    raft_configuration_close(&conf);
}

struct entry_spec {
    uint64_t term;
    unsigned short type;
    size_t n;
};

/* An APPEND of term 5 after (3, 2) with these entries. */
static int read_append(const struct entry_spec *specs, unsigned count, struct wire *out,
                       struct buf *frame)
{
    static char bytes[64];
    struct raft_entry entries[4];
    for (unsigned i = 0; i < count; i++)
        entries[i] = (struct raft_entry){
            .term = specs[i].term, .type = specs[i].type, .buf = {bytes, specs[i].n}};
    struct wire w = {.type = WIRE_APPEND, .term = 5};
    w.append.prev_index = 3;
    w.append.prev_term = 2;
    w.append.commit = 3;
    buf_clear(frame);
    wire_write_append(frame, &w, entries, count);
    return wire_read((struct str){frame->data, frame->len}, out, NULL);
}

static void entries_come_as_libraft_wants_them(void **state)
{
    (void)state;
    struct buf buf_auto frame = BUF_INIT;
    struct wire w;
    struct entry_spec specs[] = {
        {2, RAFT_COMMAND, 20}, {4, RAFT_BARRIER, 8}, {5, RAFT_COMMAND, 16}};
    assert_int_equal(read_append(specs, 3, &w, &frame), 0);
    assert_int_equal(w.append.count, 3);
    struct raft_entry *e = wire_entries(&w);
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(e[i].batch, e[0].batch);
        assert_int_equal(e[i].term, specs[i].term);
        assert_int_equal(e[i].buf.len, specs[i].n);
    }
    assert_memory_equal(e[1].buf.base, "\0\0\0\0\0\0\0\0", 8);
    raft_free(e[0].batch);
    raft_free(e);
    assert_int_equal(read_append(NULL, 0, &w, &frame), 0);
    assert_null(wire_entries(&w));
}

static void entries_that_libraft_would_choke_on_are_refused(void **state)
{
    (void)state;
    struct buf buf_auto frame = BUF_INIT;
    struct wire w;
    static const struct entry_spec bad[][2] = {
        {{0, RAFT_COMMAND, 16}, {5, RAFT_COMMAND, 16}}, /* no term */
        {{1, RAFT_COMMAND, 16}, {5, RAFT_COMMAND, 16}}, /* older than the one before */
        {{4, RAFT_COMMAND, 16}, {3, RAFT_COMMAND, 16}}, /* terms go back */
        {{5, RAFT_COMMAND, 16}, {6, RAFT_COMMAND, 16}}, /* newer than the message */
        {{5, RAFT_COMMAND, 15}, {5, RAFT_COMMAND, 16}}, /* no room for the header */
        {{5, 0, 16}, {5, RAFT_COMMAND, 16}},            /* no such type */
        {{5, 4, 16}, {5, RAFT_COMMAND, 16}},
        {{5, RAFT_CHANGE, 0}, {5, RAFT_COMMAND, 16}}, /* not a configuration */
        {{5, RAFT_CHANGE, 30}, {5, RAFT_COMMAND, 16}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (read_append(bad[i], 2, &w, &frame) != E_INVALID) fail_msg("case %zu was taken", i);
}

/* Frames that are well-formed msgpack and yet nonsense. */
static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct str cases[] = {
        STR("\x90"),                              /* no type */
        STR("\x91\x00"),                          /* type 0 */
        STR("\x91\x0f"),                          /* type 15 */
        STR("\x91\x01"),                          /* APPEND without fields */
        STR("\x94\x02\x00\x01\x01"),              /* term 0 */
        STR("\x94\x02\xff\x01\x01"),              /* term -1 */
        STR("\x94\x02\xa1x\x01\x01"),             /* term as text */
        STR("\x95\x02\x01\x01\x01\x01"),          /* one field more */
        STR("\x95\x03\x01\x05\x02\xc2"),          /* VOTE: last term above the term */
        STR("\x95\x03\x02\x00\x01\xc2"),          /* VOTE: a term for no index */
        STR("\x94\x04\x01\x01\xc2"),              /* VOTED: a number for a boolean */
        STR("\x96\x01\x02\x01\x00\x01\x90"),      /* APPEND: previous index without a term */
        STR("\x92\x0c\xa1x"),                     /* TELL: text for bytes */
        STR("\x96\x0d\x01\x01\x01\x01\xc4\x01x"), /* FETCH: a short chain */
        STR("\x95\x0e\x01\x01\x03\x90"),          /* RECORDS: no such verdict */
        STR("\x95\x0e\x01\x01\x01\x91\x95\x01\x02\x00\x00\xc4\x00"), /* refused, and yet records */
        STR("\x95\x0e\x01\x01\x00\x91\x95\x00\x02\x00\x00\xc4\x00"), /* a record without term */
        STR("\x95\x0e\x01\x01\x00\x91\x95\x01\x02\x01\x00\xc4\x00"), /* a barrier's revision */
        STR("\x95\x0e\x01\x01\x00\x91\x95\x01\x03\x00\x00\xc4\x00"), /* an empty change */
        STR("\x95\x0e\x01\x01\x00\x91\x95\x01\x04\x00\x00\xc4\x00"), /* no such type */
        STR("\x81\x01\x02"),                                         /* a map */
        STR("\xc1"),
        STR(""),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire w;
        if (wire_read(cases[i], &w, NULL) != E_INVALID) fail_msg("case %zu was taken", i);
    }
}

static void a_configuration_survives_and_every_cut_is_refused(void **state)
{
    (void)state;
    struct raft_configuration conf = three_servers(), back;
    size_t n, again;
    char *bytes = configuration_write(&conf, &n);
    assert_int_equal(n % 8, 0);
    assert_int_equal(configuration_read((struct str){bytes, n}, &back, NULL), 0);
    assert_int_equal(back.n, 3);
    assert_string_equal(back.servers[1].address, "bb:22");
    void *same = configuration_write(&back, &again);
    assert_int_equal(n, again);
    assert_memory_equal(bytes, same, n);
    raft_free(same);
    raft_configuration_close(&back);
    struct raft_buffer theirs; /* libraft reads ours as we read libraft's */
    assert_int_equal(raft_configuration_encode(&conf, &theirs), 0);
    assert_int_equal(theirs.len, n);
    assert_int_equal(configuration_read((struct str){theirs.base, theirs.len}, &back, NULL), 0);
    raft_configuration_close(&back);
    raft_free(theirs.base);
    size_t content = 1 + 8 + 3 * 9 + 4 + 6 + 8;
    for (size_t cut = 0; cut < content; cut++) {
        char *part = mem_copy(bytes, cut); /* exactly so long: a sanitizer sees every step beyond */
        assert_int_equal(configuration_read((struct str){part, cut}, &back, NULL), E_INVALID);
        mem_free(part);
    }
    memset(bytes + 1, 0xff, 8); /* a great many servers */
    assert_int_equal(configuration_read((struct str){bytes, n}, &back, NULL), E_INVALID);
    raft_free(bytes);
    raft_configuration_close(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_survives_writing_and_reading),
        cmocka_unit_test(entries_come_as_libraft_wants_them),
        cmocka_unit_test(entries_that_libraft_would_choke_on_are_refused),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(a_configuration_survives_and_every_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
