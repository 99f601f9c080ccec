/* YAML as Kubernetes reads it. */
#include "proto/yaml.h"
#include "proto/yaml_write.h"

#include "admit_helper.h"

static void assert_yaml(const char *yaml, const char *expected)
{
    buf_auto struct buf out = BUF_INIT;
    struct error err = {0};
    if (yaml_parse(yaml, strlen(yaml), &out, &err)) fail_msg("%s: %s", yaml, err.text);
    assert_true(mp_valid(out.data, out.len));
    assert_doc(doc_mp(&out), expected);
}

static void documents_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        {"a: b\n", "{'a':'b'}"},
        {"a:\n  b:\n  - 1\n  - c: d\n    e: f\n", "{'a':{'b':[1,{'c':'d','e':'f'}]}}"},
        {"{a: [1, 2], b: {c: d}}", "{'a':[1,2],'b':{'c':'d'}}"},
        {"{\"a\":1,\"b\":[null,true]}", "{'a':1,'b':[null,true]}"},
        {"---\na: b\n...\n", "{'a':'b'}"},
        {"# nothing\n", "null"},
        {"", "null"},
        {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{'a':'x\\ny\\n','b':'x y'}"},
        {"1: a\ntrue: b\n", "{'1':'a','true':'b'}"},
        {"a: \"\\u00e9\\n\"\n", "{'a':'\\u00e9\\n'}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_yaml(cases[i].yaml, cases[i].json);
}

static void plain_scalars_have_types(void **state)
{
    (void)state;
    static const struct {
        const char *scalar, *json;
    } cases[] = {
        {"~", "null"},
        {"null", "null"},
        {"", "null"},
        {"true", "true"},
        {"Yes", "true"},
        {"off", "false"},
        {"0", "0"},
        {"-12", "-12"},
        {"+7", "7"},
        {"0644", "420"},
        {"0o17", "15"},
        {"0x1F", "31"},
        {"0b101", "5"},
        {"1_000", "1000"},
        {"089", "89.0"},
        {"1.5", "1.5"},
        {".5", "0.5"},
        {"1e3", "1000.0"},
        {"-1.25e-2", "-0.0125"},
        {"18446744073709551615", "18446744073709551615"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"18446744073709551616", "18446744073709551616.0"},
        {"100m", "'100m'"},
        {"64Mi", "'64Mi'"},
        {"1.2.3", "'1.2.3'"},
        {"10.0.0.1/8", "'10.0.0.1/8'"},
        {"2026-01-01", "'2026-01-01'"},
        {"-", "[null]"},
        {"trueish", "'trueish'"},
        {"0x", "'0x'"},
        {"e3", "'e3'"},
        {"'1'", "'1'"},
        {"\"true\"", "'true'"},
        {"!!str 1", "'1'"},
        {"!!int 3", "3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf yaml = BUF_INIT, json = BUF_INIT;
        buf_printf(&yaml, "v:\n  %s\n", cases[i].scalar);
        buf_printf(&json, "{'v':%s}", cases[i].json);
        assert_yaml(yaml.data, json.data);
    }
}

static void anchors_stand_for_their_values(void **state)
{
    (void)state;
    assert_yaml("a: &x {b: 1}\nc: *x\n", "{'a':{'b':1},'c':{'b':1}}");
    assert_yaml("a: &x 1\nb: &x 2\nc: *x\n", "{'a':1,'b':2,'c':2}");
    assert_yaml("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3, e: 4}\n",
                "{'a':{'b':1,'c':2},'d':{'b':1,'c':3,'e':4}}");
    assert_yaml("a: &x {b: 1}\nd: {c: 3, <<: [*x, {b: 2, c: 9, f: 5}]}\n",
                "{'a':{'b':1},'d':{'c':3,'b':1,'f':5}}");
}

static void assert_refused(const char *yaml, int code, const char *about)
{
    buf_auto struct buf out = BUF_INIT;
    struct error err = {0};
    buf_puts(&out, "kept");
    int rc = yaml_parse(yaml, strlen(yaml), &out, &err);
    if (rc != code || !strstr(err.text, about)) fail_msg("%.60s: %d %s", yaml, rc, err.text);
    assert_int_equal(out.len, 4);
}

static void what_json_cannot_say_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *about;
    } cases[] = {
        {"a: b\n c: d\n", "line 2, column 3"},
        {"a: [1\n", "line 2"},
        {"a: 1\na: 2\n", "line 2, column 1: the key is there already"},
        {"? [a]\n: b\n", "a key must be a scalar"},
        {"a: *x\n", "an alias of what is not there"},
        {"a: &x [*x]\n", "an alias of what is not there"},
        {"a: !!binary aGk=\n", "a tag that JSON cannot say"},
        {"a: !mine b\n", "a tag that JSON cannot say"},
        {"a: .inf\n", "a number that JSON cannot say"},
        {"<<: 1\n", "<< needs maps"},
        {"a: b\n---\nc: d\n", "a second document"},
        {"a: \x01\n", "control characters"},
        {"a: \xff\n", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].yaml, E_INVALID, cases[i].about);
}

static void deep_documents_are_refused(void **state)
{
    (void)state;
    buf_auto struct buf deep = BUF_INIT, alias = BUF_INIT;
    for (int i = 0; i < 100000; i++) buf_puts(&deep, "[");
    assert_refused(deep.data, E_INVALID, "nested too deeply");
    /* each line nests the one before: an alias has its depth */
    buf_puts(&alias, "a0: &a0 [1]\n");
    for (int i = 1; i < 70; i++) buf_printf(&alias, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    assert_refused(alias.data, E_INVALID, "nested too deeply");
}

static void a_small_text_does_not_become_a_large_document(void **state)
{
    (void)state;
    buf_auto struct buf bomb = BUF_INIT, merged = BUF_INIT;
    buf_puts(&bomb, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&bomb, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++) buf_printf(&bomb, "%s*a%d", k ? "," : "", i - 1);
        buf_puts(&bomb, "]\n");
    }
    assert_refused(bomb.data, E_TOOBIG, "larger than");
    buf_puts(&merged, "a: &a {k: ");
    for (int i = 0; i < 100000; i++) buf_putc(&merged, 'x');
    buf_puts(&merged, "}\nb: [");
    for (int i = 0; i < 100; i++) buf_puts(&merged, "{<<: *a},");
    buf_puts(&merged, "]\n");
    assert_refused(merged.data, E_TOOBIG, "larger than");
}

static void anchors_are_counted(void **state)
{
    (void)state;
    buf_auto struct buf many = BUF_INIT;
    for (int i = 0; i < 2000; i++) buf_printf(&many, "- &a%d 1\n", i);
    assert_refused(many.data, E_INVALID, "too many anchors");
}

static void assert_written(const char *json, const char *yaml)
{
    buf_auto struct buf doc = doc_of(json), out = BUF_INIT;
    assert_int_equal(yaml_write(doc_mp(&doc), &out), 0);
    assert_string_equal(out.data, yaml);
}

static void documents_are_written(void **state)
{
    (void)state;
    assert_written("{'a':{'b':[1,-2.5,true,null,{'c':'d','e':[]}],'f':{}}}",
                   "a:\n  b:\n  - 1\n  - -2.5\n  - true\n  - null\n  - c: d\n    e: []\n  f: {}\n");
    assert_written(
        "{'yes':'no','1':'1','':'','t':'2020-01-01T00:00:00Z','x':'a: b','l':'a\\nb\\n'}",
        "\"yes\": \"no\"\n\"1\": \"1\"\n\"\": \"\"\n"
        "t: \"2020-01-01T00:00:00Z\"\nx: 'a: b'\nl: |\n  a\n  b\n");
    assert_written("[]", "[]\n");
}

/* Texts that say more than they should, put together at random. */
static void what_is_written_is_read_as_the_same(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "a",    " ",    "\n", ":",  "#", "- ",           "'",  "\"", "\\", "{", "]", "\t", "true",
        "~",    "0x1f", "é",  "\r", "%", "\xe2\x80\xa8", "&x", "*x", "!t", "|", ">", "?",  "1.5",
        "\x01", "---",  ",",  "@`"};
    unsigned seed = 7;
    for (unsigned round = 0; round < 20000; round++) {
        buf_auto struct buf text = BUF_INIT, doc = BUF_INIT, yaml = BUF_INIT, again = BUF_INIT;
        unsigned count = (seed = seed * 1103515245 + 12345) >> 16 & 7;
        for (unsigned i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            buf_puts(&text, parts[(seed >> 16) % (sizeof parts / sizeof *parts)]);
        }
        struct str s = {text.data ? text.data : "", text.len};
        mp_put_map(&doc, 2);
        mp_put_str(&doc, s);
        mp_put_array(&doc, 1);
        mp_put_str(&doc, s);
        mp_put_z(&doc, "last key");
        mp_put_str(&doc, s);
        struct error err = {0};
        assert_int_equal(yaml_write(doc_mp(&doc), &yaml), 0);
        if (yaml_parse(yaml.data, yaml.len, &again, &err)) fail_msg("%s\n%s", yaml.data, err.text);
        if (!mp_same(doc_mp(&doc), doc_mp(&again))) fail_msg("%s", yaml.data);
    }
}

static void what_is_no_text_is_not_written(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT, out = BUF_INIT;
    mp_put_str(&doc, (struct str){"\xff\xfe", 2});
    assert_int_equal(yaml_write(doc_mp(&doc), &out), E_INVALID);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read),
        cmocka_unit_test(plain_scalars_have_types),
        cmocka_unit_test(anchors_stand_for_their_values),
        cmocka_unit_test(what_json_cannot_say_is_refused_with_its_place),
        cmocka_unit_test(deep_documents_are_refused),
        cmocka_unit_test(a_small_text_does_not_become_a_large_document),
        cmocka_unit_test(anchors_are_counted),
        cmocka_unit_test(documents_are_written),
        cmocka_unit_test(what_is_written_is_read_as_the_same),
        cmocka_unit_test(what_is_no_text_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
