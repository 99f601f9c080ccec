/* Rows of one table, one after the other, to the byte. */
#include "proto/admit_helper.h"
#include "proto/table.h"

enum { NOW = 1000000 };

static struct object *pod_of(const char *name, const char *body, const char *status, int64_t age_s)
{
    struct buf b buf_auto = doc_of(body), s buf_auto = doc_of(status);
    struct ident *id = ident_new(kind_pod, istr_of("default"), str_of(name));
    id->created_s = age_s == INT64_MAX ? 0 : NOW - age_s;
    return object_new(id, doc_from_buf(&b), doc_from_buf(&s));
}

static void assert_row(struct table *t, const struct object *o, const char *want)
{
    struct buf row buf_auto = BUF_INIT;
    table_put_cells(t, o, &row);
    assert_string_equal(row.data, want);
}

#define ONE "{'metadata':{},'spec':{'containers':[{'name':'a'}]}}"
#define MORE                                                                                       \
    "{'metadata':{},'spec':{'readinessGates':[{'conditionType':'g'}],'containers':[{'name':'a'},"  \
    "{'name':'b'}],'initContainers':[{'name':'i'},{'name':'j'},{'name':'k'}]}}"

static void a_row_is_written_as_go_would_write_it(void **state)
{
    (void)state;
    struct table t = {.now_s = NOW};
    struct object *o = pod_of("web-0", ONE,
                              "{'phase':'Running','podIP':'10.0.0.1','podIPs':[{'ip':'10.0.0.2'},"
                              "{'ip':'fd00::2'}],'containerStatuses':[{'name':'a','ready':true,"
                              "'restartCount':12,'state':{'running':{'startedAt':'x'}}}]}",
                              3725);
    o->node = istr_of("n<1>");
    assert_row(&t, o,
               "[\"web-0\",\"1/1\",\"Running\",12,\"62m\",\"10.0.0.2\",\"n\\u003c1\\u003e\","
               "\"\\u003cnone\\u003e\",\"\\u003cnone\\u003e\"]");
    object_unref(o);
    o = pod_of("odd", ONE, "{'reason':'a\\\"b\\\\c\\n&\\u2028d','podIPs':[{}],'podIP':''}", 0);
    assert_row(&t, o,
               "[\"odd\",\"0/1\",\"a\\\"b\\\\c\\n\\u0026\\u2028d\",0,\"0s\",\"\\u003cnone\\u003e\","
               "\"\\u003cnone\\u003e\",\"\\u003cnone\\u003e\",\"\\u003cnone\\u003e\"]");
    object_unref(o);
}

static void what_one_body_says_is_not_told_of_another(void **state)
{
    (void)state;
    static const char waits[] = "{'initContainerStatuses':[{'state':{'running':{}}}]}";
    static const char none[] = "\"\\u003cnone\\u003e\",\"\\u003cnone\\u003e\",\"\\u003cnone\\u003e"
                               "\"";
    struct table t = {.now_s = NOW};
    struct object *few = pod_of("few", ONE, waits, 60), *many = pod_of("many", MORE, waits, 60);
    mem_auto char *of_few =
        mem_printf("[\"few\",\"0/1\",\"Init:0/0\",0,\"60s\",%s,\"\\u003cnone\\u003e\"]", none);
    mem_auto char *of_many =
        mem_printf("[\"many\",\"0/2\",\"Init:0/3\",0,\"60s\",%s,\"0/1\"]", none);
    for (int round = 0; round < 2; round++) {
        assert_row(&t, few, of_few);
        assert_row(&t, many, of_many);
        assert_row(&t, many, of_many);
    }
    object_unref(few);
    object_unref(many);
}

static void an_age_that_cannot_be_is_not_told(void **state)
{
    (void)state;
    static const struct {
        int64_t age_s;
        const char *text;
    } cases[] = {
        {INT64_MAX, "\\u003cunknown\\u003e"},
        {-2, "\\u003cinvalid\\u003e"},
        {-1, "0s"},
        {90, "90s"},
        {7261, "121m"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct table t = {.now_s = NOW};
        struct object *o = pod_of("p", ONE, "{}", cases[i].age_s);
        mem_auto char *want =
            mem_printf("[\"p\",\"0/1\",\"Pending\",0,\"%s\",\"\\u003cnone\\u003e\","
                       "\"\\u003cnone\\u003e\",\"\\u003cnone\\u003e\","
                       "\"\\u003cnone\\u003e\"]",
                       cases[i].text);
        assert_row(&t, o, want);
        object_unref(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_written_as_go_would_write_it),
        cmocka_unit_test(what_one_body_says_is_not_told_of_another),
        cmocka_unit_test(an_age_that_cannot_be_is_not_told),
    };
    schema_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
