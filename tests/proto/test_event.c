/* Entries: what goes in comes out; what is damaged is refused; what is newer is understood as far
 * as it can be. */
#include "base/mem.h"
#include "proto/event.h"
#include "proto/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct doc *doc_of(const char *json)
{
    buf_auto struct buf b = BUF_INIT;
    assert_int_equal(json_parse(json, strlen(json), &b, NULL), 0);
    return doc_new(b.data, b.len);
}

/* Each event as a line. */
static int tell(void *ctx, const struct entry_head *head, const struct txn *txn, uint64_t revision,
                const struct event *e)
{
    struct buf *out = ctx;
    buf_printf(out, "%llu@%lld %.*s<%llu %s %s %.*s/%.*s", (unsigned long long)revision,
               (long long)head->time_ms, (int)txn->who.n, txn->who.p,
               (unsigned long long)txn->cause, event_type_name(e->type), e->kind->key, (int)e->ns.n,
               e->ns.p ? e->ns.p : "", (int)e->name.n, e->name.p);
    if (txn->request.bytes[0]) buf_printf(out, " req=%02x", txn->request.bytes[0]);
    if (e->body) buf_puts(out, " body="), json_write(doc_root(e->body), out);
    if (e->status) buf_puts(out, " status="), json_write(doc_root(e->status), out);
    if (e->node.p) buf_printf(out, " node=%.*s", (int)e->node.n, e->node.p);
    for (int i = 0; i < 4; i++)
        if (e->text[i].p) buf_printf(out, " [%d]=%.*s", i, (int)e->text[i].n, e->text[i].p);
    if (e->deleted_s) buf_printf(out, " s=%lld", (long long)e->deleted_s);
    if (e->grace_s) buf_printf(out, " grace=%d", e->grace_s);
    if (e->bumps_generation) buf_puts(out, " bumps");
    if (e->bears_uid) buf_puts(out, " bears uid");
    buf_putc(out, '\n');
    return 0;
}

/* One entry with an event of every type. */
static void write_all(struct buf *out)
{
    struct entry_writer w;
    struct doc *body = doc_of("{\"metadata\":{},\"spec\":{\"x\":1}}"),
               *status = doc_of("{\"n\":2}");
    const struct event events[] = {
        {.type = EVENT_CREATED,
         .kind = kind_pod,
         .ns = STR("d"),
         .name = STR("p"),
         .body = body,
         .status = status,
         .node = STR("n1"),
         .deleted_s = 99},
        {.type = EVENT_CREATED,
         .kind = kind_pod,
         .ns = STR("d"),
         .name = STR("q"),
         .body = body,
         .bears_uid = true},
        {.type = EVENT_UPDATED,
         .kind = kind_replicaset,
         .ns = STR("d"),
         .name = STR("r"),
         .body = body,
         .bumps_generation = true},
        {.type = EVENT_STATUS, .kind = kind_node, .name = STR("n1"), .status = status},
        {.type = EVENT_BOUND,
         .kind = kind_pod,
         .ns = STR("d"),
         .name = STR("q"),
         .node = STR("n2")},
        {.type = EVENT_DELETING,
         .kind = kind_pod,
         .ns = STR("d"),
         .name = STR("q"),
         .deleted_s = 5,
         .grace_s = 30},
        {.type = EVENT_DELETING,
         .kind = kind_pod,
         .ns = STR("d"),
         .name = STR("q"),
         .deleted_s = 6,
         .body = body},
        {.type = EVENT_REMOVED, .kind = kind_pod, .ns = STR("d"), .name = STR("q")},
        {.type = EVENT_UNSCHEDULABLE,
         .kind = kind_pod,
         .ns = STR("d"),
         .name = STR("p"),
         .text[3] = STR("0/1 nodes")},
        {.type = EVENT_CONDITION,
         .kind = kind_node,
         .name = STR("n1"),
         .text = {STR("Ready"), STR("Unknown"), STR("Gone"), STR("")}},
        {.type = EVENT_SCALED, .kind = kind_rc, .ns = STR("d"), .name = STR("c"), .status = status},
    };
    entry_begin(&w);
    entry_txn(&w, &(struct txn){.who = STR("admin"), .request.bytes = {0xab}});
    entry_event(&w, &events[0]);
    entry_event(&w, &events[1]);
    entry_txn(&w, &(struct txn){.who = STR("rs"), .cause = 1ULL << 40});
    for (size_t i = 2; i < sizeof events / sizeof *events; i++) entry_event(&w, &events[i]);
    doc_unref(body); /* the writer has references of its own */
    doc_unref(status);
    entry_finish(&w, 1234, 10, out);
    entry_free(&w);
}

static const char all_told[] =
    "10@1234 admin<0 Created pods d/p req=ab body={\"metadata\":{},\"spec\":{\"x\":1}} "
    "status={\"n\":2} node=n1 s=99\n"
    "11@1234 admin<0 Created pods d/q req=ab body={\"metadata\":{},\"spec\":{\"x\":1}} bears "
    "uid\n"
    "12@1234 rs<1099511627776 Updated replicasets.apps d/r "
    "body={\"metadata\":{},\"spec\":{\"x\":1}} bumps\n"
    "13@1234 rs<1099511627776 StatusChanged nodes /n1 status={\"n\":2}\n"
    "14@1234 rs<1099511627776 Bound pods d/q node=n2\n"
    "15@1234 rs<1099511627776 DeletionRequested pods d/q s=5 grace=30\n"
    "16@1234 rs<1099511627776 DeletionRequested pods d/q body={\"metadata\":{},\"spec\":{\"x\":1}} "
    "s=6\n"
    "17@1234 rs<1099511627776 Removed pods d/q\n"
    "18@1234 rs<1099511627776 Unschedulable pods d/p [3]=0/1 nodes\n"
    "19@1234 rs<1099511627776 ConditionChanged nodes /n1 [0]=Ready [1]=Unknown [2]=Gone [3]=\n"
    "20@1234 rs<1099511627776 ReplicasObserved replicationcontrollers d/c status={\"n\":2}\n";

static void every_type_of_event_comes_back_as_written(void **state)
{
    (void)state;
    buf_auto struct buf entry = BUF_INIT, told = BUF_INIT;
    write_all(&entry);
    struct entry_head head;
    assert_int_equal(entry_peek((struct str){entry.data, entry.len}, &head, NULL), 0);
    assert_int_equal(head.time_ms, 1234);
    assert_int_equal(head.first_revision, 10);
    assert_int_equal(head.event_count, 11);
    assert_int_equal(entry_read((struct str){entry.data, entry.len}, tell, &told, NULL), 0);
    assert_string_equal(told.data, all_told);
}

static void equal_documents_are_written_once(void **state)
{
    (void)state;
    struct entry_writer w;
    buf_auto struct buf out = BUF_INIT;
    entry_begin(&w);
    for (int round = 0; round < 2; round++) {
        entry_txn(&w, &(struct txn){.who = STR("x")});
        for (int i = 0; i < 100; i++) {
            struct doc *same =
                doc_of("{\"metadata\":{\"labels\":{\"a-label\":\"with a long value\"}}}");
            entry_event(&w, &(struct event){.type = EVENT_CREATED,
                                            .kind = kind_pod,
                                            .ns = STR("d"),
                                            .name = STR("p"),
                                            .body = same});
            doc_unref(same);
        }
        assert_int_equal(w.doc_count, 1);
        buf_clear(&out);
        size_t size = entry_size(&w);
        entry_finish(&w, 0, 1, &out);
        assert_int_equal(entry_size(&w), 0);
        assert_true(out.len >= size && out.len < size + 64);
    }
    entry_free(&w);
}

static void an_empty_entry_is_an_entry(void **state)
{
    (void)state;
    struct entry_writer w;
    buf_auto struct buf out = BUF_INIT, told = BUF_INIT;
    entry_begin(&w);
    entry_finish(&w, 7, 3, &out);
    assert_int_equal(entry_read((struct str){out.data, out.len}, tell, &told, NULL), 0);
    assert_int_equal(told.len, 0);
    entry_free(&w);
}

static int stop_at_12(void *ctx, const struct entry_head *head, const struct txn *txn,
                      uint64_t revision, const struct event *e)
{
    (void)head, (void)txn, (void)e;
    ++*(int *)ctx;
    return revision == 12 ? E_BUSY : 0;
}

static void the_reader_can_be_stopped(void **state)
{
    (void)state;
    buf_auto struct buf entry = BUF_INIT;
    int seen = 0;
    write_all(&entry);
    assert_int_equal(entry_read((struct str){entry.data, entry.len}, stop_at_12, &seen, NULL),
                     E_BUSY);
    assert_int_equal(seen, 3);
}

static int read_json(const char *text, struct buf *told, struct error *err)
{
    buf_auto struct buf b = BUF_INIT;
    assert_int_equal(json_parse(text, strlen(text), &b, NULL), 0);
    return entry_read((struct str){b.data, b.len}, tell, told, err);
}

static void elements_of_newer_builds_are_skipped(void **state)
{
    (void)state;
    buf_auto struct buf told = BUF_INIT;
    struct error err = {0};
    const char *text =
        "[1,5,1,[],[[\"w\",null,0,[[4,1,\"pods\",\"d\",\"p\",\"n1\",{\"more\":[1]},2]],"
        "\"new\"]],{\"also\":\"new\"}]";
    assert_int_equal(read_json(text, &told, &err), 0);
    assert_string_equal(told.data, "1@5 w<0 Bound pods d/p node=n1\n");
}

static void events_of_older_builds_lack_their_last_elements(void **state)
{
    (void)state;
    buf_auto struct buf told = BUF_INIT;
    const char *text = "[1,5,1,[],[[\"w\",null,0,[[5,1,\"pods\",\"d\",\"p\",77,30],"
                       "[8,1,\"nodes\",null,\"n\",\"Ready\",\"True\"]]]]]";
    assert_int_equal(read_json(text, &told, NULL), 0);
    assert_string_equal(told.data, "1@5 w<0 DeletionRequested pods d/p s=77 grace=30\n"
                                   "2@5 w<0 ConditionChanged nodes /n [0]=Ready [1]=True\n");
}

static void what_is_newer_or_no_entry_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *says;
    } cases[] = {
        {"[2,5,1,[],[]]", E_UNSUPPORTED, "newer build"},
        {"[1,5,1,[],[[\"w\",null,0,[[99,1,\"pods\",\"d\",\"p\"]]]]]", E_UNSUPPORTED, "event 99"},
        {"[1,5,1,[],[[\"w\",null,0,[[6,2,\"pods\",\"d\",\"p\"]]]]]", E_UNSUPPORTED, "version 2"},
        {"[1,5,1,[],[[\"w\",null,0,[[6,1,\"nope\",\"d\",\"p\"]]]]]", E_CORRUPT, "kind 'nope'"},
        {"[1,5,1,[],[[\"w\",null,0,[[1,1,\"pods\",\"d\",\"p\",0]]]]]", E_CORRUPT, "revision 1"},
        {"[1,5,1,[],[[\"w\",null,0,[[4,1,\"pods\",\"d\",\"p\"]]]]]", E_CORRUPT, "damaged"},
        {"[1,5,1,[],[[\"w\",null,0,[[4,1,\"pods\",\"d\",\"p\",null]]]]]", E_CORRUPT, "damaged"},
        {"[1,5,1,[],[[\"w\",\"notbin\",0,[]]]]", E_CORRUPT, "transaction"},
        {"[1,5,1,[\"notbin\"],[]]", E_CORRUPT, "document"},
        {"[1,5,-1,[],[]]", E_CORRUPT, "head"},
        {"[1,5,1,[]]", E_CORRUPT, "not an entry"},
        {"{}", E_CORRUPT, "not an entry"},
        {"null", E_CORRUPT, "not an entry"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf told = BUF_INIT;
        struct error err = {0};
        assert_int_equal(read_json(cases[i].text, &told, &err), cases[i].code);
        if (!strstr(err.text, cases[i].says)) fail_msg("%s: %s", cases[i].text, err.text);
    }
}

static void no_truncation_or_flipped_bit_does_harm(void **state)
{
    (void)state;
    buf_auto struct buf entry = BUF_INIT;
    write_all(&entry);
    for (size_t n = 0; n < entry.len; n++) {
        buf_auto struct buf told = BUF_INIT;
        mem_auto char *cut =
            mem_copy(entry.data, n + 1); /* exact size: ASan sees any step beyond */
        assert_int_not_equal(entry_read((struct str){cut, n}, tell, &told, NULL), 0);
        struct entry_head head;
        assert_int_not_equal(entry_peek((struct str){cut, n}, &head, NULL), 0);
    }
    for (size_t bit = 0; bit < entry.len * 8; bit++) {
        buf_auto struct buf told = BUF_INIT;
        mem_auto char *bad = mem_copy(entry.data, entry.len);
        bad[bit / 8] = (char)(bad[bit / 8] ^ 1 << bit % 8);
        entry_read((struct str){bad, entry.len}, tell, &told, NULL);
    }
}

static int setup(void **state)
{
    (void)state;
    schema_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_of_event_comes_back_as_written),
        cmocka_unit_test(equal_documents_are_written_once),
        cmocka_unit_test(an_empty_entry_is_an_entry),
        cmocka_unit_test(the_reader_can_be_stopped),
        cmocka_unit_test(elements_of_newer_builds_are_skipped),
        cmocka_unit_test(events_of_older_builds_lack_their_last_elements),
        cmocka_unit_test(what_is_newer_or_no_entry_is_named),
        cmocka_unit_test(no_truncation_or_flipped_bit_does_harm),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
