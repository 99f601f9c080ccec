/* Slices, numbers in them, and interned strings. */
#include "base/str.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void slices_compare_bytewise(void **state)
{
    (void)state;
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR(""), (struct str){0}), 0);
    assert_true(str_eq(STR(""), (struct str){0}));
    assert_true(str_starts(STR("abc"), "ab") && !str_starts(STR("a"), "ab"));
    assert_true(str_ends(STR("abc"), "bc") && !str_ends(STR("c"), "bc"));
}

static void what_is_no_utf8_is_known(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "abc", "\xc3\xa4", "eight by\xe2\x82\xactes", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\xff",     "\xc3(",        "eight bytes and \xc3",
                                      "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\x80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(str_is_utf8(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(str_is_utf8(str_of(bad[i])));
}

static void splitting_gives_every_part_and_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text, *parts[4];
    } cases[] = {
        {"a,b,c", {"a", "b", "c"}}, {"", {""}}, {",", {"", ""}}, {"a", {"a"}}, {"a,", {"a", ""}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str rest = str_of(cases[i].text), head;
        int count = 0;
        while (str_split(&rest, ',', &head)) {
            const char *part = cases[i].parts[count++];
            assert_true(part && str_is(head, part));
        }
        assert_null(cases[i].parts[count]);
    }
}

static void numbers_are_read_without_overflow(void **state)
{
    (void)state;
    uint64_t u;
    int64_t i;
    assert_true(str_to_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_true(str_to_i64(STR("-9223372036854775807"), &i) && i == -INT64_MAX);
    assert_true(str_to_i64(STR("007"), &i) && i == 7);
    static const char *const bad[] = {
        "", "-", "+1", " 1", "1 ", "0x1", "18446744073709551616", "99999999999999999999999"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        assert_false(str_to_u64(str_of(bad[k]), &u));
        assert_false(str_to_i64(str_of(bad[k]), &i));
    }
    assert_false(str_to_i64(STR("9223372036854775808"), &i));
}

static void *intern_many(void *first)
{
    istr *out = first;
    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof name, "interned-%d", i);
        out[i] = istr_of(name);
    }
    return NULL;
}

static void an_interned_text_is_one_pointer_in_every_thread(void **state)
{
    (void)state;
    static istr names[3][1000];
    pthread_t threads[3];
    for (int t = 0; t < 3; t++) pthread_create(&threads[t], NULL, intern_many, names[t]);
    for (int t = 0; t < 3; t++) pthread_join(threads[t], NULL);
    assert_memory_equal(names[0], names[1], sizeof names[0]);
    assert_memory_equal(names[0], names[2], sizeof names[0]);
    assert_string_equal(names[0][7], "interned-7");
    assert_ptr_equal(istr_get((struct str){"interned-7xyz", 10}), names[0][7]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_compare_bytewise),
        cmocka_unit_test(what_is_no_utf8_is_known),
        cmocka_unit_test(splitting_gives_every_part_and_ends),
        cmocka_unit_test(numbers_are_read_without_overflow),
        cmocka_unit_test(an_interned_text_is_one_pointer_in_every_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
