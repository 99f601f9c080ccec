#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/slots.h"

#include <stdio.h>
#include <string.h>

static uint64_t random_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return *seed >> 33;
}

static uint32_t slow_next(const uint8_t *taken, uint32_t size, uint32_t from)
{
    for (uint32_t i = 0; i < size; i++)
        if (!taken[(from + i) % size]) return (from + i) % size;
    return SLOTS_NONE;
}

/* Filled up to the last, and emptied again, in any order. */
static void check_against_a_list(uint32_t size, uint64_t seed)
{
    struct slots s;
    uint8_t *taken = mem_zalloc(size);
    slots_init(&s, size);
    for (unsigned step = 0; step < 6000; step++) {
        uint32_t n = (uint32_t)(random_next(&seed) % size);
        bool fills = step % 2000 < 1200;
        if (fills && step % 3) n = slots_next(&s, n);
        if (n != SLOTS_NONE && fills && taken[n] < 3) {
            slots_take(&s, n);
            taken[n]++;
        } else if (n != SLOTS_NONE && !fills && taken[n]) {
            slots_give(&s, n);
            taken[n]--;
        }
        uint32_t from = (uint32_t)(random_next(&seed) % size);
        assert_int_equal(slots_next(&s, from), slow_next(taken, size, from));
        assert_int_equal(slots_taken(&s, from), taken[from] > 0);
    }
    slots_clear(&s);
    assert_int_equal(slots_next(&s, size - 1), size - 1);
    slots_free(&s);
    mem_free(taken);
}

static void the_next_free_one_is_found_in_ranges_of_all_sizes(void **state)
{
    static const uint32_t sizes[] = {1, 2, 63, 64, 65, 100, 127, 500, 4096, 4097, 4160};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) check_against_a_list(sizes[i], 7 + i);
}

static void a_full_range_has_none(void **state)
{
    (void)state;
    struct slots s;
    slots_init(&s, 5000);
    for (uint32_t i = 0; i < 5000; i++) slots_take(&s, slots_next(&s, i * 7 % 5000));
    assert_int_equal(slots_next(&s, 0), SLOTS_NONE);
    slots_give(&s, 4999);
    assert_int_equal(slots_next(&s, 17), 4999);
    slots_free(&s);
}

static void what_is_taken_twice_is_free_when_both_have_given_it_back(void **state)
{
    (void)state;
    struct slots s;
    slots_init(&s, 10);
    slots_take(&s, 3);
    slots_take(&s, 3);
    slots_give(&s, 3);
    assert_true(slots_taken(&s, 3));
    slots_give(&s, 3);
    assert_false(slots_taken(&s, 3));
    slots_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_free_one_is_found_in_ranges_of_all_sizes),
        cmocka_unit_test(a_full_range_has_none),
        cmocka_unit_test(what_is_taken_twice_is_free_when_both_have_given_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
