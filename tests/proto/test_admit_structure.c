/* What a client's document becomes before anybody looks at its meaning. */
#include "proto/admit_helper.h"

static void assert_pruned(const char *type, const char *in, const char *out)
{
    struct buf doc buf_auto = doc_of(in), pruned buf_auto = BUF_INIT;
    struct error err = {0};
    int rc = admit_structure(type_by_name(type), doc_mp(&doc), &pruned, NULL, &err);
    if (rc) fail_msg("%s: %s", in, err.text);
    assert_true(mp_valid(pruned.data, pruned.len));
    assert_doc(doc_mp(&pruned), out);
}

static void assert_refused(const char *type, const char *in, const char *text)
{
    struct buf doc buf_auto = doc_of(in), pruned buf_auto = BUF_INIT;
    struct error err = {0};
    buf_puts(&pruned, "before");
    assert_int_equal(admit_structure(type_by_name(type), doc_mp(&doc), &pruned, NULL, &err),
                     E_INVALID);
    assert_string_equal(err.text, text);
    assert_string_equal(pruned.data, "before");
}

static void unknown_fields_and_nulls_are_dropped(void **state)
{
    (void)state;
    assert_pruned("core.v1.Pod",
                  "{'kind':'Pod','zebra':1,'metadata':{'name':'a','labels':{'x':'y','n':null},"
                  "'creationTimestamp':null},'spec':{'containers':[{'name':'c','stripes':[]}]}}",
                  "{'kind':'Pod','metadata':{'name':'a','labels':{'x':'y'}},"
                  "'spec':{'containers':[{'name':'c'}]}}");
}

static void unknown_fields_are_reported_by_their_path(void **state)
{
    (void)state;
    struct buf doc buf_auto =
        doc_of("{'spec':{'containers':[{'name':'a'},{'imagee':'x'}]},'foo':{'bar':1}}");
    struct buf out buf_auto = BUF_INIT, text buf_auto = BUF_INIT;
    struct causes unknown = {0};
    assert_int_equal(
        admit_structure(type_by_name("core.v1.Pod"), doc_mp(&doc), &out, &unknown, NULL), 0);
    causes_print(&unknown, &text);
    assert_string_equal(
        text.data,
        "spec.containers[1].imagee|FieldValueInvalid|unknown field \"spec.containers[1].imagee\"\n"
        "foo|FieldValueInvalid|unknown field \"foo\"\n");
    causes_free(&unknown);
}

static void wrong_types_are_errors_that_name_the_path(void **state)
{
    (void)state;
    assert_refused("apps.v1.ReplicaSet", "{'spec':{'replicas':'3'}}",
                   "spec.replicas: expected an integer, got a string");
    assert_refused("apps.v1.ReplicaSet", "{'spec':{'replicas':3000000000}}",
                   "spec.replicas: the number is out of range");
    assert_refused("apps.v1.ReplicaSet", "{'spec':{'replicas':1.5}}",
                   "spec.replicas: expected an integer, got a number");
    assert_refused("core.v1.Pod", "{'metadata':{'labels':{'a':1}}}",
                   "metadata.labels[a]: expected a string, got an integer");
    assert_refused("core.v1.Pod", "{'spec':{'containers':{}}}",
                   "spec.containers: expected a list, got an object");
    assert_refused("core.v1.Pod", "{'spec':{'containers':[{},7]}}",
                   "spec.containers[1]: expected an object, got an integer");
    assert_refused("core.v1.Pod", "[]", "the object: expected an object, got a list");
    assert_refused("core.v1.Pod", "{'spec':{'hostNetwork':'yes'}}",
                   "spec.hostNetwork: expected a boolean, got a string");
    assert_refused("core.v1.Pod", "{'metadata':{'creationTimestamp':'yesterday'}}",
                   "metadata.creationTimestamp: \"yesterday\" is no RFC 3339 time");
    assert_refused("core.v1.Secret", "{'data':{'a':'%%%'}}",
                   "data[a]: the text is not valid base64");
    assert_refused("core.v1.Secret", "{'data':{'a':'YQ'}}",
                   "data[a]: the text is not valid base64");
}

static void quantities_are_numbers_or_texts_and_become_canonical(void **state)
{
    (void)state;
    assert_pruned("core.v1.ResourceRequirements",
                  "{'limits':{'cpu':2,'memory':'1024Mi','a':'0.5'},'requests':{'cpu':0.25}}",
                  "{'limits':{'cpu':'2','memory':'1Gi','a':'500m'},'requests':{'cpu':'250m'}}");
    struct buf doc buf_auto = doc_of("{'limits':{'cpu':'1x'}}"), out buf_auto = BUF_INIT;
    struct error err;
    assert_int_equal(admit_structure(type_by_name("core.v1.ResourceRequirements"), doc_mp(&doc),
                                     &out, NULL, &err),
                     E_INVALID);
    assert_non_null(strstr(err.text, "limits[cpu]: \"1x\" is no quantity"));
}

static void times_ports_and_bytes_get_their_usual_form(void **state)
{
    (void)state;
    assert_pruned("core.v1.Event",
                  "{'firstTimestamp':'2026-11-23T18:00:00.5+01:00',"
                  "'eventTime':'2026-11-23T17:00:00.25Z'}",
                  "{'firstTimestamp':'2026-11-23T17:00:00Z',"
                  "'eventTime':'2026-11-23T17:00:00.250000Z'}");
    assert_pruned("core.v1.ServicePort", "{'port':80,'targetPort':'http'}",
                  "{'port':80,'targetPort':'http'}");
    assert_pruned("core.v1.ServicePort", "{'targetPort':8080}", "{'targetPort':8080}");
    assert_pruned("core.v1.Secret", "{'data':{'a':'YWJj\\nZGVm','e':''}}",
                  "{'data':{'a':'YWJjZGVm','e':''}}");
}

static void raw_values_are_kept_as_they_are(void **state)
{
    (void)state;
    assert_pruned("apis.meta.v1.ObjectMeta",
                  "{'managedFields':[{'fieldsV1':{'f:a':{},'x':[null,1]}}]}",
                  "{'managedFields':[{'fieldsV1':{'f:a':{},'x':[null,1]}}]}");
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
        cmocka_unit_test(unknown_fields_and_nulls_are_dropped),
        cmocka_unit_test(unknown_fields_are_reported_by_their_path),
        cmocka_unit_test(wrong_types_are_errors_that_name_the_path),
        cmocka_unit_test(quantities_are_numbers_or_texts_and_become_canonical),
        cmocka_unit_test(times_ports_and_bytes_get_their_usual_form),
        cmocka_unit_test(raw_values_are_kept_as_they_are),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
