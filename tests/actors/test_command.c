/* A command on its way: copied and encoded whole. */
#include "stage.h"

static struct command *command_full(void)
{
    static const char body[] = "\x81\xa1"
                               "a\x01",
                      status[] = "\x80";
    struct command *c =
        command_new(COMMAND_UPDATE, kind_pod, istr_of("default"), STR("web-1"), istr_of("admin"));
    memset(&c->request, 7, sizeof c->request);
    c->cause = 11;
    c->body = doc_new(body, sizeof body - 1);
    c->status = doc_new(status, sizeof status - 1);
    c->node = istr_of("n1");
    for (int i = 0; i < 4; i++) c->text[i] = mem_printf("text %d", i);
    c->has_uid = true;
    memset(&c->uid, 9, sizeof c->uid);
    c->revision = 12;
    c->grace_s = 13;
    c->propagation = PROPAGATION_ORPHAN;
    c->dry_run = c->merges_finalizers = true;
    c->created_s = 14;
    return c;
}

static void expect_equal(const struct command *a, const struct command *b)
{
    buf_auto struct buf one = BUF_INIT, other = BUF_INIT;
    command_encode(a, &one);
    command_encode(b, &other);
    assert_int_equal(one.len, other.len);
    assert_memory_equal(one.data, other.data, one.len);
}

static void nobody_is_told(struct command *c, const struct result *r)
{
    (void)c;
    (void)r;
    fail_msg("a copy is nobody's");
}

static void a_copy_says_the_same_and_is_nobody_s(void **state)
{
    (void)state;
    schema_init();
    struct command *c = command_full();
    c->done = nobody_is_told;
    c->data = &c;
    struct command *copy = command_copy(c);
    expect_equal(c, copy);
    assert_null(copy->done);
    assert_null(copy->data);
    assert_ptr_not_equal(c->name, copy->name);
    assert_ptr_not_equal(c->text[0], copy->text[0]);
    command_free(c);
    struct command *again = command_full();
    expect_equal(copy, again); /* it lives on alone */
    command_free(copy);
    command_free(again);
}

static void what_is_forwarded_arrives_whole(void **state)
{
    (void)state;
    schema_init();
    struct command *c = command_full(), *there;
    buf_auto struct buf bytes = BUF_INIT;
    struct error err;
    command_encode(c, &bytes);
    assert_int_equal(command_decode((struct str){bytes.data, bytes.len}, &there, &err), 0);
    expect_equal(c, there);
    for (size_t n = 0; n < bytes.len; n++) {
        mem_auto char *cut = mem_copy(bytes.data, n ? n : 1);
        struct command *none;
        assert_int_equal(command_decode((struct str){cut, n}, &none, &err), E_INVALID);
    }
    command_free(c);
    command_free(there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_says_the_same_and_is_nobody_s),
        cmocka_unit_test(what_is_forwarded_arrives_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
