/* msgpack: written canonically, read without ever leaving the bytes. */
#include "base/mem.h"
#include "proto/json.h"
#include "proto/mp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct mp mp_of(const char *json, struct buf *b)
{
    assert_int_equal(json_parse(json, strlen(json), b, NULL), 0);
    return mp_read(b->data, b->len);
}

static void integers_take_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        size_t bytes;
    } cases[] = {{0, 1},         {127, 1},       {128, 2},       {255, 2},         {256, 3},
                 {65536, 5},     {-32, 1},       {-33, 2},       {-129, 3},        {-32769, 5},
                 {INT64_MAX, 9}, {INT64_MIN, 9}, {1LL << 32, 9}, {-(1LL << 31), 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf b = BUF_INIT;
        mp_put_int(&b, cases[i].value);
        struct mp v = mp_read(b.data, b.len);
        assert_int_equal(b.len, cases[i].bytes);
        assert_int_equal(v.type, MP_INT);
        assert_int_equal(v.i, cases[i].value);
    }
    buf_auto struct buf b = BUF_INIT;
    mp_put_uint(&b, UINT64_MAX);
    assert_int_equal(mp_read(b.data, b.len).type, MP_UINT);
    assert_true(mp_read(b.data, b.len).u == UINT64_MAX);
}

static void strings_and_containers_of_all_sizes_come_back(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
    static char bytes[65536];
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        buf_auto struct buf b = BUF_INIT;
        uint32_t n = sizes[i];
        mp_put_array(&b, 3);
        mp_put_str(&b, (struct str){bytes, n});
        mp_put_bin(&b, bytes, n);
        size_t mark = mp_begin(&b);
        for (uint32_t k = 0; k < n; k++) mp_put_nil(&b);
        mp_end_array(&b, mark, n);
        assert_true(mp_valid(b.data, b.len));
        struct mp all = mp_read(b.data, b.len);
        assert_int_equal(mp_at(all, 0).s.n, n);
        assert_int_equal(mp_at(all, 1).type, MP_BIN);
        assert_int_equal(mp_at(all, 1).s.n, n);
        assert_int_equal(mp_at(all, 2).count, n);
        assert_int_equal(mp_at(all, 3).type, MP_END);
    }
}

static void unknown_counts_are_narrowed_to_canonical_bytes(void **state)
{
    (void)state;
    buf_auto struct buf known = BUF_INIT, marked = BUF_INIT;
    mp_put_map(&known, 1);
    mp_put_z(&known, "a");
    mp_put_array(&known, 2);
    mp_put_int(&known, 1);
    mp_put_int(&known, 2);
    size_t map = mp_begin(&marked);
    mp_put_z(&marked, "a");
    size_t array = mp_begin(&marked);
    mp_put_int(&marked, 1);
    mp_put_int(&marked, 2);
    mp_end_array(&marked, array, 2);
    mp_end_map(&marked, map, 1);
    assert_int_equal(known.len, marked.len);
    assert_memory_equal(known.data, marked.data, known.len);
}

static void fields_are_found_by_path(void **state)
{
    (void)state;
    buf_auto struct buf b = BUF_INIT;
    struct mp v = mp_of("{\"a\":{\"b\":{\"c\":[true,2,\"x\"]}},\"n\":3.0,\"h\":0.5}", &b);
    assert_true(mp_bool(mp_at(mp_path(v, "a.b.c"), 0), false));
    assert_true(mp_is(mp_at(mp_path(v, "a.b.c"), 2), "x"));
    assert_int_equal(mp_path(v, "a.x.c").type, MP_END);
    assert_int_equal(mp_path(v, "n.x").type, MP_END);
    assert_int_equal(mp_i64(mp_get(v, "n"), -1), 3);
    assert_int_equal(mp_i64(mp_get(v, "h"), -1), -1);
    assert_int_equal(mp_i64(mp_get(v, "none"), 7), 7);
    assert_null(mp_str(mp_get(v, "n")).p);
}

static void one_step_at_a_time_sees_every_value_once(void **state)
{
    (void)state;
    buf_auto struct buf b = BUF_INIT;
    mp_of("{\"a\":[1,{\"b\":null}],\"c\":\"d\"}", &b);
    static const enum mp_type wanted[] = {MP_MAP, MP_STR, MP_ARRAY, MP_INT, MP_MAP,
                                          MP_STR, MP_NIL, MP_STR,   MP_STR};
    struct mp_cursor c = {b.data, b.data + b.len};
    struct mp v;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_true(mp_step(&c, &v));
        assert_int_equal(v.type, wanted[i]);
    }
    assert_false(mp_step(&c, &v));
}

static void sameness_ignores_the_order_of_keys_only(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":1,\"c\":2}", "{\"a\":1,\"b\":2}", false},
        {"[1,2]", "[2,1]", false},
        {"1", "1.5", false},
        {"{\"a\":null}", "{\"b\":null}", false},
        {"\"1\"", "1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf a = BUF_INIT, b = BUF_INIT;
        assert_int_equal(mp_same(mp_of(cases[i].a, &a), mp_of(cases[i].b, &b)), cases[i].same);
    }
}

static void large_maps_are_compared_in_linear_time(void **state)
{
    (void)state;
    buf_auto struct buf a = BUF_INIT, b = BUF_INIT;
    const uint32_t many = 50000;
    mp_put_map(&a, many);
    mp_put_map(&b, many);
    for (uint32_t i = 0; i < many; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        mp_put_z(&a, key);
        mp_put_uint(&a, i);
        snprintf(key, sizeof key, "k%u", many - 1 - i);
        mp_put_z(&b, key);
        mp_put_uint(&b, many - 1 - i);
    }
    assert_true(mp_same(mp_read(a.data, a.len), mp_read(b.data, b.len)));
}

static void what_is_not_valid_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {{"", 0},
               {"\xc1", 1},
               {"\xa2x", 2},
               {"\x91", 1},
               {"\x81\xa1x", 3},
               {"\x81\x01\x01", 3},
               {"\xc0\xc0", 2},
               {"\xdd\xff\xff\xff\xff", 5},
               {"\xdf\xff\xff\xff\xff", 5},
               {"\xa1\xff", 2},
               {"\xa2\xc0\x80", 3},
               {"\xa3\xed\xa0\x80", 4},
               {"\xa1\xc3", 2},
               {"\xc6\xff\xff\xff\xff", 5},
               {"\xd4\x01\x02", 3},
               {"\xcf\x01", 2},
               {"\xa4\xf5\x80\x80\x80", 5}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mem_auto char *exact = mem_copy(bad[i].bytes, bad[i].n ? bad[i].n : 1);
        if (mp_valid(exact, bad[i].n)) fail_msg("case %zu is accepted", i);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    static char deep[100000];
    memset(deep, 0x91, sizeof deep);
    for (size_t n = 1; n < 100; n++) {
        deep[n] = (char)0xc0;
        assert_int_equal(mp_valid(deep, n + 1), n <= MP_DEPTH_MAX);
        deep[n] = (char)0x91;
    }
    deep[sizeof deep - 1] = (char)0xc0;
    assert_false(mp_valid(deep, sizeof deep));
    assert_int_equal(mp_read(deep, sizeof deep).raw.n, sizeof deep);
}

/* Random bytes must never make a cursor step outside; ASan sees it if one does. */
static void random_bytes_are_walked_without_harm(void **state)
{
    (void)state;
    unsigned seed = 12345;
    print_message("seed %u\n", seed);
    for (int round = 0; round < 20000; round++) {
        unsigned n = 1 + (unsigned)rand_r(&seed) % 40;
        mem_auto unsigned char *bytes = mem_alloc(n);
        for (unsigned i = 0; i < n; i++) bytes[i] = (unsigned char)(rand_r(&seed) >> 7);
        struct mp v = mp_read(bytes, n);
        bool valid = mp_valid(bytes, n);
        if (valid) assert_int_equal(v.raw.n, n);
        for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) mp_same(it.value, v);
        buf_auto struct buf text = BUF_INIT;
        json_write(v, &text);
        if (!valid || v.type == MP_STR) continue;
        buf_auto struct buf again = BUF_INIT;
        assert_int_equal(json_parse(text.data, text.len, &again, NULL), 0);
    }
}

/* One value after the other, as mp_step reads them. */
static bool stepped_over(struct mp_cursor *c)
{
    struct mp v;
    for (uint64_t left = 1; left; left--) {
        if (!mp_step(c, &v)) return false;
        if (v.type == MP_ARRAY) left += v.count;
        if (v.type == MP_MAP) left += 2 * (uint64_t)v.count;
    }
    return true;
}

static void every_first_byte_is_skipped_as_it_is_read(void **state)
{
    (void)state;
    char bytes[300];
    for (unsigned tag = 0; tag < 256; tag++) {
        for (size_t n = 1; n < sizeof bytes; n += n < 70 ? 1 : 29) {
            memset(bytes, 0, sizeof bytes);
            bytes[0] = (char)tag;
            bytes[1] = tag >= 0xc4 && tag <= 0xdb ? 3 : 0; /* a length */
            struct mp_cursor read = {bytes, bytes + n}, skipped = read;
            bool good = stepped_over(&read);
            assert_int_equal(mp_skip(&skipped, 1), good);
            assert_ptr_equal(skipped.p, good ? read.p : bytes);
        }
    }
}

static void a_container_takes_the_shortest_header_whatever_is_in_it(void **state)
{
    (void)state;
    static const struct {
        uint32_t count;
        size_t head;
    } sizes[] = {{0, 1}, {1, 1}, {15, 1}, {16, 3}, {65535, 3}, {65536, 5}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        buf_auto struct buf b = BUF_INIT;
        mp_put_array(&b, 2);
        size_t map = mp_begin(&b);
        mp_put_z(&b, "list");
        size_t list = mp_begin(&b);
        for (uint32_t k = 0; k < sizes[i].count; k++) mp_put_int(&b, 7);
        mp_end_array(&b, list, sizes[i].count);
        mp_end_map(&b, map, 1);
        mp_put_z(&b, "after");
        assert_int_equal(b.len, 1 + 1 + 5 + sizes[i].head + sizes[i].count + 6);
        assert_true(mp_valid(b.data, b.len));
        struct mp all = mp_read(b.data, b.len), inner = mp_get(mp_at(all, 0), "list");
        assert_int_equal(inner.count, sizes[i].count);
        uint32_t seen = 0;
        for (struct mp_iter it = mp_items(inner); mp_iter_next(&it);) seen += it.value.i == 7;
        assert_int_equal(seen, sizes[i].count);
        assert_true(mp_is(mp_at(all, 1), "after"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_take_their_shortest_form),
        cmocka_unit_test(strings_and_containers_of_all_sizes_come_back),
        cmocka_unit_test(unknown_counts_are_narrowed_to_canonical_bytes),
        cmocka_unit_test(fields_are_found_by_path),
        cmocka_unit_test(one_step_at_a_time_sees_every_value_once),
        cmocka_unit_test(sameness_ignores_the_order_of_keys_only),
        cmocka_unit_test(large_maps_are_compared_in_linear_time),
        cmocka_unit_test(what_is_not_valid_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(random_bytes_are_walked_without_harm),
        cmocka_unit_test(every_first_byte_is_skipped_as_it_is_read),
        cmocka_unit_test(a_container_takes_the_shortest_header_whatever_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
