#include "api/auth.h"

#include "net/tls.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct auth *parse(const char *csv)
{
    struct auth *a = NULL;
    struct error err = {0};
    assert_int_equal(auth_parse(&a, str_of(csv), &err), 0);
    return a;
}

static const char *user_of(const struct auth *a, const char *header)
{
    struct tls_peer nobody = {.organization_count = 0};
    bool masters;
    return auth_user(a, &nobody, str_of(header), &masters);
}

static void a_token_names_its_user(void **state)
{
    (void)state;
    struct auth *a = parse("# tokens\ns3cret,alice,1,\"system:masters,dev\"\r\n\nother,bob\n");
    assert_string_equal(user_of(a, "Bearer s3cret"), "alice");
    assert_string_equal(user_of(a, "bearer other"), "bob");
    auth_free(a);
}

static void a_wrong_token_is_nobody(void **state)
{
    (void)state;
    struct auth *a = parse("s3cret,alice,1\n");
    assert_null(user_of(a, "Bearer s3cre"));
    assert_null(user_of(a, "Bearer s3cret2"));
    assert_null(user_of(a, "Bearer "));
    assert_null(user_of(a, "Basic s3cret"));
    assert_null(user_of(a, NULL));
    auth_free(a);
}

static void a_certificate_names_its_user(void **state)
{
    (void)state;
    struct auth *a = parse("s3cret,alice,1\n");
    struct tls_peer peer = {.common_name = "kubernetes-admin"};
    bool masters;
    assert_string_equal(auth_user(a, &peer, (struct str){0}, &masters), "kubernetes-admin");
    assert_string_equal(auth_user(a, &peer, STR("Bearer s3cret"), &masters), "alice");
    assert_null(auth_user(a, &peer, STR("Bearer wrong"), &masters));
    auth_free(a);
}

static void groups_say_who_is_a_master(void **state)
{
    (void)state;
    struct auth *a = parse("s3cret,alice,1,\"dev,system:masters\"\nother,bob,2,dev\nplain,eve\n");
    struct tls_peer peer = {.common_name = "someone", .organization_count = 1};
    static const struct {
        const char *header;
        bool masters;
    } cases[] = {
        {"Bearer s3cret", true}, {"Bearer other", false}, {"Bearer plain", false}, {NULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool masters = !cases[i].masters;
        assert_non_null(auth_user(a, &peer, str_of(cases[i].header), &masters));
        assert_int_equal(masters, cases[i].masters);
    }
    bool masters = false;
    strcpy(peer.organizations[0], "system:masters");
    assert_non_null(auth_user(a, &peer, (struct str){0}, &masters));
    assert_true(masters);
    auth_free(a);
}

static void a_line_without_a_user_is_refused_by_its_number(void **state)
{
    (void)state;
    struct auth *a = NULL;
    struct error err = {0};
    assert_int_equal(auth_parse(&a, STR("good,alice\nbad\n"), &err), E_INVALID);
    assert_string_equal(err.text, "line 2: a token and a user are needed");
    assert_int_equal(auth_load(&a, "/nowhere/tokens.csv", &err), E_IO);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_names_its_user),
        cmocka_unit_test(a_wrong_token_is_nobody),
        cmocka_unit_test(a_certificate_names_its_user),
        cmocka_unit_test(groups_say_who_is_a_master),
        cmocka_unit_test(a_line_without_a_user_is_refused_by_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
