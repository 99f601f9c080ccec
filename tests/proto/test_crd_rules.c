/* What a CustomResourceDefinition must be. */
#include "proto/admit_helper.h"

static struct buf defaulted(const struct kind *k, const char *in)
{
    struct buf doc buf_auto = doc_of(in), pruned buf_auto = BUF_INIT, out = BUF_INIT;
    struct error err;
    if (admit_structure(k->versions[0].type, doc_mp(&doc), &pruned, NULL, &err))
        fail_msg("%s", err.text);
    admit_defaults(k, doc_mp(&pruned), &out);
    return out;
}

static void assert_causes(const char *in, const char *old, const char *want)
{
    schema_init();
    struct buf now buf_auto = defaulted(kind_crd, in), before buf_auto = BUF_INIT;
    struct buf text buf_auto = BUF_INIT;
    struct causes causes = {0};
    if (old) before = defaulted(kind_crd, old);
    admit_validate(kind_crd, doc_mp(&now), doc_mp(&before), NULL, &causes);
    causes_print(&causes, &text);
    causes_free(&causes);
    if (strcmp(text.data, want) != 0) fail_msg("\n%s\ngot:\n%s\nwant:\n%s", in, text.data, want);
}

#define SCHEMA          "'schema':{'openAPIV3Schema':{'type':'object'}}"
#define VERSION(more)   "{'name':'v1','served':true,'storage':true," SCHEMA more "}"
#define NAMES           "'names':{'plural':'crons','kind':'Cron'}"
#define CRD(name, spec) "{'metadata':{'name':'" name "','resourceVersion':'1'},'spec':{" spec "}}"
#define GOOD(versions)                                                                             \
    CRD("crons.example.com",                                                                       \
        "'group':'example.com','scope':'Namespaced'," NAMES ",'versions':[" versions "]")

static void a_good_definition_has_no_causes(void **state)
{
    (void)state;
    assert_causes(GOOD(VERSION("")), NULL, "");
    assert_causes(GOOD(VERSION(",'subresources':{'status':{},'scale':{'specReplicasPath':'.spec.n',"
                               "'statusReplicasPath':'.status.n'}}")),
                  NULL, "");
}

static void names_fit_together(void **state)
{
    (void)state;
    assert_causes(
        CRD("x", "'group':'example','scope':'Everywhere','names':{'plural':'Crons','kind':"
                 "'Cron','listKind':'Cron'},'versions':[" VERSION("") "]"),
        NULL,
        "spec.names.plural|FieldValueInvalid|Invalid value: \"Crons\": a DNS-1035 label "
        "must consist of lower case alphanumeric characters or '-', start with an "
        "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
        "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')\n"
        "spec.names.listKind|FieldValueInvalid|Invalid value: \"Cron\": kind and listKind "
        "may not be the same\n"
        "spec.group|FieldValueInvalid|Invalid value: \"example\": should be a domain with "
        "at least one dot\n"
        "metadata.name|FieldValueInvalid|Invalid value: \"x\": must be "
        "spec.names.plural+\".\"+spec.group\n"
        "spec.scope|FieldValueNotSupported|Unsupported value: \"Everywhere\": supported "
        "values: \"Cluster\", \"Namespaced\"\n");
}

static void kubernetes_own_groups_need_approval(void **state)
{
    (void)state;
    assert_causes(CRD("crons.x.k8s.io", "'group':'x.k8s.io','scope':'Cluster'," NAMES
                                        ",'versions':[" VERSION("") "]"),
                  NULL,
                  "metadata.annotations[api-approved.kubernetes.io]|FieldValueRequired|Required "
                  "value: protected groups must have approval annotation "
                  "\"api-approved.kubernetes.io\", see "
                  "https://github.com/kubernetes/enhancements/pull/1111\n");
}

static void one_version_is_stored(void **state)
{
    (void)state;
    assert_causes(
        GOOD("{'name':'v1','served':true,'storage':false}"), NULL,
        "spec.versions[0].schema.openAPIV3Schema|FieldValueRequired|Required value: schemas "
        "are required\n"
        "spec.versions|FieldValueInvalid|Invalid value: "
        "[{\"name\":\"v1\",\"served\":true,\"storage\":false}]: must have exactly one "
        "version marked as storage version\n");
    assert_causes(
        GOOD(""), NULL,
        "spec.versions|FieldValueRequired|Required value: must have at least one version\n");
}

static void subresources_and_columns_point_where_they_may(void **state)
{
    (void)state;
    assert_causes(
        GOOD(VERSION(",'subresources':{'scale':{'specReplicasPath':'.status.n'}}")), NULL,
        "spec.versions[0].subresources.scale.specReplicasPath|FieldValueInvalid|Invalid "
        "value: \".status.n\": should be a json path under .spec\n"
        "spec.versions[0].subresources.scale.statusReplicasPath|FieldValueRequired|Required "
        "value\n");
    assert_causes(GOOD(VERSION(",'additionalPrinterColumns':[{'name':'A','type':'text','jsonPath':"
                               "'spec'}]")),
                  NULL,
                  "spec.versions[0].additionalPrinterColumns[0].type|FieldValueNotSupported|"
                  "Unsupported value: \"text\": supported values: \"boolean\", \"date\", "
                  "\"integer\", \"number\", \"string\"\n"
                  "spec.versions[0].additionalPrinterColumns[0].jsonPath|FieldValueInvalid|Invalid "
                  "value: \"spec\": must be a simple json path starting with .\n");
}

static void webhook_conversion_is_refused_honestly(void **state)
{
    (void)state;
    assert_causes(
        CRD("crons.example.com",
            "'group':'example.com','scope':'Cluster'," NAMES
            ",'conversion':{'strategy':'Webhook'},'versions':[" VERSION("") "]"),
        NULL,
        "spec.conversion.strategy|FieldValueForbidden|Forbidden: conversion by webhooks is "
        "not supported\n");
}

static void what_objects_depend_on_stays(void **state)
{
    (void)state;
    const char *old =
        "{'metadata':{'name':'crons.example.com'},'spec':{'group':'example.com','scope':"
        "'Namespaced'," NAMES
        ",'versions':[" VERSION("") "]},'status':{'conditions':[{'type':"
                                    "'Established','status':'True'}],'storedVersions':['v1']}}";
    assert_causes(
        "{'metadata':{'name':'crons.example.com','resourceVersion':'1'},'spec':{'group':"
        "'example.com','scope':'Cluster'," NAMES ",'versions':[{'name':'v2','served':true,"
        "'storage':true," SCHEMA "}]},'status':{'storedVersions':['v1']}}",
        old,
        "spec.scope|FieldValueInvalid|Invalid value: \"Cluster\": field is immutable\n"
        "status.storedVersions[0]|FieldValueInvalid|Invalid value: \"v1\": must appear in "
        "spec.versions\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_definition_has_no_causes),
        cmocka_unit_test(names_fit_together),
        cmocka_unit_test(kubernetes_own_groups_need_approval),
        cmocka_unit_test(one_version_is_stored),
        cmocka_unit_test(subresources_and_columns_point_where_they_may),
        cmocka_unit_test(webhook_conversion_is_refused_honestly),
        cmocka_unit_test(what_objects_depend_on_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
