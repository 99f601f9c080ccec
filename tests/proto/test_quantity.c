/* Quantities: the same numbers and the same canonical texts as Kubernetes. */
#include "proto/quantity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *canonical(const char *text)
{
    static struct buf out;
    buf_clear(&out);
    if (!quantity_canonical(str_of(text), &out)) return "(refused)";
    return out.data;
}

static void canonical_texts_are_those_of_kubernetes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"0", "0"},
        {"0.0", "0"},
        {"0Gi", "0"},
        {"-0", "0"},
        {"1", "1"},
        {"+1", "1"},
        {"-1", "-1"},
        {"001", "1"},
        {"100m", "100m"},
        {"1000m", "1"},
        {"0.5", "500m"},
        {".5", "500m"},
        {"5.", "5"},
        {"1.5Gi", "1536Mi"},
        {"1024Mi", "1Gi"},
        {"1000Ki", "1000Ki"},
        {"1000k", "1M"},
        {"1500", "1500"},
        {"15000", "15k"},
        {"1e3", "1e3"},
        {"1E3", "1e3"},
        {"2e2", "200"},
        {"1E", "1E"},
        {"1.0001n", "2n"},
        {"0.1n", "1n"},
        {"-0.1n", "-1n"},
        {"512Ki", "512Ki"},
        {"0.5Ki", "512"},
        {"1023", "1023"},
        {"1Ki", "1Ki"},
        {"1.0001Ki", "1024102400u"},
        {"12345678901234567890", "9223372036854775807"},
        {"8Ei", "9223372036854775807"},
        {"7Ei", "7Ei"},
        {"-7Ei", "-7Ei"},
        {"100e-3", "100e-3"},
        {"1e-12", "1e-9"},
        {"0.000000001", "1n"},
        {"1.25", "1250m"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(canonical(cases[i].in), cases[i].out);
}

static void what_is_not_a_quantity_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",   "-",    "+",     ".",   "m",   "Gi",   "1 ",  " 1",  "1K",    "1ki",  "1GI", "1.2.3",
        "1e", "1ee3", "1e3Gi", "--1", "+-1", "0x10", "1,5", "1mm", "1e+-3", "1Gi ", "abc"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = 77;
        assert_string_equal(canonical(bad[i]), "(refused)");
        assert_false(quantity_milli(str_of(bad[i]), &value));
        assert_int_equal(value, 77);
    }
}

static void milli_rounds_up_and_saturates(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int64_t milli, value;
    } cases[] = {
        {"1", 1000, 1},
        {"100m", 100, 1},
        {"1u", 1, 1},
        {"0", 0, 0},
        {"1.0001", 1001, 2},
        {"-1.5", -1500, -2},
        {"128Mi", 134217728000, 134217728},
        {"1.5Gi", 1610612736000, 1610612736},
        {"0.1Ki", 102400, 103},
        {"2e3", 2000000, 2000},
        {"9E", INT64_MAX, 9000000000000000000},
        {"1e99", INT64_MAX, INT64_MAX},
        {"-1e999999999999", -INT64_MAX, -INT64_MAX},
        {"1e-99", 1, 1},
        {"0e99", 0, 0},
        {"99999999999999999999999999999999999999999999999999", INT64_MAX, INT64_MAX},
        {"0.00000000000000000000000000000000000000000000000001Ei", 1, 1},
        {"1.00000000000000000000000000000000000000000000000000", 1000, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t milli, value;
        assert_true(quantity_milli(str_of(cases[i].in), &milli));
        assert_true(quantity_value(str_of(cases[i].in), &value));
        assert_int_equal(milli, cases[i].milli);
        assert_int_equal(value, cases[i].value);
    }
}

static void canonical_text_means_the_same_and_stays(void **state)
{
    (void)state;
    static const char *const suffixes[] = {"n",  "u",  "m",  "",   "k",  "M",
                                           "Ki", "Mi", "Gi", "e3", "e-2"};
    for (unsigned n = 1; n < 5000; n = n * 3 + 1)
        for (size_t s = 0; s < sizeof suffixes / sizeof *suffixes; s++) {
            char text[32], once[64];
            int64_t before, after;
            snprintf(text, sizeof text, "%u.%u%s", n, n % 8, suffixes[s]);
            snprintf(once, sizeof once, "%s", canonical(text));
            assert_string_equal(canonical(once), once);
            assert_true(quantity_milli(str_of(text), &before));
            assert_true(quantity_milli(str_of(once), &after));
            assert_int_equal(before, after);
        }
}

static void milli_is_formatted_in_the_decimal_family(void **state)
{
    (void)state;
    static const struct {
        int64_t milli;
        const char *text;
    } cases[] = {{0, "0"},
                 {1, "1m"},
                 {1000, "1"},
                 {1500, "1500m"},
                 {4000000, "4k"},
                 {-250, "-250m"},
                 {INT64_MIN, "-9223372036854775808m"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf out = BUF_INIT;
        quantity_format_milli(cases[i].milli, &out);
        assert_string_equal(out.data, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_texts_are_those_of_kubernetes),
        cmocka_unit_test(what_is_not_a_quantity_is_refused),
        cmocka_unit_test(milli_rounds_up_and_saturates),
        cmocka_unit_test(canonical_text_means_the_same_and_stays),
        cmocka_unit_test(milli_is_formatted_in_the_decimal_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
