/* Memory that is given back all at once. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    unsigned char *pieces[200];
    for (size_t i = 0; i < 200; i++) {
        size_t n = i * 7 + 1;
        pieces[i] = arena_alloc(a, n);
        assert_int_equal((uintptr_t)pieces[i] % sizeof(double), 0);
        for (size_t k = 0; k < n; k++) assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i, n);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k < i * 7 + 1; k++) assert_int_equal(pieces[i][k], i & 0xff);
    arena_free(a);
}

static void a_piece_may_be_larger_than_a_block(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    char *small = arena_text(a, STR("small"));
    char *large = arena_alloc(a, 1 << 20);
    large[(1 << 20) - 1] = 'x';
    assert_string_equal(arena_text(a, STR("more")), "more");
    assert_string_equal(small, "small");
    arena_free(a);
}

static unsigned released;

static void release(void *what)
{
    (void)what;
    released++;
}

static void what_holds_memory_of_its_own_is_released(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    released = 0;
    arena_keep(a, a, release);
    arena_keep(a, a, release);
    arena_free(a);
    assert_int_equal(released, 2);
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_piece_may_be_larger_than_a_block),
        cmocka_unit_test(what_holds_memory_of_its_own_is_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
