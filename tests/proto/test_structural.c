/* Structural schemas: what is pruned, defaulted and refused, in Kubernetes' words. */
#include "proto/structural_story.h"

struct fixture {
    struct arena *memory;
    struct buf schema;
    const struct structural *s;
};

static struct fixture compiled(const char *schema)
{
    struct error err = {0};
    struct fixture f = {.memory = arena_new(), .schema = doc_of(schema)};
    if (structural_compile(f.memory, doc_mp(&f.schema), &f.s, &err))
        fail_msg("%s: %s", schema, err.text);
    return f;
}

static void done(struct fixture *f)
{
    arena_free(f->memory);
    buf_free(&f->schema);
}

static void assert_pruned(const char *schema, const char *in, const char *out, const char *unknown)
{
    struct fixture f = compiled(schema);
    struct causes causes = {0};
    struct buf doc buf_auto = doc_of(in), got buf_auto = BUF_INIT, text buf_auto = BUF_INIT;
    structural_prune(f.s, doc_mp(&doc), true, &causes, &got);
    for (size_t i = 0; i < causes.count; i++) buf_printf(&text, "%s ", causes.items[i].field);
    assert_true(mp_valid(got.data, got.len));
    assert_doc(doc_mp(&got), out);
    assert_string_equal(text.data ? text.data : "", unknown);
    causes_free(&causes);
    done(&f);
}

static void assert_defaulted(const char *schema, const char *in, const char *out)
{
    struct fixture f = compiled(schema);
    struct buf doc buf_auto = doc_of(in), got buf_auto = BUF_INIT;
    structural_default(f.s, doc_mp(&doc), &got);
    assert_true(mp_valid(got.data, got.len));
    assert_doc(doc_mp(&got), out);
    done(&f);
}

static void assert_said(const char *schema, const char *in, const char *want)
{
    struct fixture f = compiled(schema);
    struct causes causes = {0};
    struct buf doc buf_auto = doc_of(in), text buf_auto = BUF_INIT;
    structural_validate(f.s, doc_mp(&doc), "", &causes);
    causes_print(&causes, &text);
    causes_free(&causes);
    done(&f);
    if (strcmp(text.data, want) != 0)
        fail_msg("\n%s\n%s\ngot:\n%s\nwant:\n%s", schema, in, text.data, want);
}

static void what_the_schema_does_not_name_goes(void **state)
{
    (void)state;
    assert_pruned(OF_A("'type':'object','properties':{'b':{'type':'string'}}"),
                  "{'apiVersion':'v','kind':'k','metadata':{'x':1},'a':{'b':'1','c':2},'d':[]}",
                  "{'apiVersion':'v','kind':'k','metadata':{'x':1},'a':{'b':'1'}}", "a.c d ");
}

static void unknown_fields_stay_where_the_schema_preserves_them(void **state)
{
    (void)state;
    assert_pruned(OF_A("'type':'object','x-kubernetes-preserve-unknown-fields':true,"
                       "'properties':{'b':{'type':'object'}}"),
                  "{'a':{'b':{'gone':1},'kept':{'all':[1,{'x':2}]}}}",
                  "{'a':{'b':{},'kept':{'all':[1,{'x':2}]}}}", "a.b.gone ");
}

static void maps_and_lists_are_pruned_inside(void **state)
{
    (void)state;
    assert_pruned(OBJECT("'m':{'type':'object','additionalProperties':{'type':'object',"
                         "'properties':{'x':{'type':'integer'}}}},"
                         "'l':{'type':'array','items':{'type':'object','properties':{'y':{"
                         "'type':'integer'}}}}"),
                  "{'m':{'k':{'x':1,'z':2}},'l':[{'y':1},{'z':1}]}",
                  "{'m':{'k':{'x':1}},'l':[{'y':1},{}]}", "m.k.z l[1].z ");
}

static void an_embedded_object_keeps_what_every_object_has(void **state)
{
    (void)state;
    const char *schema = OF_A("'type':'object','x-kubernetes-embedded-resource':true,"
                              "'properties':{'spec':{'type':'object'}}");
    assert_pruned(schema, "{'a':{'kind':'Pod','metadata':{'name':'p'},'spec':{},'other':1}}",
                  "{'a':{'kind':'Pod','metadata':{'name':'p'},'spec':{}}}", "a.other ");
    assert_said(schema, "{'a':{'kind':'Pod'}}", "a.apiVersion|FieldValueRequired|Required value\n");
}

static void defaults_fill_what_is_missing_and_what_is_null(void **state)
{
    (void)state;
    const char *schema = OF_A("'type':'object','default':{},'properties':{"
                              "'n':{'type':'integer','default':3},"
                              "'z':{'type':'string','nullable':true,'default':'x'}}");
    assert_defaulted(schema, "{}", "{'a':{'n':3,'z':'x'}}");
    assert_defaulted(schema, "{'a':{'n':null,'z':null}}", "{'a':{'n':3,'z':null}}");
    assert_defaulted(schema, "{'a':{'n':0}}", "{'a':{'n':0,'z':'x'}}");
    assert_defaulted(OF_A("'type':'array','items':{'type':'object','properties':{'p':{"
                          "'type':'string','default':'TCP'}}}"),
                     "{'a':[{},{'p':'UDP'}]}", "{'a':[{'p':'TCP'},{'p':'UDP'}]}");
    assert_defaulted(OF_A("'type':'object','additionalProperties':{'type':'integer','default':7}"),
                     "{'a':{'k':null,'l':1}}", "{'a':{'k':7,'l':1}}");
}

static void a_wrong_type_is_told_with_both_types(void **state)
{
    (void)state;
    assert_said(OF_A("'type':'integer'"), "{'a':'x'}",
                "a|FieldValueTypeInvalid|Invalid value: \"string\": a in body must be of type "
                "integer: \"string\"\n");
    assert_said(OF_A("'type':'integer'"), "{'a':2.0}", "");
    assert_said(OF_A("'type':'integer'"), "{'a':2.5}",
                "a|FieldValueTypeInvalid|Invalid value: \"number\": a in body must be of type "
                "integer: \"number\"\n");
    assert_said(
        OF_A("'type':'string'"), "{'a':null}",
        "a|FieldValueTypeInvalid|Invalid value: \"null\": a in body must be of type string: "
        "\"null\"\n");
    assert_said(OF_A("'type':'string','nullable':true"), "{'a':null}", "");
    assert_said(OF_A("'x-kubernetes-int-or-string':true"), "{'a':'1'}", "");
    assert_said(OF_A("'x-kubernetes-int-or-string':true"), "{'a':true}",
                "a|FieldValueTypeInvalid|Invalid value: \"boolean\": a in body must be of type "
                "integer,string: \"boolean\"\n");
}

static void bounds_are_told_as_kubernetes_tells_them(void **state)
{
    (void)state;
    const char *number = OF_A("'type':'number','minimum':1,'maximum':1000000,'multipleOf':0.5");
    assert_said(number, "{'a':0.5}",
                "a|FieldValueInvalid|Invalid value: 0.5: a in body should be greater than or equal "
                "to 1\n");
    assert_said(
        number, "{'a':2000000}",
        "a|FieldValueInvalid|Invalid value: 2000000: a in body should be less than or equal "
        "to 1e+06\n");
    assert_said(number, "{'a':1.25}",
                "a|FieldValueInvalid|Invalid value: 1.25: a in body should be a multiple of 0.5\n");
    assert_said(OF_A("'type':'integer','minimum':1,'exclusiveMinimum':true"), "{'a':1}",
                "a|FieldValueInvalid|Invalid value: 1: a in body should be greater than 1\n");
    assert_said(OF_A("'type':'string','maxLength':2,'minLength':2"), "{'a':'äö'}", "");
    assert_said(OF_A("'type':'string','maxLength':2"), "{'a':'abc'}",
                "a|FieldValueInvalid|Invalid value: \"abc\": a in body should be at most 2 chars "
                "long\n");
    assert_said(OF_A("'type':'array','items':{'type':'integer'},'minItems':2"), "{'a':[1]}",
                "a|FieldValueInvalid|Invalid value: []interface {}[1]: a in body should have at "
                "least 2 items\n");
    assert_said(OF_A("'type':'object','additionalProperties':true,'maxProperties':1"),
                "{'a':{'x':1,'y':2}}",
                "a|FieldValueInvalid|Invalid value: map[string]interface {}{\"x\":1,\"y\":2}: a in "
                "body should have at most 1 properties\n");
}

static void patterns_choices_and_needs(void **state)
{
    (void)state;
    assert_said(OF_A("'type':'string','pattern':'^[a-z]+$'"), "{'a':'A'}",
                "a|FieldValueInvalid|Invalid value: \"A\": a in body should match '^[a-z]+$'\n");
    assert_said(OF_A("'type':'string','pattern':'b'"), "{'a':'abc'}", "");
    assert_said(
        OF_A("'type':'string','enum':['x','y']"), "{'a':'z'}",
        "a|FieldValueNotSupported|Unsupported value: \"z\": supported values: \"x\", \"y\"\n");
    assert_said("{'type':'object','required':['a','b'],'properties':{'a':{'type':'string'},"
                "'b':{'type':'string'}}}",
                "{'b':'x'}", "a|FieldValueRequired|Required value\n");
    assert_said(OF_A("'type':'array','x-kubernetes-list-type':'set','items':{'type':'string'}"),
                "{'a':['x','y','x']}", "a[2]|FieldValueDuplicate|Duplicate value: \"x\"\n");
    assert_said(OF_A("'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':"
                     "['n'],'items':{'type':'object','properties':{'n':{'type':'integer'},'v':{"
                     "'type':'integer'}}}"),
                "{'a':[{'n':1,'v':1},{'n':2},{'n':1,'v':2}]}",
                "a[2]|FieldValueDuplicate|Duplicate value: map[string]interface {}{\"n\":1}\n");
}

static void formats_are_checked_where_they_mean_something(void **state)
{
    (void)state;
    static const struct {
        const char *format, *good, *bad;
    } all[] = {
        {"date", "2026-11-23", "2026-13-23"},
        {"date-time", "2026-11-23T20:00:00Z", "yesterday"},
        {"byte", "aGk=", "?"},
        {"ipv4", "10.0.0.1", "10.0.0.256"},
        {"ipv6", "fe80::1", "10.0.0.1"},
        {"cidr", "10.0.0.0/8", "10.0.0.0/33"},
        {"mac", "00:1b:44:11:3a:b7", "00:1b"},
        {"uuid", "123e4567-e89b-12d3-a456-426614174000", "123"},
        {"email", "a@example.com", "a"},
        {"hostname", "a.example.com", "-"},
        {"uri", "http://example.com/", "x y"},
        {"duration", "1h30m", "soon"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct structural_format *f = structural_format(str_of(all[i].format));
        if (!f || !structural_format_matches(f, str_of(all[i].good)) ||
            structural_format_matches(f, str_of(all[i].bad)))
            fail_msg("format %s", all[i].format);
    }
    assert_null(structural_format(STR("int32")));
    assert_said(
        OF_A("'type':'string','format':'date'"), "{'a':'x'}",
        "a|FieldValueInvalid|Invalid value: \"x\": a in body must be of type date: \"x\"\n");
}

static void several_schemas_are_weighed(void **state)
{
    (void)state;
    const char *any = OF_A("'type':'integer','anyOf':[{'minimum':10},{'maximum':5}]");
    assert_said(any, "{'a':3}", "");
    assert_said(
        any, "{'a':7}",
        "<nil>|FieldValueInvalid|Invalid value: \"\": \"a\" must validate at least one "
        "schema (anyOf)\n"
        "a|FieldValueInvalid|Invalid value: 7: a in body should be greater than or equal to "
        "10\n");
    const char *one = "{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':"
                      "'integer'}},'oneOf':[{'required':['a']},{'required':['b']}]}";
    assert_said(one, "{'a':1}", "");
    assert_said(one, "{'a':1,'b':1}",
                "<nil>|FieldValueInvalid|Invalid value: \"\": \"\" must validate one and only one "
                "schema (oneOf). Found 2 valid alternatives\n");
    assert_said(OF_A("'type':'integer','not':{'enum':[3]}"), "{'a':3}",
                "<nil>|FieldValueInvalid|Invalid value: \"\": \"a\" must not validate the schema "
                "(not)\n");
    assert_said(OF_A("'type':'integer','allOf':[{'minimum':2},{'maximum':4}]"), "{'a':3}", "");
}

/* 4,000 names that must be there, each looked for among 4,000 fields. */
static void a_schema_that_multiplies_work_is_cut_off(void **state)
{
    (void)state;
    struct buf schema buf_auto = BUF_INIT, in buf_auto = BUF_INIT;
    buf_puts(&schema, "{'type':'object','additionalProperties':true,'required':['k0'");
    buf_puts(&in, "{'k0':1");
    for (int i = 1; i < 4000; i++) {
        buf_printf(&schema, ",'k%d'", i);
        buf_printf(&in, ",'k%d':1", i);
    }
    buf_puts(&schema, "]}");
    buf_puts(&in, "}");
    assert_said(
        schema.data, in.data,
        "|FieldValueInvalid|Invalid value: the schema asks for more checks than are carried "
        "out\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_schema_does_not_name_goes),
        cmocka_unit_test(unknown_fields_stay_where_the_schema_preserves_them),
        cmocka_unit_test(maps_and_lists_are_pruned_inside),
        cmocka_unit_test(an_embedded_object_keeps_what_every_object_has),
        cmocka_unit_test(defaults_fill_what_is_missing_and_what_is_null),
        cmocka_unit_test(a_wrong_type_is_told_with_both_types),
        cmocka_unit_test(bounds_are_told_as_kubernetes_tells_them),
        cmocka_unit_test(patterns_choices_and_needs),
        cmocka_unit_test(formats_are_checked_where_they_mean_something),
        cmocka_unit_test(several_schemas_are_weighed),
        cmocka_unit_test(a_schema_that_multiplies_work_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
