/* The hash map against a plain array that holds the truth. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void an_empty_map_has_nothing(void **state)
{
    (void)state;
    struct map m = {0};
    size_t at = 0;
    assert_null(map_get(&m, "a", 1));
    assert_null(map_del(&m, "a", 1));
    assert_null(map_next(&m, &at));
    map_free(&m);
}

static void putting_again_gives_back_what_was_there(void **state)
{
    (void)state;
    struct map m = {0};
    int one, two;
    assert_null(map_put(&m, "key", 3, &one));
    assert_ptr_equal(map_put(&m, "key", 3, &two), &one);
    assert_ptr_equal(map_get(&m, "key", 3), &two);
    assert_null(map_get(&m, "ke", 2));
    assert_null(map_put(&m, "", 0, &one));
    assert_ptr_equal(map_get(&m, NULL, 0), &one);
    assert_int_equal(m.count, 2);
    map_free(&m);
}

static void it_agrees_with_an_array_through_many_changes(void **state)
{
    (void)state;
    enum { KEYS = 2000, CHANGES = 60000 };
    static uint32_t keys[KEYS];
    static bool there[KEYS];
    struct map m = {0};
    size_t count = 0;
    unsigned seed = 7;
    print_message("seed %u\n", seed);
    for (uint32_t i = 0; i < KEYS; i++) keys[i] = i;
    for (int i = 0; i < CHANGES; i++) {
        uint32_t k = (uint32_t)rand_r(&seed) % KEYS;
        if (rand_r(&seed) % 2) {
            void *before = map_put(&m, &keys[k], sizeof keys[k], &keys[k]);
            assert_int_equal(before != NULL, there[k]);
            count += !there[k];
            there[k] = true;
        } else {
            void *gone = map_del(&m, &keys[k], sizeof keys[k]);
            assert_int_equal(gone != NULL, there[k]);
            count -= there[k];
            there[k] = false;
        }
        assert_int_equal(m.count, count);
    }
    for (uint32_t k = 0; k < KEYS; k++)
        assert_ptr_equal(map_get(&m, &k, sizeof k), there[k] ? &keys[k] : NULL);
    assert_true(m.cap <= 4 * KEYS);
    map_free(&m);
}

static void the_walk_meets_each_entry_once_even_when_it_deletes(void **state)
{
    (void)state;
    enum { KEYS = 500 };
    static uint32_t keys[KEYS];
    static int met[KEYS];
    struct map m = {0};
    for (uint32_t i = 0; i < KEYS; i++) {
        keys[i] = i;
        map_put(&m, &keys[i], sizeof keys[i], &keys[i]);
    }
    uint32_t *key;
    for (size_t at = 0; (key = map_next(&m, &at));) {
        met[*key]++;
        if (*key % 2) map_del(&m, key, sizeof *key);
    }
    for (int i = 0; i < KEYS; i++) assert_int_equal(met[i], 1);
    assert_int_equal(m.count, KEYS / 2);
    map_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(putting_again_gives_back_what_was_there),
        cmocka_unit_test(it_agrees_with_an_array_through_many_changes),
        cmocka_unit_test(the_walk_meets_each_entry_once_even_when_it_deletes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
