/* Alpha versions, and the beta form of CustomResourceDefinitions, over one stored object. */
#include "proto/convert_helper.h"

#define RBAC "rbac.authorization.k8s.io"

static void subjects_tell_group_and_version_in_the_alpha_version(void **state)
{
    (void)state;
    assert_both_ways(RBAC "/v1alpha1", "RoleBinding",
                     "{'roleRef':{'apiGroup':'" RBAC "','kind':'Role','name':'r'},'subjects':["
                     "{'kind':'User','name':'u','apiVersion':'" RBAC "/v1alpha1'}]}",
                     "{'roleRef':{'apiGroup':'" RBAC "','kind':'Role','name':'r'},'subjects':["
                     "{'kind':'User','name':'u','apiGroup':'" RBAC "'}]}");
    assert_stored(RBAC "/v1alpha1", "RoleBinding",
                  "{'subjects':[{'kind':'ServiceAccount','name':'s','apiVersion':'v1'},"
                  "{'kind':'Group','name':'g'}]}",
                  "{'subjects':[{'kind':'ServiceAccount','name':'s'},"
                  "{'kind':'Group','name':'g'}]}");
    assert_shown(RBAC "/v1alpha1", "RoleBinding",
                 "{'subjects':[{'kind':'ServiceAccount','name':'s'}]}",
                 "{'subjects':[{'kind':'ServiceAccount','name':'s','apiVersion':'v1'}]}");
}

static void a_runtime_class_has_a_spec_in_the_alpha_version_only(void **state)
{
    (void)state;
    assert_both_ways("node.k8s.io/v1alpha1", "RuntimeClass",
                     "{'metadata':{'name':'c'},'spec':{'runtimeHandler':'runc','overhead':"
                     "{'podFixed':{'cpu':'1'}},'scheduling':{'nodeSelector':{'a':'b'}}}}",
                     "{'metadata':{'name':'c'},'handler':'runc','overhead':{'podFixed':"
                     "{'cpu':'1'}},'scheduling':{'nodeSelector':{'a':'b'}}}");
    assert_stored("node.k8s.io/v1alpha1", "RuntimeClass", "{'spec':{'runtimeHandler':'h'}}",
                  "{'handler':'h'}");
}

#define BETA "apiextensions.k8s.io/v1beta1"
#define KEEP "'x-kubernetes-preserve-unknown-fields':true"
#define PARTS                                                                                      \
    "'additionalPrinterColumns':[{'name':'A','type':'string','JSONPath':'.spec.a'}],"              \
    "'subresources':{'status':{}},'validation':{'openAPIV3Schema':{'type':'object'}}"
#define STORED_PARTS                                                                               \
    "'schema':{'openAPIV3Schema':{'type':'object'}},'subresources':{'status':{}},"                 \
    "'additionalPrinterColumns':[{'name':'A','type':'string','jsonPath':'.spec.a'}]"

static void what_a_beta_definition_says_once_is_said_of_each_version(void **state)
{
    (void)state;
    assert_both_ways(BETA, "CustomResourceDefinition",
                     "{'spec':{'group':'g','version':'v1','preserveUnknownFields':false," PARTS
                     ",'versions':[{'name':'v1','served':true,'storage':true},"
                     "{'name':'v2','served':true,'storage':false}]}}",
                     "{'spec':{'group':'g','versions':["
                     "{'name':'v1','served':true,'storage':true," STORED_PARTS "},"
                     "{'name':'v2','served':true,'storage':false," STORED_PARTS "}]}}");
    /* A definition without a list of versions has one. */
    assert_stored(BETA, "CustomResourceDefinition",
                  "{'spec':{'version':'v7','preserveUnknownFields':false," PARTS "}}",
                  "{'spec':{'versions':[{'name':'v7','served':true,'storage':true," STORED_PARTS
                  "}]}}");
}

static void versions_that_differ_are_shown_apart(void **state)
{
    (void)state;
    assert_both_ways(
        BETA, "CustomResourceDefinition",
        "{'spec':{'version':'v1','preserveUnknownFields':false,'versions':["
        "{'name':'v1','schema':{'openAPIV3Schema':{'type':'object'}},'additionalPrinterColumns':"
        "[{'name':'A','JSONPath':'.a'}]},"
        "{'name':'v2','schema':{'openAPIV3Schema':{'type':'object','title':'t'}}}]}}",
        "{'spec':{'versions':["
        "{'name':'v1','schema':{'openAPIV3Schema':{'type':'object'}},'additionalPrinterColumns':"
        "[{'name':'A','jsonPath':'.a'}]},"
        "{'name':'v2','schema':{'openAPIV3Schema':{'type':'object','title':'t'}}}]}}");
}

static void unknown_fields_are_kept_unless_a_beta_definition_says_otherwise(void **state)
{
    (void)state;
    assert_stored(BETA, "CustomResourceDefinition", "{'spec':{'version':'v1'}}",
                  "{'spec':{'versions':[{'name':'v1','served':true,'storage':true,'schema':"
                  "{'openAPIV3Schema':{'type':'object'," KEEP "}}}]}}");
    assert_stored(
        BETA, "CustomResourceDefinition",
        "{'spec':{'versions':[{'name':'v1'}],'validation':{'openAPIV3Schema':{'properties':{"
        "'a':{'type':'object'},'b':{'type':'array','items':{'properties':{}}},"
        "'c':{'type':'object','additionalProperties':{'type':'string'}}}}}}}",
        "{'spec':{'versions':[{'name':'v1','schema':{'openAPIV3Schema':{'type':'object'," KEEP
        ",'properties':{'a':{'type':'object'," KEEP "},"
        "'b':{'type':'array','items':{'properties':{}," KEEP "}},"
        "'c':{'type':'object','additionalProperties':{'type':'string'}}}}}}]}}");
}

static void how_versions_are_converted_is_told_in_both_forms(void **state)
{
    (void)state;
    assert_both_ways(BETA, "CustomResourceDefinition",
                     "{'spec':{'version':'v1','preserveUnknownFields':false,"
                     "'versions':[{'name':'v1'}],'conversion':{'strategy':'Webhook',"
                     "'webhookClientConfig':{'url':'u'},'conversionReviewVersions':['v1']}}}",
                     "{'spec':{'versions':[{'name':'v1'}],'conversion':{'strategy':'Webhook',"
                     "'webhook':{'clientConfig':{'url':'u'},'conversionReviewVersions':['v1']}}}}");
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
        cmocka_unit_test(subjects_tell_group_and_version_in_the_alpha_version),
        cmocka_unit_test(a_runtime_class_has_a_spec_in_the_alpha_version_only),
        cmocka_unit_test(what_a_beta_definition_says_once_is_said_of_each_version),
        cmocka_unit_test(versions_that_differ_are_shown_apart),
        cmocka_unit_test(unknown_fields_are_kept_unless_a_beta_definition_says_otherwise),
        cmocka_unit_test(how_versions_are_converted_is_told_in_both_forms),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
