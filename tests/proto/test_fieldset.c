/* Sets of fields: their form, how they combine, and how documents give them. */
#include "proto/typed.h"

#include "admit_helper.h"

static struct arena *arena;

static struct fieldset set_of(const char *quoted)
{
    static struct buf keep[16];
    static unsigned turn;
    struct buf *b = &keep[turn++ % 16];
    struct fieldset s;
    struct error err = {0};
    buf_free(b);
    *b = doc_of(quoted);
    if (fieldset_read(arena, doc_mp(b), &s, &err)) fail_msg("%s: %s", quoted, err.text);
    return s;
}

static void assert_set(const struct fieldset *s, const char *expected)
{
    buf_auto struct buf form = BUF_INIT;
    fieldset_write(s, &form);
    assert_true(mp_valid(form.data, form.len));
    assert_doc(doc_mp(&form), expected);
}

static int begin(void **state)
{
    (void)state;
    schema_init();
    arena = arena_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void a_form_is_read_and_written_alike(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "{}",
        "{'f:a':{}}",
        "{'f:a':{'.':{},'f:b':{}},'f:c':{'f:d':{'f:e':{}}}}",
        "{'f:l':{'k:{\\\"n\\\":\\\"x\\\"}':{'.':{},'f:v':{}},'v:\\\"s\\\"':{},'v:3':{},'i:0':{}}}",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct fieldset s = set_of(forms[i]);
        assert_set(&s, forms[i]);
    }
}

static void keys_are_told_in_one_way_only(void **state)
{
    (void)state;
    struct fieldset a = set_of("{'k:{\\\"b\\\":1,\\\"a\\\":\\\"x\\\"}':{}}");
    struct fieldset b = set_of("{'k:{ \\\"a\\\": \\\"x\\\", \\\"b\\\":1 }':{}}");
    assert_true(fieldset_equal(&a, &b));
    assert_set(&a, "{'k:{\\\"a\\\":\\\"x\\\",\\\"b\\\":1}':{}}");
}

static void what_is_no_form_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]",         "{'a':{}}",    "{'f':{}}",           "{'x:a':{}}",
        "{'f:a':1}",  "{'k:1':{}}",  "{'k:{':{}}",         "{'v:':{}}",
        "{'i:x':{}}", "{'i:-1':{}}", "{'f:a':{'f:b':[]}}", "{'i:99999999999':{}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf_auto struct buf b = doc_of(bad[i]);
        struct fieldset s;
        struct error err = {0};
        if (fieldset_read(arena, doc_mp(&b), &s, &err) != E_INVALID) fail_msg("%s", bad[i]);
        assert_true(err.text[0] != '\0');
    }
}

static void sets_combine(void **state)
{
    (void)state;
    static const struct {
        const char *x, *y, *both, *only_x, *common, *without;
    } cases[] = {
        {"{}", "{}", "{}", "{}", "{}", "{}"},
        {"{'f:a':{}}", "{}", "{'f:a':{}}", "{'f:a':{}}", "{}", "{'f:a':{}}"},
        {"{'f:a':{}}", "{'f:b':{}}", "{'f:a':{},'f:b':{}}", "{'f:a':{}}", "{}", "{'f:a':{}}"},
        {"{'f:a':{'f:b':{}}}", "{'f:a':{}}", "{'f:a':{'.':{},'f:b':{}}}", "{'f:a':{'f:b':{}}}",
         "{}", "{}"},
        {"{'f:a':{'.':{},'f:b':{},'f:c':{}}}", "{'f:a':{'f:c':{}}}",
         "{'f:a':{'.':{},'f:b':{},'f:c':{}}}", "{'f:a':{'.':{},'f:b':{}}}", "{'f:a':{'f:c':{}}}",
         "{'f:a':{'.':{},'f:b':{}}}"},
        {"{'f:a':{'v:1':{},'i:1':{}}}", "{'f:a':{'v:1':{}}}", "{'f:a':{'v:1':{},'i:1':{}}}",
         "{'f:a':{'i:1':{}}}", "{'f:a':{'v:1':{}}}", "{'f:a':{'i:1':{}}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fieldset x = set_of(cases[i].x), y = set_of(cases[i].y), s;
        s = fieldset_combine(arena, FIELDSET_UNION, &x, &y);
        assert_set(&s, cases[i].both);
        s = fieldset_combine(arena, FIELDSET_DIFFERENCE, &x, &y);
        assert_set(&s, cases[i].only_x);
        s = fieldset_combine(arena, FIELDSET_INTERSECTION, &x, &y);
        assert_set(&s, cases[i].common);
        s = fieldset_without(arena, &x, &y);
        assert_set(&s, cases[i].without);
    }
}

static void many_nodes_stay_in_order(void **state)
{
    (void)state;
    struct fieldset s = {0};
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i * 7 % 1000);
        struct str text = {arena_text(arena, str_of(name)), strlen(name)};
        fieldset_add(arena, &s, (struct step){STEP_FIELD, text})->marks = FIELDSET_MEMBER;
        fieldset_add(arena, &s, (struct step){STEP_FIELD, text}); /* twice */
    }
    fieldset_finish(arena, &s);
    assert_int_equal(s.count, 1000);
    assert_non_null(fieldset_find(&s, (struct step){STEP_FIELD, STR("n999")}));
    assert_null(fieldset_find(&s, (struct step){STEP_FIELD, STR("n1000")}));
    assert_null(fieldset_find(&s, (struct step){STEP_VALUE, STR("n999")}));
}

static void see(void *ctx, struct str path)
{
    buf_append(ctx, path.p, path.n);
    buf_putc(ctx, '\n');
}

static void paths_read_as_in_kubectl(void **state)
{
    (void)state;
    buf_auto struct buf out = BUF_INIT;
    struct fieldset s = set_of("{'f:spec':{'f:replicas':{},'f:ports':{'k:{\\\"port\\\":80,"
                               "\\\"protocol\\\":\\\"TCP\\\"}':{'.':{},'f:name':{}}},"
                               "'f:set':{'v:\\\"a\\\"':{}},'f:list':{'i:2':{}}}}");
    fieldset_each(&s, see, &out);
    assert_string_equal(out.data, ".spec.list[2]\n"
                                  ".spec.ports[port=80,protocol=\"TCP\"]\n"
                                  ".spec.ports[port=80,protocol=\"TCP\"].name\n"
                                  ".spec.replicas\n"
                                  ".spec.set[=\"a\"]\n");
}

static void a_document_gives_its_values_by_type(void **state)
{
    (void)state;
    static const struct {
        const char *type, *doc, *set;
    } cases[] = {
        {"core.v1.ConfigMap", "{'data':{'a':'1','b':'2'}}", "{'f:data':{'f:a':{},'f:b':{}}}"},
        {"core.v1.ConfigMap", "{'data':{}}", "{'f:data':{}}"},
        {"core.v1.ConfigMap", "{'metadata':{'finalizers':['x','y']}}",
         "{'f:metadata':{'f:finalizers':{'v:\\\"x\\\"':{},'v:\\\"y\\\"':{}}}}"},
        /* keys with defaults, lists by key, atomic lists and objects */
        {"core.v1.Pod",
         "{'spec':{'containers':[{'name':'a','args':['x'],'ports':[{'containerPort':80}]}]}}",
         "{'f:spec':{'f:containers':{'k:{\\\"name\\\":\\\"a\\\"}':{'.':{},'f:name':{},'f:args':{},"
         "'f:ports':{'k:{\\\"containerPort\\\":80,\\\"protocol\\\":\\\"TCP\\\"}':{'.':{},"
         "'f:containerPort':{}}}}}}}"},
        {"apps.v1.ReplicaSet", "{'spec':{'selector':{'matchLabels':{'a':'b'}},'replicas':1}}",
         "{'f:spec':{'f:selector':{},'f:replicas':{}}}"},
        {"core.v1.Service", "{'spec':{'selector':{'a':'b'}}}", "{'f:spec':{'f:selector':{}}}"},
        /* what no type speaks of: maps are taken apart, lists are not */
        {"core.v1.ConfigMap", "{'other':{'m':{'x':1},'l':[1,2]}}",
         "{'f:other':{'.':{},'f:m':{'.':{},'f:x':{}},'f:l':{}}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf doc = doc_of(cases[i].doc);
        struct fieldset s;
        struct error err = {0};
        const struct type *type = type_by_name(cases[i].type);
        assert_non_null(type);
        if (typed_fields(arena, type, doc_mp(&doc), &s, &err)) fail_msg("%s", err.text);
        assert_set(&s, cases[i].set);
    }
}

static void elements_with_one_key_are_refused(void **state)
{
    (void)state;
    buf_auto struct buf doc = doc_of("{'spec':{'containers':[{'name':'a'},{'name':'a'}]}}");
    struct fieldset s;
    struct error err = {0};
    assert_int_equal(typed_fields(arena, kind_pod->versions[0].type, doc_mp(&doc), &s, &err),
                     E_INVALID);
    assert_string_equal(err.text, ".spec.containers: duplicate entries for key [name=\"a\"]");
}

static void a_comparison_tells_what_came_changed_and_went(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *added, *modified, *removed;
    } cases[] = {
        {"{'data':{'a':'1'}}", "{'data':{'a':'1'}}", "{}", "{}", "{}"},
        {"{'data':{'a':'1'}}", "{'data':{'a':'2'}}", "{}", "{'f:data':{'f:a':{}}}", "{}"},
        {"{}", "{'data':{'a':'1'}}", "{'f:data':{'.':{},'f:a':{}}}", "{}", "{}"},
        {"{'data':{'a':'1','b':'2'}}", "{'data':{'b':'2','c':'3'}}", "{'f:data':{'f:c':{}}}", "{}",
         "{'f:data':{'f:a':{}}}"},
        {"{'data':{'a':'1'}}", "{}", "{}", "{}", "{'f:data':{'.':{},'f:a':{}}}"},
        {"{'data':{}}", "{'data':{'a':'1'}}", "{'f:data':{'f:a':{}}}", "{}", "{}"},
        {"{'metadata':{'finalizers':['x','y']}}", "{'metadata':{'finalizers':['y','z']}}",
         "{'f:metadata':{'f:finalizers':{'v:\\\"z\\\"':{}}}}", "{}",
         "{'f:metadata':{'f:finalizers':{'v:\\\"x\\\"':{}}}}"},
        {"{'other':[1]}", "{'other':{'a':1}}", "{}", "{'f:other':{}}", "{}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf before = doc_of(cases[i].before), after = doc_of(cases[i].after);
        const struct type *type = kind_configmap->versions[0].type;
        struct fieldset all = typed_compare(arena, type, doc_mp(&before), doc_mp(&after));
        struct fieldset s = fieldset_select(arena, &all, CHANGE_ADDED);
        assert_set(&s, cases[i].added);
        s = fieldset_select(arena, &all, CHANGE_MODIFIED);
        assert_set(&s, cases[i].modified);
        s = fieldset_select(arena, &all, CHANGE_REMOVED);
        assert_set(&s, cases[i].removed);
    }
}

static void elements_that_nobody_can_tell_apart_change_together(void **state)
{
    (void)state;
    buf_auto struct buf before = doc_of("{'spec':{'containers':[{'name':'a','env':[{'name':'E',"
                                        "'value':'1'},{'name':'E','value':'2'}]}]}}");
    buf_auto struct buf after = doc_of("{'spec':{'containers':[{'name':'a','env':[{'name':'E',"
                                       "'value':'1'},{'name':'E','value':'3'}]}]}}");
    struct fieldset s =
        typed_compare(arena, kind_pod->versions[0].type, doc_mp(&before), doc_mp(&after));
    assert_set(&s, "{'f:spec':{'f:containers':{'k:{\\\"name\\\":\\\"a\\\"}':{'f:env':{"
                   "'k:{\\\"name\\\":\\\"E\\\"}':{}}}}}}");
}

/* Or else what the log keeps could nest deeper than it may be read back. */
static void a_set_never_nests_deeper_than_its_limit(void **state)
{
    (void)state;
    buf_auto struct buf json = BUF_INIT, form = BUF_INIT;
    for (int i = 0; i < 60; i++) buf_puts(&json, "{'a':");
    buf_puts(&json, "1");
    for (int i = 0; i < 60; i++) buf_puts(&json, "}");
    buf_auto struct buf doc = doc_of(json.data);
    struct fieldset s =
        typed_compare(arena, kind_configmap->versions[0].type, (struct mp){0}, doc_mp(&doc));
    fieldset_write(&s, &form);
    int depth = 0;
    for (struct mp at = doc_mp(&form); at.type == MP_MAP && at.count; depth++)
        at = mp_get(at, "f:a");
    assert_in_range(depth, VIEW_DEPTH_MAX - 1, VIEW_DEPTH_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_is_read_and_written_alike),
        cmocka_unit_test(keys_are_told_in_one_way_only),
        cmocka_unit_test(what_is_no_form_is_refused),
        cmocka_unit_test(sets_combine),
        cmocka_unit_test(many_nodes_stay_in_order),
        cmocka_unit_test(paths_read_as_in_kubectl),
        cmocka_unit_test(a_document_gives_its_values_by_type),
        cmocka_unit_test(elements_with_one_key_are_refused),
        cmocka_unit_test(a_comparison_tells_what_came_changed_and_went),
        cmocka_unit_test(elements_that_nobody_can_tell_apart_change_together),
        cmocka_unit_test(a_set_never_nests_deeper_than_its_limit),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
