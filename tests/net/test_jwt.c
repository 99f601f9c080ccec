/* Signed tokens: what is signed is read back, and nothing else is. */
#include "net/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/logship-jwt-XXXXXX";
static char file[64], other_file[64];

static struct jwt_key *load(const char *path)
{
    struct jwt_key *k = NULL;
    struct error err = {0};
    assert_int_equal(jwt_key_load(&k, path, &err), 0);
    return k;
}

static int make_keys(void **state)
{
    (void)state;
    struct error err = {0};
    if (!mkdtemp(dir)) return -1;
    snprintf(file, sizeof file, "%s/one.key", dir);
    snprintf(other_file, sizeof other_file, "%s/two.key", dir);
    return jwt_key_make(file, &err) || jwt_key_make(other_file, &err);
}

static int remove_keys(void **state)
{
    (void)state;
    unlink(file);
    unlink(other_file);
    return rmdir(dir);
}

static void what_is_signed_is_read_back(void **state)
{
    (void)state;
    struct jwt_key *k = load(file);
    buf_auto struct buf token = BUF_INIT, again = BUF_INIT, claims = BUF_INIT;
    jwt_sign(k, STR("{\"sub\":\"me\"}"), &token);
    jwt_sign(k, STR("{\"sub\":\"me\"}"), &again);
    assert_string_equal(token.data, again.data);
    assert_true(jwt_verify(k, (struct str){token.data, token.len}, &claims));
    buf_putc(&claims, '\0');
    assert_string_equal(claims.data, "{\"sub\":\"me\"}");
    assert_true(str_starts(str_of(token.data), "eyJhbGciOiJSUzI1NiIsImtpZCI6I"));
    jwt_key_free(k);
}

static void any_changed_character_is_found(void **state)
{
    (void)state;
    struct jwt_key *k = load(file);
    buf_auto struct buf token = BUF_INIT, claims = BUF_INIT;
    jwt_sign(k, STR("{\"sub\":\"system:serviceaccount:default:default\"}"), &token);
    for (size_t i = 0; i + 1 < token.len; i += 3) { /* the last one has bits that do not count */
        char old = token.data[i];
        token.data[i] = old == 'A' ? 'B' : 'A';
        assert_false(jwt_verify(k, (struct str){token.data, token.len}, &claims));
        token.data[i] = old;
        assert_false(jwt_verify(k, (struct str){token.data, i}, &claims));
    }
    assert_true(jwt_verify(k, (struct str){token.data, token.len}, &claims));
    jwt_key_free(k);
}

static void a_token_of_another_key_is_none(void **state)
{
    (void)state;
    struct jwt_key *k = load(file), *other = load(other_file);
    buf_auto struct buf token = BUF_INIT, claims = BUF_INIT;
    jwt_sign(other, STR("{}"), &token);
    assert_false(jwt_verify(k, (struct str){token.data, token.len}, &claims));
    /* Nor is one that asks for no signature, or for another way of signing. */
    assert_false(jwt_verify(k, STR("eyJhbGciOiJub25lIn0.e30."), &claims));
    assert_false(jwt_verify(k, STR("eyJhbGciOiJIUzI1NiJ9.e30.AAAA"), &claims));
    assert_false(jwt_verify(k, STR(""), &claims));
    assert_false(jwt_verify(k, STR("..."), &claims));
    assert_int_equal(claims.len, 0);
    jwt_key_free(k);
    jwt_key_free(other);
}

static void a_key_is_for_its_owner_and_made_once(void **state)
{
    (void)state;
    struct stat facts;
    struct error err = {0};
    assert_int_equal(stat(file, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(jwt_key_make(file, &err), E_IO);
    struct jwt_key *k = NULL;
    assert_int_equal(jwt_key_load(&k, "/nowhere/key", &err), E_IO);
    assert_int_equal(jwt_key_load(&k, "/dev/null", &err), E_INVALID);
    assert_null(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_is_read_back),
        cmocka_unit_test(any_changed_character_is_found),
        cmocka_unit_test(a_token_of_another_key_is_none),
        cmocka_unit_test(a_key_is_for_its_owner_and_made_once),
    };
    return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
