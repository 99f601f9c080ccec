/* Names by Kubernetes' rules, with its sentences. */
#include "proto/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef const char *check_fn(struct str);

static void expect(check_fn *check, const char *const *good, const char *const *bad)
{
    for (; *good; good++)
        if (check(str_of(*good))) fail_msg("refused '%s': %s", *good, check(str_of(*good)));
    for (; *bad; bad++)
        if (!check(str_of(*bad))) fail_msg("accepted '%s'", *bad);
}
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

#define TEN      "aaaaaaaaaa"
#define SIXTY    TEN TEN TEN TEN TEN TEN
#define LONG_63  SIXTY "aaa"
#define LONG_64  SIXTY "aaaa"
#define LONG_253 LONG_63 "." LONG_63 "." LONG_63 "." SIXTY "a"
#define LONG_254 LONG_63 "." LONG_63 "." LONG_63 "." SIXTY "aa"

static void each_rule_accepts_and_refuses_what_kubernetes_does(void **state)
{
    (void)state;
    expect(name_check_dns_label, LIST("a", "0", "a-b", "123-abc", LONG_63),
           LIST("", "-", "a-", "-a", "A", "a.b", "a_b", "a b", "\xc3\xa9", LONG_64));
    expect(name_check_dns_subdomain, LIST("a", "a.b", "1.2.3", "a-b.c-d", LONG_253),
           LIST("", ".", "a.", ".a", "a..b", "a.-b", "A.b", "a_b", LONG_254));
    expect(name_check_dns_1035, LIST("a", "a1", "a-1", LONG_63),
           LIST("", "1a", "-a", "a-", "A", "a.b", LONG_64));
    expect(name_check_path_segment, LIST("", "a", "A:b c", "...", "system:x"),
           LIST(".", "..", "a/b", "a%b"));
    expect(name_check_config_key, LIST("a", "KEY_NAME", "key.name", ".hidden", "-"),
           LIST("", ".", "..", "..a", "a b", "a/b", "a\xff", LONG_254));
    expect(
        name_check_qualified, LIST("a", "A_b.c-9", "example.com/MyName", LONG_253 "/" LONG_63),
        LIST("", "/", "/a", "a/", "a/b/c", "-a", "a-", "Ex.com/a", "a b", LONG_64, LONG_254 "/a"));
    expect(name_check_label_value, LIST("", "a", "A_b.c-9", LONG_63),
           LIST("-a", "a-", "a b", "a/b", LONG_64));
}

static void zero_bytes_are_no_part_of_a_name(void **state)
{
    (void)state;
    struct str s = {"a\0b", 3};
    assert_non_null(name_check_dns_label(s));
    assert_non_null(name_check_dns_subdomain(s));
    assert_non_null(name_check_config_key(s));
    assert_non_null(name_check_qualified(s));
    assert_non_null(name_check_label_value(s));
}

static void the_sentences_are_those_of_kubernetes(void **state)
{
    (void)state;
    assert_string_equal(
        name_check_dns_label(STR("A")),
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
        "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
        "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
    assert_string_equal(
        name_check_dns_subdomain(STR("A")),
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
        "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
        "used "
        "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
    assert_string_equal(name_check_dns_label(STR(LONG_64)), "must be no more than 63 characters");
    assert_string_equal(name_check_qualified(STR("a/")), "name part must be non-empty");
    assert_string_equal(name_check_path_segment(STR("a%")), "may not contain '%'");
}

static void suffixes_use_the_safe_alphabet_and_every_input(void **state)
{
    (void)state;
    char zero[6], one[6], high[6];
    name_suffix((const unsigned char[8]){0}, zero);
    name_suffix((const unsigned char[8]){[7] = 1}, one);
    name_suffix((const unsigned char[8]){[0] = 1}, high);
    assert_string_equal(zero, "bbbbb");
    assert_string_equal(one, "cbbbb");
    assert_string_not_equal(high, zero);
    for (unsigned i = 0; i < 256; i++) {
        char out[6];
        unsigned char random[8];
        memset(random, (int)i, sizeof random);
        name_suffix(random, out);
        assert_int_equal(strspn(out, "bcdfghjklmnpqrstvwxz2456789"), 5);
        assert_null(name_check_dns_label(str_of(out)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_accepts_and_refuses_what_kubernetes_does),
        cmocka_unit_test(zero_bytes_are_no_part_of_a_name),
        cmocka_unit_test(the_sentences_are_those_of_kubernetes),
        cmocka_unit_test(suffixes_use_the_safe_alphabet_and_every_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
