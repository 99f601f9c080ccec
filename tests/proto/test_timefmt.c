/* RFC 3339 both ways, against the C library's calendar. */
#include "proto/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static void known_times_read_as_they_should(void **state)
{
    (void)state;
    char text[TIME_TEXT];
    time_format_s(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    time_format_s(1795624262, text);
    assert_string_equal(text, "2026-11-25T16:31:02Z");
    time_format_ms(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    time_format_us(951827696000001, text);
    assert_string_equal(text, "2000-02-29T12:34:56.000001Z");
    time_format_s(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    time_format_s(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
}

static void every_day_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t t = -12219292800; t < 32503680000; t += 86400 * 13 + 3607) {
        char ours[TIME_TEXT], theirs[TIME_TEXT];
        time_t unix_s = (time_t)t;
        struct tm tm;
        gmtime_r(&unix_s, &tm);
        strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &tm);
        time_format_s(t, ours);
        assert_string_equal(ours, theirs);
        int64_t back;
        assert_true(time_parse(str_of(ours), &back));
        assert_int_equal(back, t * 1000000);
    }
}

static void offsets_and_fractions_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {{"1970-01-01T01:00:00+01:00", 0},
                 {"1969-12-31T19:30:00-04:30", 0},
                 {"1970-01-01T00:00:00.5Z", 500000},
                 {"1970-01-01T00:00:00.123456789Z", 123456},
                 {"1970-01-01t00:00:01z", 1000000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us;
        assert_true(time_parse(str_of(cases[i].text), &us));
        assert_int_equal(us, cases[i].us);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-11-23",
                                      "2026-11-23T16:31:02",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01T00:60:00Z",
                                      "2026-01-01T00:00:60Z",
                                      "2026-01-01T00:00:00.Z",
                                      "2026-01-01T00:00:00Zx",
                                      "2026-01-01T00:00:00+1:00",
                                      "26-01-01T00:00:00Z",
                                      "2026-01-01 00:00:00Z",
                                      "2026-01-01T00:00:00+24:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t us = 5;
        if (time_parse(str_of(bad[i]), &us)) fail_msg("accepted: %s", bad[i]);
        assert_int_equal(us, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_times_read_as_they_should),
        cmocka_unit_test(every_day_agrees_with_the_c_library),
        cmocka_unit_test(offsets_and_fractions_are_understood),
        cmocka_unit_test(what_is_no_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
