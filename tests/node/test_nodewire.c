/* The messages between nodes and masters: what is written is read again, what is not one is
 * refused. */
#include "proto/nodewire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void put_example(struct buf *out, const char *key)
{
    mp_put_map(out, 1);
    mp_put_z(out, key);
    mp_put_z(out, "value");
}

static void assert_str(struct str a, struct str b)
{
    assert_int_equal(a.n, b.n);
    if (a.n) assert_memory_equal(a.p, b.p, a.n);
}

static void a_pod_survives_the_wire_with_its_needs(void **state)
{
    (void)state;
    struct buf buf_auto body = BUF_INIT, status = BUF_INIT, needs = BUF_INIT, frame = BUF_INIT;
    put_example(&body, "spec");
    put_example(&status, "phase");
    mp_put_array(&needs, 3);
    mp_put_array(&needs, 3), mp_put_z(&needs, "secrets"), mp_put_z(&needs, "key"),
        put_example(&needs, "data");
    mp_put_array(&needs, 3), mp_put_z(&needs, "configmaps"), mp_put_z(&needs, "cm"),
        mp_put_nil(&needs);
    mp_put_array(&needs, 1), mp_put_z(&needs, "malformed");
    struct nodewire m = {
        .type = NODEWIRE_POD,
        .ns = STR("default"),
        .name = STR("web-1"),
        .uid = {{1, 2, 3}},
        .revision = 77,
        .created_s = 1000,
        .deleted_s = 1020,
        .grace_s = 30,
        .body = {body.data, body.len},
        .status = {status.data, status.len},
        .needs = {needs.data, needs.len},
    };
    nodewire_write(&m, &frame);
    struct nodewire back;
    struct error err = {0};
    assert_int_equal(nodewire_read(frame.data, frame.len, &back, &err), 0);
    assert_int_equal(back.type, NODEWIRE_POD);
    assert_str(back.ns, m.ns);
    assert_str(back.name, m.name);
    assert_true(uid_equal(&back.uid, &m.uid));
    assert_int_equal(back.revision, 77);
    assert_int_equal(back.created_s, 1000);
    assert_int_equal(back.deleted_s, 1020);
    assert_int_equal(back.grace_s, 30);
    assert_str(back.body, m.body);
    assert_str(back.status, m.status);
    struct mp_iter it = mp_items(mp_read(back.needs.p, back.needs.n));
    struct nodewire_need need;
    assert_true(nodewire_need_next(&it, &need));
    assert_true(str_is(need.kind, "secrets") && mp_is(mp_get(need.body, "data"), "value"));
    assert_true(nodewire_need_next(&it, &need));
    assert_true(str_is(need.name, "cm") && need.body.type == MP_NIL);
    assert_false(nodewire_need_next(&it, &need));
}

static void every_message_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (int type = 0; type < 32; type++) {
        if (!strcmp(nodewire_name(type), "unknown")) continue;
        struct nodewire m = {.type = type,
                             .version = 1,
                             .text = STR("why"),
                             .address = STR("host:1"),
                             .token = STR("t"),
                             .name = STR("n"),
                             .heartbeat_ms = UINT64_MAX};
        struct buf buf_auto frame = BUF_INIT, again = BUF_INIT;
        nodewire_write(&m, &frame);
        struct nodewire back;
        struct error err = {0};
        assert_int_equal(nodewire_read(frame.data, frame.len, &back, &err), 0);
        nodewire_write(&back, &again);
        assert_int_equal(frame.len, again.len);
        assert_memory_equal(frame.data, again.data, frame.len);
    }
}

static void a_longer_message_of_a_newer_node_is_understood(void **state)
{
    (void)state;
    struct buf buf_auto frame = BUF_INIT;
    mp_put_array(&frame, 4);
    mp_put_uint(&frame, NODEWIRE_REFUSE), mp_put_z(&frame, "no"), mp_put_bool(&frame, true),
        mp_put_nil(&frame);
    struct nodewire m;
    assert_int_equal(nodewire_read(frame.data, frame.len, &m, NULL), 0);
    assert_true(str_is(m.text, "no"));
}

static void refused(struct buf *frame, const char *why)
{
    struct nodewire m = {.revision = 4711};
    struct error err = {0};
    assert_int_equal(nodewire_read(frame->data, frame->len, &m, &err), E_INVALID);
    assert_non_null(strstr(err.text, why));
    assert_int_equal(m.revision, 4711); /* untouched */
    buf_free(frame);
}

static void frames_that_are_no_messages_are_refused_with_a_reason(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    buf_puts(&b, "GET / HTTP/1.1\r\n\r\n");
    refused(&b, "not one msgpack value");
    mp_put_map(&b, 0);
    refused(&b, "not an array");
    mp_put_array(&b, 0);
    refused(&b, "empty");
    mp_put_array(&b, 1), mp_put_uint(&b, 99);
    refused(&b, "unknown message type");
    mp_put_array(&b, 1), mp_put_z(&b, "hello");
    refused(&b, "unknown message type");
    mp_put_array(&b, 1), mp_put_uint(&b, NODEWIRE_GONE);
    refused(&b, "gone: uid is missing");
    mp_put_array(&b, 2), mp_put_uint(&b, NODEWIRE_GONE), mp_put_bin(&b, "short", 5);
    refused(&b, "uid has the wrong type");
    mp_put_array(&b, 2), mp_put_uint(&b, NODEWIRE_NODE_STATUS), mp_put_nil(&b);
    refused(&b, "status has the wrong type");
    mp_put_array(&b, 2), mp_put_uint(&b, NODEWIRE_HELLO), mp_put_int(&b, -1);
    refused(&b, "version has the wrong type");
}

static void no_cut_or_flipped_frame_is_read_out_of_bounds(void **state)
{
    (void)state;
    unsigned seed = 20261123;
    print_message("seed %u\n", seed);
    struct buf buf_auto body = BUF_INIT, frame = BUF_INIT;
    put_example(&body, "spec");
    struct nodewire m = {.type = NODEWIRE_POD,
                         .ns = STR("default"),
                         .name = STR("web-1"),
                         .body = {body.data, body.len}};
    nodewire_write(&m, &frame);
    for (size_t n = 0; n < frame.len; n++) {
        char *cut = malloc(n ? n : 1);
        memcpy(cut, frame.data, n);
        struct nodewire out;
        assert_int_equal(nodewire_read(cut, n, &out, NULL), E_INVALID);
        free(cut);
    }
    for (int i = 0; i < 20000; i++) {
        char *bent = malloc(frame.len);
        memcpy(bent, frame.data, frame.len);
        for (int k = 0; k < 1 + i % 3; k++)
            bent[(size_t)rand_r(&seed) % frame.len] = (char)rand_r(&seed);
        struct nodewire out;
        struct buf buf_auto again = BUF_INIT;
        if (nodewire_read(bent, frame.len, &out, NULL) == 0) nodewire_write(&out, &again);
        free(bent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_survives_the_wire_with_its_needs),
        cmocka_unit_test(every_message_is_read_as_it_was_written),
        cmocka_unit_test(a_longer_message_of_a_newer_node_is_understood),
        cmocka_unit_test(frames_that_are_no_messages_are_refused_with_a_reason),
        cmocka_unit_test(no_cut_or_flipped_frame_is_read_out_of_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
