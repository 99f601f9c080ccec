/* The ordered tree: order, neighbours, and a shape that depends on the content only. */
#include "base/mem.h"
#include "base/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include <cmocka.h>

struct number {
    int value;
    struct tree_node node;
};

static int compare(const void *key, const struct tree_node *node)
{
    int a = *(const int *)key, b = container_of(node, struct number, node)->value;
    return a < b ? -1 : a > b;
}

static int value_of(const struct tree_node *node)
{
    return node ? container_of(node, struct number, node)->value : -1;
}

static uint32_t priority_of(int value)
{
    return (uint32_t)value * 2654435761U;
}

static void check_order(const struct tree *t, const bool *there, int n)
{
    const struct tree_node *node = tree_first(t);
    size_t count = 0;
    for (int i = 0; i < n; i++) {
        if (!there[i]) continue;
        assert_int_equal(value_of(node), i);
        node = tree_next(node);
        count++;
    }
    assert_null(node);
    assert_int_equal(t->count, count);
}

static void it_stays_in_order_through_many_changes(void **state)
{
    (void)state;
    enum { N = 300 };
    static struct number numbers[N];
    static bool there[N];
    struct tree t = {.compare = compare};
    unsigned seed = 11;
    print_message("seed %u\n", seed);
    for (int i = 0; i < 5000; i++) {
        int k = rand_r(&seed) % N;
        numbers[k].value = k;
        if (there[k])
            tree_remove(&t, &numbers[k].node);
        else
            tree_insert(&t, &k, &numbers[k].node, priority_of(k));
        there[k] = !there[k];
        if (i % 50 == 0) check_order(&t, there, N);
    }
    check_order(&t, there, N);
    for (int k = 0; k < N; k++) {
        int above = k;
        while (above < N && !there[above]) above++;
        assert_int_equal(value_of(tree_find(&t, &k)), there[k] ? k : -1);
        assert_int_equal(value_of(tree_ceiling(&t, &k)), above < N ? above : -1);
    }
}

static bool same_shape(const struct tree_node *a, const struct tree_node *b)
{
    if (!a || !b) return a == b;
    return value_of(a) == value_of(b) && same_shape(a->left, b->left) &&
           same_shape(a->right, b->right);
}

static int height(const struct tree_node *n)
{
    if (!n) return 0;
    int left = height(n->left), right = height(n->right);
    return 1 + (left > right ? left : right);
}

static void the_shape_does_not_depend_on_the_order_of_insertion(void **state)
{
    (void)state;
    enum { N = 4096 };
    static struct number up[N], down[N];
    struct tree a = {.compare = compare}, b = {.compare = compare};
    for (int i = 0; i < N; i++) {
        up[i].value = down[i].value = i;
        tree_insert(&a, &i, &up[i].node, priority_of(i));
    }
    for (int i = N - 1; i >= 0; i--) tree_insert(&b, &i, &down[i].node, priority_of(i));
    assert_true(same_shape(a.root, b.root));
    assert_true(height(a.root) < 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_in_order_through_many_changes),
        cmocka_unit_test(the_shape_does_not_depend_on_the_order_of_insertion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
