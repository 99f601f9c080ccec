/* Which schemas are structural. */
#include "proto/structural_story.h"

static void a_bad_pattern_and_deep_schemas_are_refused(void **state)
{
    (void)state;
    struct arena *memory = arena_new();
    const struct structural *s;
    struct error err = {0};
    struct buf bad buf_auto = doc_of("{'type':'string','pattern':'(a'}");
    assert_int_equal(structural_compile(memory, doc_mp(&bad), &s, &err), E_INVALID);
    assert_non_null(strstr(err.text, "error parsing regexp: missing"));
    arena_free(memory);
}

static void assert_schema(const char *schema, const char *want)
{
    struct buf doc buf_auto = doc_of(schema), text buf_auto = BUF_INIT;
    struct causes causes = {0};
    structural_check(doc_mp(&doc), "s", &causes);
    causes_print(&causes, &text);
    causes_free(&causes);
    if (strcmp(text.data, want) != 0)
        fail_msg("\n%s\ngot:\n%s\nwant:\n%s", schema, text.data, want);
}

static void a_structural_schema_is_let_in(void **state)
{
    (void)state;
    assert_schema(
        OBJECT("'spec':{'type':'object','required':['n'],'properties':{'n':{'type':"
               "'integer','default':1},'p':{'x-kubernetes-int-or-string':true,'anyOf':[{"
               "'type':'integer'},{'type':'string'}]},'any':{"
               "'x-kubernetes-preserve-unknown-fields':true}},'anyOf':[{'properties':{'n':"
               "{'minimum':3}}}]}"),
        "");
}

static void every_value_needs_a_type(void **state)
{
    (void)state;
    assert_schema("{}",
                  "s.type|FieldValueRequired|Required value: must not be empty at the root\n");
    assert_schema(
        "{'type':'string'}",
        "s.type|FieldValueInvalid|Invalid value: \"string\": must be object at the root\n");
    assert_schema(OBJECT("'a':{}"), "s.properties[a].type|FieldValueRequired|Required value: must "
                                    "not be empty for specified object fields\n");
    assert_schema(OF_A("'type':'array'"),
                  "s.properties[a].items|FieldValueRequired|Required value: must be specified\n");
    assert_schema(OF_A("'type':'array','items':{}"),
                  "s.properties[a].items.type|FieldValueRequired|Required value: must not be empty "
                  "for specified array items\n");
    assert_schema(
        OF_A("'type':'text'"),
        "s.properties[a].type|FieldValueNotSupported|Unsupported value: \"text\": supported "
        "values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"\n");
}

static void restrictions_may_not_say_what_the_skeleton_must(void **state)
{
    (void)state;
    assert_schema(
        "{'type':'object','properties':{'a':{'type':'integer'}},'allOf':[{'type':'object',"
        "'properties':{'a':{'default':1},'b':{'minimum':1}}}]}",
        "s.allOf[0].type|FieldValueForbidden|Forbidden: must be empty to be structural\n"
        "s.allOf[0].properties[a].default|FieldValueForbidden|Forbidden: must be undefined "
        "to be structural\n"
        "s.allOf[0].properties[b]|FieldValueRequired|Required value: because it is not "
        "defined outside of allOf, anyOf, oneOf and not\n");
}

static void words_that_cannot_be_interpreted_are_forbidden(void **state)
{
    (void)state;
    assert_schema("{'type':'object','$ref':'x'}",
                  "s.$ref|FieldValueForbidden|Forbidden: $ref is not supported\n");
    assert_schema(
        OF_A("'type':'array','items':{'type':'string'},'uniqueItems':true"),
        "s.properties[a].uniqueItems|FieldValueForbidden|Forbidden: uniqueItems cannot be "
        "set to true since the runtime complexity becomes quadratic\n");
    assert_schema(
        "{'type':'object','additionalProperties':false}",
        "s.additionalProperties|FieldValueForbidden|Forbidden: additionalProperties cannot "
        "be set to false\n");
    assert_schema(OBJECT("'metadata':{'type':'object','properties':{'labels':{'type':'object'}}}"),
                  "s.properties[metadata]|FieldValueForbidden|Forbidden: must not specify anything "
                  "other than name and generateName, but metadata is implicitly specified\n");
}

static void a_default_must_fit_its_schema(void **state)
{
    (void)state;
    assert_schema(OF_A("'type':'integer','default':'x'"),
                  "s.properties[a].default|FieldValueTypeInvalid|Invalid value: \"string\": "
                  "s.properties[a].default in body must be of type integer: \"string\"\n");
    assert_schema(
        OF_A("'type':'object','default':{'x':1}"),
        "s.properties[a].default|FieldValueInvalid|Invalid value: {\"x\":1}: must not have "
        "unknown fields\n");
}

static void keys_of_lists_must_be_there(void **state)
{
    (void)state;
    assert_schema(
        OF_A("'type':'array','x-kubernetes-list-type':'map','x-kubernetes-list-map-keys':["
             "'n','m'],'items':{'type':'object','properties':{'n':{'type':'string'}}}"),
        "s.properties[a].items.properties[n].default|FieldValueRequired|Required value: "
        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a "
        "required property\n"
        "s.properties[a].x-kubernetes-list-map-keys[1]|FieldValueInvalid|Invalid value: "
        "\"m\": entries must all be names of item properties\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_pattern_and_deep_schemas_are_refused),
        cmocka_unit_test(a_structural_schema_is_let_in),
        cmocka_unit_test(every_value_needs_a_type),
        cmocka_unit_test(restrictions_may_not_say_what_the_skeleton_must),
        cmocka_unit_test(words_that_cannot_be_interpreted_are_forbidden),
        cmocka_unit_test(a_default_must_fit_its_schema),
        cmocka_unit_test(keys_of_lists_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
