/* Documents: shared by reference, equal ones made one. */
#include "proto/doc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct doc *doc_number(int64_t n)
{
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 1);
    mp_put_z(&b, "n");
    mp_put_int(&b, n);
    return doc_from_buf(&b);
}

static void equal_bytes_are_equal_documents(void **state)
{
    (void)state;
    struct doc *a = doc_number(1), *b = doc_number(1), *c = doc_number(2);
    assert_true(doc_equal(a, b));
    assert_true(digest_equal(&a->digest, &b->digest));
    assert_false(doc_equal(a, c));
    assert_true(doc_equal(NULL, NULL));
    assert_false(doc_equal(a, NULL));
    assert_int_equal(mp_i64(doc_path(a, "n"), 0), 1);
    assert_int_equal(doc_root(NULL).type, MP_END);
    doc_unref(a);
    doc_unref(b);
    doc_unref(c);
    struct doc *empty = doc_empty();
    assert_int_equal(doc_root(empty).type, MP_MAP);
    doc_unref(empty);
}

static void interning_makes_one_of_many(void **state)
{
    (void)state;
    struct docs table = {0};
    struct doc *first = docs_intern(&table, doc_number(1));
    for (int i = 0; i < 100; i++) {
        struct doc *again = docs_intern(&table, doc_number(1));
        assert_ptr_equal(again, first);
        doc_unref(again);
    }
    assert_ptr_not_equal(docs_intern(&table, doc_ref(first)), NULL);
    doc_unref(first);
    assert_null(docs_intern(&table, NULL));
    doc_unref(first);
    docs_free(&table);
}

static void sweeping_drops_only_what_nobody_holds(void **state)
{
    (void)state;
    struct docs table = {0};
    struct doc *held = docs_intern(&table, doc_number(-1));
    for (int i = 0; i < 1000; i++) doc_unref(docs_intern(&table, doc_number(i)));
    assert_int_equal(table.by_digest.count, 1001);
    for (int i = 0; i < 100 && table.by_digest.count > 1; i++) docs_sweep(&table, 100);
    assert_int_equal(table.by_digest.count, 1);
    struct doc *same = docs_intern(&table, doc_number(-1));
    assert_ptr_equal(same, held);
    doc_unref(same);
    doc_unref(held);
    docs_free(&table);
}

static void a_document_outlives_its_table(void **state)
{
    (void)state;
    struct docs table = {0};
    struct doc *d = docs_intern(&table, doc_number(5));
    docs_free(&table);
    assert_int_equal(mp_i64(doc_path(d, "n"), 0), 5);
    doc_unref(d);
}

static int views_freed;
static void view_free(struct doc_view *view)
{
    (void)view;
    views_freed++;
}

static void the_view_goes_with_the_document(void **state)
{
    (void)state;
    struct doc *d = doc_number(1);
    d->view = (struct doc_view *)&views_freed;
    d->view_free = view_free;
    doc_unref(doc_ref(d));
    assert_int_equal(views_freed, 0);
    doc_unref(d);
    assert_int_equal(views_freed, 1);
}

static void *ref_and_unref(void *d)
{
    for (int i = 0; i < 20000; i++) doc_unref(doc_ref(d));
    return NULL;
}

static void threads_may_hold_the_same_document(void **state)
{
    (void)state;
    struct doc *d = doc_number(1);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, ref_and_unref, d);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&d->refs), 1);
    doc_unref(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_are_equal_documents),
        cmocka_unit_test(interning_makes_one_of_many),
        cmocka_unit_test(sweeping_drops_only_what_nobody_holds),
        cmocka_unit_test(a_document_outlives_its_table),
        cmocka_unit_test(the_view_goes_with_the_document),
        cmocka_unit_test(threads_may_hold_the_same_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
