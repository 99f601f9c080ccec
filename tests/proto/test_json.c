/* JSON in and out: round trips, what is refused, and how Go writes it. */
#include "proto/json.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The text after a trip through msgpack, or the error. */
static const char *trip(const char *text)
{
    static struct buf packed, out;
    static struct error err;
    buf_clear(&packed);
    buf_clear(&out);
    if (json_parse(text, strlen(text), &packed, &err)) {
        assert_int_equal(packed.len, 0);
        return err.text;
    }
    assert_true(mp_valid(packed.data, packed.len));
    json_write(mp_read(packed.data, packed.len), &out);
    return out.data;
}

static void values_survive_the_round_trip(void **state)
{
    (void)state;
    static const char *const same[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "127",
        "128",
        "-129",
        "65536",
        "4294967296",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "1.5",
        "-0.25",
        "\"\"",
        "\"text\"",
        "[]",
        "{}",
        "[1,[2,[3,{}]],\"x\"]",
        "{\"a\":{\"b\":[null,true]},\"c\":\"d\"}",
        "0.000001",
        "1e-7",
        "1e+21",
        "1.7976931348623157e+308",
        "5e-324",
        "0.1",
        "100.5",
        "\"\xc3\xa9\xf0\x9f\x98\x80\"",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_string_equal(trip(same[i]), same[i]);
}

static void numbers_are_written_as_go_writes_them(void **state)
{
    (void)state;
    assert_string_equal(trip("1.0"), "1");
    assert_string_equal(trip("1e2"), "100");
    assert_string_equal(trip("1e20"), "100000000000000000000");
    assert_string_equal(trip("-0.0"), "-0");
    assert_string_equal(trip("123456789012345678901234567890"), "1.2345678901234568e+29");
    assert_string_equal(trip("[18446744073709551616,9223372036854775807,-9223372036854775809]"),
                        "[18446744073709552000,9223372036854775807,-9223372036854776000]");
    assert_string_equal(
        trip("[\"18446744073709551616\\\"18446744073709551616\",18446744073709551616]"),
        "[\"18446744073709551616\\\"18446744073709551616\",18446744073709552000]");
}

static void strings_are_escaped_as_go_escapes_them(void **state)
{
    (void)state;
    assert_string_equal(trip("\"<a href='x'>&\""), "\"\\u003ca href='x'\\u003e\\u0026\"");
    assert_string_equal(trip("\"\\u2028\\u2029\\u202a\""), "\"\\u2028\\u2029\xe2\x80\xaa\"");
    assert_string_equal(trip("\"\\n\\r\\t\\b\\f\\u0000\\u001f\\\"\\\\\\/\""),
                        "\"\\n\\r\\t\\u0008\\u000c\\u0000\\u001f\\\"\\\\/\"");
    assert_string_equal(trip("\"\\ud83d\\ude00\x7f\""), "\"\xf0\x9f\x98\x80\x7f\"");
}

static void binary_is_written_as_base64(void **state)
{
    (void)state;
    static const char *const wanted[] = {"\"\"", "\"AA==\"", "\"AP8=\"", "\"AP8Q\"",
                                         "\"AP8QIA==\""};
    for (size_t n = 0; n < 5; n++) {
        buf_auto struct buf b = BUF_INIT, out = BUF_INIT;
        mp_put_bin(&b, "\x00\xff\x10\x20", n);
        json_write(mp_read(b.data, b.len), &out);
        assert_string_equal(out.data, wanted[n]);
    }
}

static void the_last_of_equal_keys_wins_at_the_first_place(void **state)
{
    (void)state;
    assert_string_equal(trip("{\"a\":1,\"b\":2,\"a\":3}"), "{\"a\":3,\"b\":2}");
    assert_string_equal(trip("{\"a\":1,\"\\u0061\":{\"x\":1,\"x\":2}}"), "{\"a\":{\"x\":2}}");
    buf_auto struct buf text = BUF_INIT;
    buf_putc(&text, '{');
    for (int i = 0; i < 50000; i++) buf_printf(&text, "%s\"k%d\":%d", i ? "," : "", i % 25000, i);
    buf_putc(&text, '}');
    buf_auto struct buf packed = BUF_INIT;
    assert_int_equal(json_parse(text.data, text.len, &packed, NULL), 0);
    struct mp map = mp_read(packed.data, packed.len);
    assert_int_equal(map.count, 25000);
    assert_int_equal(mp_i64(mp_get(map, "k7"), -1), 25007);
}

static void malformed_text_is_refused_with_a_place(void **state)
{
    (void)state;
    assert_non_null(strstr(trip("{\"a\": tru}"), "at byte 6"));
    assert_non_null(strstr(trip("[1,2,,3]"), "at byte 5"));
    static const char *const bad[] = {
        "",
        "   ",
        "{",
        "}",
        "[1,",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "[1 2]",
        "nul",
        "01",
        "1.",
        "-",
        "+1",
        ".5",
        "1e",
        "\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"a\nb\"",
        "[1]]",
        "{} {}",
        "1 2",
        "'a'",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "1e999",
        "[01234567890123456789012]",
        "NaN",
        "[\"a\",]",
        "\x01",
        "12345678901234567890123-4",
        "{\"a\":1,}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf packed = BUF_INIT;
        struct error err = {0};
        if (json_parse(bad[i], strlen(bad[i]), &packed, &err) != E_INVALID)
            fail_msg("accepted: %s", bad[i]);
        assert_true(err.text[0]);
        assert_int_equal(packed.len, 0);
        buf_free(&packed);
    }
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char text[4096];
    for (int depth = 1; depth < 2000; depth = depth < 70 ? depth + 1 : depth * 2) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        buf_auto struct buf packed = BUF_INIT;
        int code = json_parse(text, 2 * (size_t)depth, &packed, NULL);
        assert_int_equal(code, depth <= MP_DEPTH_MAX + 1 ? 0 : E_INVALID);
        if (!code) assert_true(mp_valid(packed.data, packed.len));
    }
}

static void a_failure_leaves_what_was_in_the_buffer(void **state)
{
    (void)state;
    buf_auto struct buf out = BUF_INIT;
    buf_puts(&out, "kept");
    assert_int_equal(json_parse("[1,", 3, &out, NULL), E_INVALID);
    assert_int_equal(out.len, 4);
    assert_int_equal(json_parse("1", 1, &out, NULL), 0);
    assert_int_equal(out.len, 5);
}

static void bytes_behind_the_end_are_not_read(void **state)
{
    (void)state;
    buf_auto struct buf out = BUF_INIT;
    assert_int_equal(json_parse("[1,2]garbage", 5, &out, NULL), 0);
    assert_int_equal(mp_read(out.data, out.len).count, 2);
}

static void damaged_msgpack_is_written_without_harm(void **state)
{
    (void)state;
    static const char deep[1000] = {[0 ... 999] = (char)0x91};
    static const char *const bytes[] = {"\x92\x01", "\x81\xa1", "\xdf\xff\xff\xff\xff", "\xc1"};
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        buf_auto struct buf out = BUF_INIT;
        json_write((struct mp){.type = MP_ARRAY, .raw = {bytes[i], strlen(bytes[i])}}, &out);
        assert_true(out.len > 0);
    }
    buf_auto struct buf out = BUF_INIT;
    json_write((struct mp){.type = MP_ARRAY, .raw = {deep, sizeof deep}}, &out);
    assert_true(out.len < 2 * sizeof deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_survive_the_round_trip),
        cmocka_unit_test(numbers_are_written_as_go_writes_them),
        cmocka_unit_test(strings_are_escaped_as_go_escapes_them),
        cmocka_unit_test(binary_is_written_as_base64),
        cmocka_unit_test(the_last_of_equal_keys_wins_at_the_first_place),
        cmocka_unit_test(malformed_text_is_refused_with_a_place),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(a_failure_leaves_what_was_in_the_buffer),
        cmocka_unit_test(bytes_behind_the_end_are_not_read),
        cmocka_unit_test(damaged_msgpack_is_written_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
