/* The compiled schema: lookups by every name, and facts that would hurt if they were wrong. */
#include "proto/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void every_kind_is_found_by_its_key_its_path_and_its_body(void **state)
{
    (void)state;
    assert_true(kind_count() >= 12);
    for (unsigned i = 0; i < kind_count(); i++) {
        const struct kind *k = kind_at(i);
        assert_int_equal(k->index, i);
        assert_ptr_equal(kind_by_key(str_of(k->key)), k);
        for (unsigned v = 0; v < k->version_count; v++) {
            const struct kind_version *version = &k->versions[v], *found = NULL;
            assert_ptr_equal(kind_by_path(str_of(version->group), str_of(version->version),
                                          str_of(k->resource), &found),
                             k);
            assert_ptr_equal(found, version);
            found = NULL;
            assert_ptr_equal(kind_by_gvk(str_of(version->api_version), str_of(k->kind), &found), k);
            assert_ptr_equal(found, version);
            assert_ptr_equal(version->kind, k);
            assert_non_null(type_field(version->type, STR("metadata")));
        }
    }
}

static void names_that_nobody_serves_are_not_found(void **state)
{
    (void)state;
    assert_null(kind_by_key(STR("")));
    assert_null(kind_by_key(STR("pod")));
    assert_null(kind_by_key(STR("zebras.apps")));
    assert_null(kind_by_path(STR("apps"), STR("v1"), STR("pods"), NULL));
    assert_null(kind_by_path(STR(""), STR("v2"), STR("pods"), NULL));
    assert_null(kind_by_gvk(STR("apps/v1"), STR("replicaset"), NULL));
    assert_null(type_by_name("core.v1.Nothing"));
    assert_null(type_field(type_by_name("core.v1.Pod"), STR("Spec")));
    assert_null(type_field(type_by_name("core.v1.Pod"), (struct str){0}));
}

static void every_field_of_every_reached_type_is_found(void **state)
{
    (void)state;
    const char *names[] = {"core.v1.Pod", "core.v1.Container", "core.v1.Volume",
                           "apps.v1.ReplicaSetSpec", "apis.meta.v1.ObjectMeta"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        const struct type *t = type_by_name(names[n]);
        assert_non_null(t);
        assert_string_equal(t->name, names[n]);
        for (unsigned i = 0; i < t->field_count; i++)
            assert_ptr_equal(type_field(t, str_of(t->fields[i].name)), &t->fields[i]);
    }
}

static void fields_carry_their_shape_patch_strategy_and_number(void **state)
{
    (void)state;
    const struct type *pod = type_by_name("core.v1.PodSpec");
    const struct field *containers = type_field(pod, STR("containers"));
    assert_int_equal(containers->shape, SHAPE_LIST);
    assert_int_equal(containers->scalar, SCALAR_NONE);
    assert_string_equal(containers->type->name, "core.v1.Container");
    assert_true(containers->required && containers->patch_merge);
    assert_string_equal(containers->merge_key, "name");
    assert_int_equal(containers->proto_number, 2);
    const struct field *volumes = type_field(pod, STR("volumes"));
    assert_true(volumes->patch_merge && volumes->patch_replace_keys);

    const struct type *resources = type_by_name("core.v1.ResourceRequirements");
    const struct field *limits = type_field(resources, STR("limits"));
    assert_int_equal(limits->shape, SHAPE_MAP);
    assert_int_equal(limits->scalar, SCALAR_QUANTITY);

    const struct type *meta = type_by_name("apis.meta.v1.ObjectMeta");
    assert_int_equal(type_field(meta, STR("creationTimestamp"))->scalar, SCALAR_TIME);
    assert_int_equal(type_field(meta, STR("finalizers"))->patch_merge, true);
    assert_null(type_field(meta, STR("finalizers"))->merge_key);
}

static void members_of_embedded_messages_know_their_wrapper(void **state)
{
    (void)state;
    const struct field *f = type_field(type_by_name("core.v1.Volume"), STR("configMap"));
    assert_int_equal(f->proto_outer, 2);
    assert_true(f->proto_number > 0);
    f = type_field(type_by_name("core.v1.Volume"), STR("name"));
    assert_int_equal(f->proto_outer, 0);
    f = type_field(type_by_name("core.v1.Probe"), STR("httpGet"));
    assert_int_equal(f->proto_outer, 1);
}

static void verbs_and_subresources_are_those_of_kubernetes(void **state)
{
    (void)state;
    assert_true(kind_pod->verbs & VERB_DELETECOLLECTION);
    assert_false(kind_service->verbs & VERB_DELETECOLLECTION);
    assert_false(kind_namespace->verbs & VERB_DELETECOLLECTION);
    assert_true(kind_replicaset->has_generation && kind_replicaset->has_status);
    assert_false(kind_pod->has_generation);
    assert_false(kind_node->namespaced);
    assert_string_equal(kind_pod->short_names[0], "po");
    assert_null(kind_pod->short_names[1]);
    assert_string_equal(kind_pod->categories[0], "all");
    assert_null(kind_secret->short_names[0]);
    assert_int_equal(kind_replicaset->subresource_count, 2);
    const struct subresource *scale = &kind_replicaset->subresources[0];
    assert_string_equal(scale->name, "scale");
    assert_string_equal(scale->group, "autoscaling");
    assert_string_equal(scale->type->name, "autoscaling.v1.Scale");
    assert_int_equal(scale->verbs, VERB_GET | VERB_UPDATE | VERB_PATCH);
}

static void every_kind_knows_its_status_and_scale(void **state)
{
    (void)state;
    static const char *const scaled[] = {"deployments.apps", "statefulsets.apps"};
    for (size_t i = 0; i < sizeof scaled / sizeof *scaled; i++) {
        const struct kind *k = kind_by_key(str_of(scaled[i]));
        assert_int_equal(k->subresource_count, 2);
        assert_string_equal(k->subresources[0].type->name, "autoscaling.v1.Scale");
        assert_true(k->has_generation && k->has_status);
    }
    for (unsigned i = 0; i < kind_count(); i++) {
        const struct kind *k = kind_at(i);
        bool status = false;
        for (unsigned s = 0; s < k->subresource_count; s++)
            status |= !strcmp(k->subresources[s].name, "status");
        assert_int_equal(status, k->has_status);
    }
}

static void a_kind_is_one_through_all_its_versions(void **state)
{
    (void)state;
    const struct kind_version *first = NULL, *second = NULL;
    const struct kind *jobs = kind_by_gvk(STR("batch/v1"), STR("CronJob"), &first);
    assert_ptr_equal(jobs, kind_by_gvk(STR("batch/v1beta1"), STR("CronJob"), &second));
    assert_ptr_not_equal(first, second);
    for (unsigned i = 0; i < kind_count(); i++) {
        const struct kind *k = kind_at(i);
        for (unsigned v = 1; v < k->version_count; v++)
            if (!k->versions[v].type->conversion_count)
                assert_int_equal(k->versions[v].type->field_count,
                                 k->versions[0].type->field_count);
    }
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
        cmocka_unit_test(every_kind_is_found_by_its_key_its_path_and_its_body),
        cmocka_unit_test(names_that_nobody_serves_are_not_found),
        cmocka_unit_test(every_field_of_every_reached_type_is_found),
        cmocka_unit_test(fields_carry_their_shape_patch_strategy_and_number),
        cmocka_unit_test(members_of_embedded_messages_know_their_wrapper),
        cmocka_unit_test(verbs_and_subresources_are_those_of_kubernetes),
        cmocka_unit_test(every_kind_knows_its_status_and_scale),
        cmocka_unit_test(a_kind_is_one_through_all_its_versions),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
