/* Label and field selectors: what they accept, what they select, and how they complain. */
#include "proto/json.h"
#include "proto/selector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct mp mp_of(const char *json, struct buf *b)
{
    buf_clear(b);
    assert_int_equal(json_parse(json, strlen(json), b, NULL), 0);
    return mp_read(b->data, b->len);
}

static bool selects(const char *selector, const char *labels)
{
    struct selector *s;
    struct error err = {0};
    buf_auto struct buf b = BUF_INIT;
    if (selector_parse(str_of(selector), &s, &err)) fail_msg("%s: %s", selector, err.text);
    bool matches = selector_matches(s, mp_of(labels, &b));
    selector_free(s);
    return matches;
}

static void equality_and_sets_select_as_kubernetes_does(void **state)
{
    (void)state;
    static const struct {
        const char *selector, *labels;
        bool matches;
    } cases[] = {
        {"", "{}", true},
        {"  ", "{\"a\":\"b\"}", true},
        {"a=b", "{\"a\":\"b\"}", true},
        {"a==b", "{\"a\":\"b\"}", true},
        {"a = b , c != d", "{\"a\":\"b\"}", true},
        {"a=b", "{\"a\":\"c\"}", false},
        {"a=", "{\"a\":\"\"}", true},
        {"a=", "{}", false},
        {"a!=b", "{}", true},
        {"a!=b", "{\"a\":\"b\"}", false},
        {"a in (b,c)", "{\"a\":\"c\"}", true},
        {"a in (b,c)", "{\"a\":\"d\"}", false},
        {"a in (b,c)", "{}", false},
        {"a notin (b,c)", "{}", true},
        {"a notin (b,c)", "{\"a\":\"b\"}", false},
        {"a in ()", "{\"a\":\"\"}", true},
        {"a in (,)", "{\"a\":\"\"}", true},
        {"a in (b,)", "{\"a\":\"\"}", true},
        {"a in (,b)", "{\"a\":\"b\"}", true},
        {"a in (b,,c)", "{\"a\":\"\"}", true},
        {"a", "{\"a\":\"\"}", true},
        {"a", "{}", false},
        {"!a", "{}", true},
        {"! a", "{\"a\":\"x\"}", false},
        {"a>5", "{\"a\":\"6\"}", true},
        {"a>5", "{\"a\":\"5\"}", false},
        {"a>5", "{\"a\":\"x\"}", false},
        {"a<5", "{\"a\":\"4\"}", true},
        {"in in (in,notin)", "{\"in\":\"notin\"}", true},
        {"in=in", "{\"in\":\"in\"}", true},
        {"a,!b,c in (d)", "{\"a\":\"1\",\"c\":\"d\"}", true},
        {"example.com/a=b", "{\"example.com/a\":\"b\"}", true},
        {"a in(b),c", "{\"a\":\"b\",\"c\":\"\"}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (selects(cases[i].selector, cases[i].labels) != cases[i].matches)
            fail_msg("'%s' on %s", cases[i].selector, cases[i].labels);
    }
}

static void errors_are_worded_as_in_apimachinery(void **state)
{
    (void)state;
    static const struct {
        const char *selector, *says;
    } cases[] = {
        {"x a", "unable to parse requirement: found 'a', expected: '=', '!=', '==', 'in', notin'"},
        {",", "found ',', expected: !, identifier, or 'end of string'"},
        {"a=b,", "found '', expected: identifier after ','"},
        {"a=b c", "found 'c', expected: ',' or 'end of string'"},
        {"!", "unable to parse requirement: found '', expected: identifier"},
        {"a in b", "unable to parse requirement: found 'b', expected: '('"},
        {"a in (b", "unable to parse requirement: found '', expected: ',' or ')'"},
        {"a in (b=c)", "unable to parse requirement: found '=', expected: ',' or ')'"},
        {"a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier"},
        {"a==b==c", "found '==', expected: ',' or 'end of string'"},
        {"a=(", "unable to parse requirement: found '(', expected: identifier"},
        {"a>x",
         "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"},
        {"a,,b", "found ',', expected: identifier after ','"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct selector *s;
        struct error err = {0};
        assert_int_equal(selector_parse(str_of(cases[i].selector), &s, &err), E_INVALID);
        assert_string_equal(err.text, cases[i].says);
    }
    struct selector *s;
    struct error err;
    assert_int_equal(selector_parse(STR("/a=b"), &s, &err), E_INVALID);
    assert_non_null(strstr(
        err.text, "unable to parse requirement: invalid label key \"/a\": prefix part must be"));
    assert_int_equal(selector_parse(STR("a=b@"), &s, &err), E_INVALID);
    assert_non_null(
        strstr(err.text, "invalid label value: \"b@\": at key: \"a\": a valid label must be"));
}

static void a_label_selector_object_selects(void **state)
{
    (void)state;
    static const struct {
        const char *selector, *labels;
        bool matches;
    } cases[] = {
        {"{}", "{\"a\":\"b\"}", true},
        {"{\"matchLabels\":{\"a\":\"b\"}}", "{\"a\":\"b\",\"c\":\"d\"}", true},
        {"{\"matchLabels\":{\"a\":\"b\"}}", "{\"a\":\"c\"}", false},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\",\"y\"]}]}",
         "{\"a\":\"y\"}", true},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"x\"]}]}", "{}",
         true},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}", "{}", false},
        {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"DoesNotExist\"}],\"matchLabels\":{"
         "\"b\":\"c\"}}",
         "{\"b\":\"c\"}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf a = BUF_INIT, b = BUF_INIT;
        struct selector *s;
        assert_int_equal(selector_from_doc(mp_of(cases[i].selector, &a), &s, NULL), 0);
        buf_free(&a); /* the selector keeps what it needs */
        assert_int_equal(selector_matches(s, mp_of(cases[i].labels, &b)), cases[i].matches);
        selector_free(s);
    }
    static const char *const bad[] = {
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Like\"}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"x\"]}]}",
        "{\"matchExpressions\":[{}]}",
        "{\"matchLabels\":{\"a\":5}}",
        "{\"matchLabels\":{\"\":\"x\"}}",
        "{\"matchLabels\":[]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf_auto struct buf a = BUF_INIT;
        struct selector *s;
        assert_int_equal(selector_from_doc(mp_of(bad[i], &a), &s, NULL), E_INVALID);
    }
}

static void absent_selectors_select_nothing(void **state)
{
    (void)state;
    struct selector *s;
    buf_auto struct buf a = BUF_INIT, b = BUF_INIT;
    assert_int_equal(selector_from_doc((struct mp){0}, &s, NULL), 0);
    assert_false(selector_matches(s, mp_of("{\"a\":\"b\"}", &a)));
    selector_free(s);
    assert_int_equal(selector_from_map(mp_of("{}", &b), &s, NULL), 0);
    assert_false(selector_matches(s, mp_of("{\"a\":\"b\"}", &a)));
    selector_free(s);
    assert_int_equal(selector_from_map(mp_of("{\"a\":\"b\"}", &b), &s, NULL), 0);
    assert_true(selector_matches(s, mp_of("{\"a\":\"b\"}", &a)));
    selector_free(s);
    assert_true(selector_matches(NULL, (struct mp){0}));
}

static void the_text_form_is_sorted_and_parses_again(void **state)
{
    (void)state;
    struct selector *s;
    buf_auto struct buf text = BUF_INIT, again = BUF_INIT;
    const char *written = "z=1,b in (y,x,y),!c,d notin (q),a!=2,e,f>3,g<4,h==5";
    assert_int_equal(selector_parse(str_of(written), &s, NULL), 0);
    selector_format(s, &text);
    selector_free(s);
    assert_string_equal(text.data, "a!=2,b in (x,y),!c,d notin (q),e,f>3,g<4,h==5,z=1");
    assert_int_equal(selector_parse((struct str){text.data, text.len}, &s, NULL), 0);
    selector_format(s, &again);
    selector_free(s);
    assert_string_equal(again.data, text.data);
}

static struct object *object_of(const struct kind *kind, const char *ns, const char *name,
                                const char *body, const char *status, const char *node)
{
    buf_auto struct buf b = BUF_INIT, s = BUF_INIT;
    struct mp body_mp = mp_of(body, &b);
    struct doc *status_doc = NULL;
    if (status) {
        struct mp v = mp_of(status, &s);
        status_doc = doc_new(v.raw.p, v.raw.n);
    }
    struct object *o = object_new(ident_new(kind, ns ? istr_of(ns) : NULL, str_of(name)),
                                  doc_new(body_mp.raw.p, body_mp.raw.n), status_doc);
    if (node) o->node = istr_of(node);
    return o;
}

static bool field_selects(const char *selector, const struct object *o)
{
    struct field_selector *s;
    struct error err = {0};
    if (field_selector_parse(o->id->kind, str_of(selector), &s, &err))
        fail_msg("%s: %s", selector, err.text);
    bool matches = field_selector_matches(s, o);
    field_selector_free(s);
    return matches;
}

static void fields_of_each_kind_select(void **state)
{
    (void)state;
    struct object *pod =
        object_of(kind_pod, "d", "p", "{\"metadata\":{},\"spec\":{\"restartPolicy\":\"Never\"}}",
                  "{\"phase\":\"Running\",\"podIP\":\"1.2.3.4\"}", "n1");
    assert_true(field_selects("", pod));
    assert_true(field_selects("metadata.name=p,metadata.namespace=d", pod));
    assert_false(field_selects("metadata.name!=p", pod));
    assert_true(field_selects("spec.nodeName=n1,status.phase==Running,status.podIP=1.2.3.4", pod));
    assert_true(field_selects("status.phase!=Failed,status.phase!=Succeeded", pod));
    assert_true(field_selects("spec.restartPolicy=Never", pod));
    assert_false(field_selects("spec.nodeName=", pod));
    object_unref(pod);
    struct object *news = object_of(kind_event, "d", "e",
                                    "{\"metadata\":{},\"involvedObject\":{\"kind\":\"Pod\","
                                    "\"name\":\"p\"},\"reason\":\"Killed\","
                                    "\"reportingComponent\":\"c\",\"type\":\"Normal\"}",
                                    NULL, NULL);
    assert_true(field_selects("involvedObject.kind=Pod,reason=Killed,type=Normal", news));
    assert_true(field_selects("regarding.name=p,reportingController=c", news));
    assert_true(field_selects("source=c,reportingComponent=c", news)); /* who has no source */
    assert_false(field_selects("regarding.name=q", news));
    object_unref(news);
    const struct kind *requests =
        kind_by_key(STR("certificatesigningrequests.certificates.k8s.io"));
    struct object *request = object_of(
        requests, NULL, "r", "{\"metadata\":{},\"spec\":{\"signerName\":\"a.b/c\"}}", NULL, NULL);
    assert_true(field_selects("spec.signerName=a.b/c", request));
    object_unref(request);
    struct object *bare = object_of(kind_pod, "d", "p", "{\"metadata\":{}}", NULL, NULL);
    assert_true(field_selects("spec.nodeName=", bare));
    assert_true(field_selects("status.phase=Pending", bare));
    object_unref(bare);
    struct object *node = object_of(
        kind_node, NULL, "n", "{\"metadata\":{},\"spec\":{\"unschedulable\":true}}", NULL, NULL);
    assert_true(field_selects("spec.unschedulable=true,metadata.namespace=", node));
    object_unref(node);
    struct object *rs =
        object_of(kind_replicaset, "d", "r", "{\"metadata\":{}}", "{\"replicas\":3}", NULL);
    assert_true(field_selects("status.replicas=3", rs));
    object_unref(rs);
    struct object *event =
        object_of(kind_event, "d", "e",
                  "{\"metadata\":{},\"reason\":\"Killing\",\"source\":{\"component\":\"k\"},"
                  "\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"a,b=c\"}}",
                  NULL, NULL);
    assert_true(field_selects(
        "involvedObject.kind=Pod,involvedObject.name=a\\,b\\=c,source=k,reason=Killing", event));
    object_unref(event);
}

static void fields_that_are_not_there_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *selector, *says;
    } cases[] = {
        {"spec.color=red", "field label not supported: spec.color"},
        {"involvedObject.kind=Pod", "field label not supported: involvedObject.kind"},
        {"nonsense", "invalid selector: 'nonsense'; can't understand 'nonsense'"},
        {"metadata.name=a,b", "invalid selector: 'metadata.name=a,b'; can't understand 'b'"},
        {"metadata.name=a\\x", "invalid field selector: invalid escape sequence: \\x"},
        {"metadata.name=a\\", "invalid field selector: invalid escape sequence: \\"},
        {"=x", "field label not supported: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct field_selector *s;
        struct error err = {0};
        assert_int_equal(field_selector_parse(kind_pod, str_of(cases[i].selector), &s, &err),
                         E_INVALID);
        assert_string_equal(err.text, cases[i].says);
    }
    struct field_selector *s;
    struct error err = {0};
    assert_int_equal(field_selector_parse(kind_configmap, STR("data.a=1"), &s, &err), E_INVALID);
    assert_string_equal(err.text, "\"data.a\" is not a known field selector: only "
                                  "\"metadata.name\", \"metadata.namespace\"");
}

static void an_exact_demand_can_be_asked_for(void **state)
{
    (void)state;
    struct field_selector *s;
    assert_int_equal(
        field_selector_parse(kind_pod, STR("spec.nodeName=n\\=1,status.phase!=Failed"), &s, NULL),
        0);
    assert_true(str_is(field_selector_exact(s, "spec.nodeName"), "n=1"));
    assert_null(field_selector_exact(s, "status.phase").p);
    assert_null(field_selector_exact(s, "metadata.name").p);
    assert_null(field_selector_exact(NULL, "metadata.name").p);
    field_selector_free(s);
}

static int setup(void **state)
{
    (void)state;
    schema_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_and_sets_select_as_kubernetes_does),
        cmocka_unit_test(errors_are_worded_as_in_apimachinery),
        cmocka_unit_test(a_label_selector_object_selects),
        cmocka_unit_test(absent_selectors_select_nothing),
        cmocka_unit_test(the_text_form_is_sorted_and_parses_again),
        cmocka_unit_test(fields_of_each_kind_select),
        cmocka_unit_test(fields_that_are_not_there_are_refused),
        cmocka_unit_test(an_exact_demand_can_be_asked_for),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
