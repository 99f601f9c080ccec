/* What is served is registered: the built-in groups and versions, and those of definitions. */
#include "stage.h"

static bool available(struct stage *s, const char *name)
{
    const struct object *o = stage_get(s, kind_apiservice, name);
    return o && mp_is(mp_get(status_condition(o->status, "Available"), "status"), "True");
}

static void built_in_groups_and_versions_are_registered(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_pass(s, 500);
    assert_true(available(s, "v1.") && available(s, "v1.apps") && available(s, "v1beta1.policy"));
    assert_null(stage_get(s, kind_apiservice, "v1.apiregistration.k8s.io"));
    const struct object *o = stage_get(s, kind_apiservice, "v1beta1.batch");
    assert_true(mp_is(doc_path(o->body, "spec.group"), "batch"));
    assert_true(mp_is(doc_path(o->body, "spec.version"), "v1beta1"));
    assert_int_equal(mp_i64(doc_path(o->body, "spec.groupPriorityMinimum"), 0), 17400);
    assert_int_equal(mp_i64(doc_path(o->body, "spec.versionPriority"), 0), 9);
    assert_int_equal(doc_path(stage_get(s, kind_apiservice, "v1.")->body, "spec.group").type,
                     MP_END);
    uint64_t revision = s->world->revision;
    system_lead(s->system, false);
    system_lead(s->system, true);
    stage_pass(s, 2000);
    assert_int_equal(s->world->revision, revision); /* all is well: nothing is written again */
    stage_delete(s, kind_apiservice, "v1.apps");
    stage_pass(s, 200);
    assert_true(available(s, "v1.apps"));
    stage_close(s);
}

#define DEFINITION                                                                                 \
    "{'metadata':{'name':'foos.ex.com'},'spec':{'group':'ex.com','scope':'Cluster','names':{"      \
    "'plural':'foos','singular':'foo','kind':'Foo','listKind':'FooList'},'versions':["             \
    "{'name':'v1','served':true,'storage':true},{'name':'v2','served':false,'storage':false}]}}"

static void a_definition_is_registered_as_long_as_it_serves(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_crd, DEFINITION);
    stage_pass(s, 1000);
    assert_true(available(s, "v1.ex.com"));
    assert_null(stage_get(s, kind_apiservice, "v2.ex.com"));
    stage_delete(s, kind_crd, "foos.ex.com");
    stage_pass(s, 2000);
    assert_null(stage_get(s, kind_apiservice, "v1.ex.com"));
    stage_close(s);
}

static void only_what_has_no_server_of_its_own_is_called_available(void **state)
{
    (void)state;
    struct stage *s = stage_open(NULL);
    stage_make(s, kind_apiservice,
               "{'metadata':{'name':'v1.mine.com'},'spec':{'group':'mine.com','version':'v1'}}");
    stage_make(s, kind_apiservice,
               "{'metadata':{'name':'v1.far.com'},'spec':{'group':'far.com','version':'v1',"
               "'service':{'namespace':'a','name':'b'}}}");
    stage_pass(s, 1000);
    assert_true(available(s, "v1.mine.com"));
    assert_false(available(s, "v1.far.com"));
    stage_delete(s, kind_apiservice, "v1.mine.com");
    stage_pass(s, 500);
    assert_null(stage_get(s, kind_apiservice, "v1.mine.com"));
    stage_close(s);
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
        cmocka_unit_test(built_in_groups_and_versions_are_registered),
        cmocka_unit_test(a_definition_is_registered_as_long_as_it_serves),
        cmocka_unit_test(only_what_has_no_server_of_its_own_is_called_available),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
