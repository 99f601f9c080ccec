#include "api/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KUBECTL                                                                                    \
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta."     \
    "k8s.io,application/json"

static bool form_of(const char *accept, const char *include, struct form *out)
{
    return accept_form(str_of(accept), str_of(include), out);
}

static void kubectl_gets_tables(void **state)
{
    (void)state;
    struct form f;
    assert_true(form_of(KUBECTL, NULL, &f));
    assert_int_equal(f.kind, FORM_TABLE);
    assert_false(f.beta);
    assert_int_equal(f.include, INCLUDE_METADATA);
    assert_true(form_of("application/json; as=Table; v=v1beta1; g=meta.k8s.io", "Object", &f));
    assert_true(f.beta);
    assert_int_equal(f.include, INCLUDE_OBJECT);
}

static void protobuf_first_falls_back_to_json(void **state)
{
    (void)state;
    struct form f;
    assert_true(form_of("application/vnd.kubernetes.protobuf,application/json", NULL, &f));
    assert_int_equal(f.kind, FORM_OBJECT);
    assert_true(form_of(NULL, NULL, &f));
    assert_true(form_of("", NULL, &f));
    assert_true(form_of("*/*", NULL, &f));
    assert_true(form_of("text/html, application/*;q=0.5", NULL, &f));
}

static void yaml_is_a_form_but_no_stream(void **state)
{
    (void)state;
    struct form f;
    assert_true(form_of("application/yaml", NULL, &f));
    assert_true(f.yaml);
    assert_true(form_of("application/json,application/yaml", NULL, &f));
    assert_false(f.yaml);
    assert_true(form_of("application/yaml;q=0,*/*", NULL, &f));
    assert_false(f.yaml);
    assert_false(accept_stream(STR("application/yaml"), (struct str){0}, &f));
    assert_true(accept_stream(STR("application/yaml,application/json"), (struct str){0}, &f));
    assert_false(f.yaml);
    assert_true(accept_plain(STR("application/yaml")));
}

static void what_cannot_be_served_is_not_acceptable(void **state)
{
    (void)state;
    struct form f;
    assert_false(form_of("application/vnd.kubernetes.protobuf", NULL, &f));
    assert_false(form_of("application/json;as=Nothing;v=v1;g=meta.k8s.io", NULL, &f));
    assert_false(form_of("application/json;as=Table;v=v2;g=meta.k8s.io", NULL, &f));
    assert_false(form_of("application/json;q=0", NULL, &f));
    assert_false(form_of("text/plain", NULL, &f));
}

static void partial_objects_are_a_form(void **state)
{
    (void)state;
    struct form f;
    assert_true(
        form_of("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", NULL, &f));
    assert_int_equal(f.kind, FORM_PARTIAL);
}

static void every_form_has_an_id_of_its_own(void **state)
{
    (void)state;
    bool seen[FORMS] = {false};
    for (unsigned char kind = 0; kind < 3; kind++)
        for (unsigned char include = 0; include < 3; include++)
            for (int beta = 0; beta < 2; beta++) {
                unsigned id =
                    form_id((struct form){.kind = kind, .include = include, .beta = beta});
                assert_true(id < FORMS);
                assert_false(seen[id]);
                seen[id] = true;
            }
}

static void current_clients_get_aggregated_discovery(void **state)
{
    (void)state;
    const char *current =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g="
        "apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
    assert_string_equal(accept_aggregated(str_of(current)), "v2");
    const char *older = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
    assert_string_equal(accept_aggregated(str_of(older)), "v2beta1");
    assert_null(accept_aggregated(STR("application/json, */*")));
    assert_null(accept_aggregated((struct str){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kubectl_gets_tables),
        cmocka_unit_test(protobuf_first_falls_back_to_json),
        cmocka_unit_test(yaml_is_a_form_but_no_stream),
        cmocka_unit_test(what_cannot_be_served_is_not_acceptable),
        cmocka_unit_test(partial_objects_are_a_form),
        cmocka_unit_test(every_form_has_an_id_of_its_own),
        cmocka_unit_test(current_clients_get_aggregated_discovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
