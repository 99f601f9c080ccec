/* Buffers and the errors that are built like them. */
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void text_is_always_terminated(void **state)
{
    (void)state;
    buf_auto struct buf b = BUF_INIT;
    for (int i = 0; i < 1000; i++) {
        buf_putc(&b, 'x');
        assert_int_equal(b.data[b.len], '\0');
    }
    buf_puts(&b, "yz");
    buf_printf(&b, "%d-%s", 5, "end");
    assert_int_equal(b.len, 1007);
    assert_string_equal(b.data + 1000, "yz5-end");
}

static void numbers_are_written_to_their_ends(void **state)
{
    (void)state;
    buf_auto struct buf b = BUF_INIT;
    static const int64_t numbers[] = {0, 9, 10, -1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        buf_put_int(&b, numbers[i]);
        buf_putc(&b, ' ');
    }
    buf_put_uint(&b, UINT64_MAX);
    assert_string_equal(b.data, "0 9 10 -1 9223372036854775807 -9223372036854775808 "
                                "18446744073709551615");
}

static void the_front_can_be_consumed(void **state)
{
    (void)state;
    buf_auto struct buf b = BUF_INIT;
    buf_puts(&b, "hello world");
    buf_consume(&b, 6);
    assert_string_equal(b.data, "world");
    buf_consume(&b, 100);
    assert_int_equal(b.len, 0);
    buf_puts(&b, "again");
    assert_string_equal(b.data, "again");
}

static void detached_memory_belongs_to_the_caller(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    mem_auto char *empty = buf_detach(&b);
    assert_string_equal(empty, "");
    buf_puts(&b, "kept");
    mem_auto char *kept = buf_detach(&b);
    assert_string_equal(kept, "kept");
    assert_null(b.data);
    buf_free(&b);
}

static void errors_gather_context_and_never_overflow(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, E_CORRUPT, "record %d", 5), E_CORRUPT);
    assert_int_equal(error_wrap(&err, E_IO, "segment %s", "a"), E_IO);
    assert_int_equal(err.code, E_IO);
    assert_string_equal(err.text, "segment a: record 5");
    for (int i = 0; i < 100; i++) error_wrap(&err, E_IO, "a long context %d", i);
    assert_true(strlen(err.text) < sizeof err.text);
    err = (struct error){0};
    error_wrap(&err, E_FULL, "disk");
    assert_string_equal(err.text, "disk: no space left");
    assert_int_equal(error_set(NULL, E_FULL, "x"), E_FULL);
    assert_int_equal(error_wrap(NULL, E_FULL, "x"), E_FULL);
    assert_string_equal(error_name(0), "success");
    assert_string_equal(error_name(-999), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_always_terminated),
        cmocka_unit_test(numbers_are_written_to_their_ends),
        cmocka_unit_test(the_front_can_be_consumed),
        cmocka_unit_test(detached_memory_belongs_to_the_caller),
        cmocka_unit_test(errors_gather_context_and_never_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
