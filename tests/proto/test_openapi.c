/* What the documents say about the built-in kinds. */
#include "proto/openapi_helper.h"

/* What may be referred to: names with the path that leads there. */
static void add_names(struct map *names, struct mp section, const char *at)
{
    for (struct mp_iter it = mp_items(section); mp_iter_next(&it);) {
        char *name = mem_printf("#/%s/%.*s", at, (int)it.key.n, it.key.p);
        assert_null(map_put(names, name, strlen(name), name)); /* nothing is told twice */
    }
}

static unsigned check_references(const struct map *names, struct mp value)
{
    unsigned found = 0;
    for (struct mp_iter it = mp_items(value); mp_iter_next(&it);) {
        bool refers = it.map && str_is(it.key, "$ref") && it.value.type == MP_STR;
        if (refers && !map_get(names, it.value.s.p, it.value.s.n)) {
            fprintf(stderr, "%.*s leads nowhere\n", (int)it.value.s.n, it.value.s.p);
            assert_true(false);
        }
        found += refers + (unsigned)check_references(names, it.value);
    }
    return found;
}

static void free_names(struct map *names)
{
    char *name;
    for (size_t i = 0; (name = map_next(names, &i));) mem_free(name);
    map_free(names);
}

static void every_reference_of_version_2_leads_to_something(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT;
    struct map names = {0};
    struct mp root = v2(NULL, 0, &doc);
    assert_true(mp_is(mp_get(root, "swagger"), "2.0"));
    add_names(&names, mp_get(root, "definitions"), "definitions");
    add_names(&names, mp_get(root, "parameters"), "parameters");
    assert_true(check_references(&names, root) > 1000);
    free_names(&names);
}

static void every_reference_of_version_3_leads_to_something(void **state)
{
    (void)state;
    for (unsigned i = 0; i < kind_builtin_count(); i++) {
        buf_auto struct buf doc = BUF_INIT;
        struct map names = {0};
        struct mp root = v3(kind_at(i)->group, kind_at(i)->versions[0].version, NULL, 0, &doc);
        assert_true(mp_is(mp_get(root, "openapi"), "3.0.0"));
        add_names(&names, mp_path(root, "components.schemas"), "components/schemas");
        add_names(&names, mp_path(root, "components.parameters"), "components/parameters");
        assert_true(check_references(&names, root) > 20);
        free_names(&names);
        if (kind_at(i)->group[0]) continue;
        while (i + 1 < kind_builtin_count() && !kind_at(i + 1)->group[0]) i++; /* one document */
    }
}

static void paths_have_the_verbs_of_their_kind(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT;
    struct mp paths = mp_get(v2(NULL, 0, &doc), "paths");
    struct mp set = mp_get(paths, "/apis/apps/v1/namespaces/{namespace}/replicasets");
    assert_true(mp_is(mp_path(set, "get.operationId"), "listAppsV1NamespacedReplicaSet"));
    assert_true(mp_is(mp_path(set, "post.operationId"), "createAppsV1NamespacedReplicaSet"));
    assert_true(
        mp_is(mp_path(set, "delete.operationId"), "deleteAppsV1CollectionNamespacedReplicaSet"));
    assert_true(mp_is(mp_path(set, "get.x-kubernetes-action"), "list"));
    struct mp bindings = mp_get(paths, "/api/v1/namespaces/{namespace}/bindings");
    assert_true(mp_is(mp_path(bindings, "post.operationId"), "createCoreV1NamespacedBinding"));
    assert_int_equal(mp_get(bindings, "get").type, MP_END);
    struct mp everywhere = mp_get(paths, "/api/v1/pods");
    assert_true(mp_is(mp_path(everywhere, "get.operationId"), "listCoreV1PodForAllNamespaces"));
    assert_int_equal(mp_get(everywhere, "post").type, MP_END);
    assert_int_equal(mp_get(mp_get(paths, "/api/v1/namespaces"), "delete").type, MP_END);
    struct mp role =
        mp_get(paths, "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/{name}");
    assert_true(
        mp_is(mp_path(role, "put.operationId"), "replaceRbacAuthorizationV1NamespacedRole"));
    assert_json(mp_path(role, "put.tags"), "[\"rbacAuthorization_v1\"]");
}

static void subresources_are_told_with_the_kind_of_their_body(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT;
    struct mp paths = mp_get(v2(NULL, 0, &doc), "paths");
    struct mp scale =
        mp_get(paths, "/apis/apps/v1/namespaces/{namespace}/replicasets/{name}/scale");
    assert_json(mp_path(scale, "patch.x-kubernetes-group-version-kind"),
                "{\"group\":\"autoscaling\",\"kind\":\"Scale\",\"version\":\"v1\"}");
    assert_true(mp_is(mp_path(scale, "get.responses.200.schema.$ref"),
                      "#/definitions/io.k8s.api.autoscaling.v1.Scale"));
    struct mp log = mp_get(paths, "/api/v1/namespaces/{namespace}/pods/{name}/log");
    assert_json(mp_path(log, "get.responses.200.schema"), "{\"type\":\"string\"}");
    assert_json(mp_path(log, "get.produces"), "[\"text/plain\"]");
}

/* kubectl follows no references here. */
static void a_patch_tells_dry_run_and_validation_in_its_own_parameters(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT, doc3 = BUF_INIT;
    const char *path = "/api/v1/namespaces/{namespace}/configmaps/{name}";
    struct mp two = mp_path(get2(v2(NULL, 0, &doc), "paths", path), "patch");
    struct mp three = mp_path(get2(v3("", "v1", NULL, 0, &doc3), "paths", path), "patch");
    struct mp both[] = {two, three};
    for (unsigned i = 0; i < 2; i++) {
        struct mp parameters = mp_get(both[i], "parameters");
        assert_true(mp_is(mp_get(find_by(parameters, "name", "dryRun"), "in"), "query"));
        assert_true(mp_is(mp_get(find_by(parameters, "name", "fieldValidation"), "in"), "query"));
        assert_json(mp_get(both[i], "x-kubernetes-group-version-kind"),
                    "{\"group\":\"\",\"kind\":\"ConfigMap\",\"version\":\"v1\"}");
    }
    assert_true(mp_is(mp_path(find_by(mp_get(two, "parameters"), "in", "body"), "schema.$ref"),
                      "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Patch"));
    struct mp content = mp_path(three, "requestBody.content");
    assert_int_equal(mp_get(content, "application/strategic-merge-patch+json").type, MP_MAP);
}

static void definitions_tell_types_formats_and_how_lists_are_merged(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT;
    struct mp definitions = mp_get(v2(NULL, 0, &doc), "definitions");
    struct mp container = mp_get(definitions, "io.k8s.api.core.v1.Container");
    struct mp ports = mp_path(container, "properties.ports");
    assert_json(mp_get(container, "required"), "[\"name\"]");
    assert_true(
        mp_is(mp_path(ports, "items.$ref"), "#/definitions/io.k8s.api.core.v1.ContainerPort"));
    assert_json(mp_get(ports, "x-kubernetes-list-map-keys"), "[\"containerPort\",\"protocol\"]");
    assert_true(mp_is(mp_get(ports, "x-kubernetes-list-type"), "map"));
    assert_true(mp_is(mp_get(ports, "x-kubernetes-patch-merge-key"), "containerPort"));
    assert_true(mp_is(mp_get(ports, "x-kubernetes-patch-strategy"), "merge"));
    struct mp deployment = mp_get(definitions, "io.k8s.api.apps.v1.DeploymentSpec");
    assert_true(mp_is(mp_path(deployment, "properties.replicas.format"), "int32"));
    assert_true(mp_is(mp_path(deployment, "properties.strategy.x-kubernetes-patch-strategy"),
                      "retainKeys"));
    assert_true(mp_is(mp_path(mp_get(definitions, "io.k8s.api.core.v1.ResourceRequirements"),
                              "properties.limits.additionalProperties.$ref"),
                      "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity"));
    struct mp extra =
        mp_path(mp_get(definitions, "io.k8s.api.certificates.v1.CertificateSigningRequestSpec"),
                "properties.extra.additionalProperties");
    assert_json(extra, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
}

static void kinds_and_lists_are_named(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT;
    struct mp definitions = mp_get(v2(NULL, 0, &doc), "definitions");
    assert_json(mp_path(mp_get(definitions, "io.k8s.api.apps.v1.ReplicaSet"),
                        "x-kubernetes-group-version-kind"),
                "[{\"group\":\"apps\",\"kind\":\"ReplicaSet\",\"version\":\"v1\"}]");
    struct mp list = mp_get(definitions, "io.k8s.api.core.v1.PodList");
    assert_json(mp_get(list, "required"), "[\"items\"]");
    assert_true(mp_is(mp_path(list, "properties.items.items.$ref"),
                      "#/definitions/io.k8s.api.core.v1.Pod"));
    assert_json(mp_path(mp_get(definitions, "io.k8s.api.autoscaling.v1.Scale"),
                        "x-kubernetes-group-version-kind"),
                "[{\"group\":\"autoscaling\",\"kind\":\"Scale\",\"version\":\"v1\"}]");
    assert_int_equal(
        mp_get(mp_get(definitions, "io.k8s.api.core.v1.PodSpec"), "x-kubernetes-group-version-kind")
            .type,
        MP_END);
}

static void version_3_tells_defaults_and_words_that_are_taken(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT;
    struct mp schemas = mp_path(v3("", "v1", NULL, 0, &doc), "components.schemas");
    struct mp port = mp_path(mp_get(schemas, "io.k8s.api.core.v1.ContainerPort"), "properties");
    assert_true(mp_is(mp_path(port, "protocol.default"), "TCP"));
    assert_json(mp_path(port, "protocol.enum"), "[\"SCTP\",\"TCP\",\"UDP\"]");
    struct mp quantity = mp_get(schemas, "io.k8s.apimachinery.pkg.api.resource.Quantity");
    assert_json(mp_get(quantity, "oneOf"), "[{\"type\":\"number\"},{\"type\":\"string\"}]");
    struct mp spec = mp_path(mp_get(schemas, "io.k8s.api.core.v1.Pod"), "properties.spec");
    assert_int_equal(mp_get(spec, "$ref").type, MP_END); /* it has a description, too */
    assert_json(mp_get(spec, "allOf"),
                "[{\"$ref\":\"#/components/schemas/io.k8s.api.core.v1.PodSpec\"}]");
}

static void every_kind_is_described(void **state)
{
    (void)state;
    for (unsigned i = 0; i < kind_builtin_count(); i++)
        for (unsigned v = 0; v < kind_at(i)->version_count; v++) {
            const struct type *t = kind_at(i)->versions[v].type;
            if (!t->about) fprintf(stderr, "%s has no description\n", t->name);
            assert_non_null(t->about);
            for (unsigned f = 0; f < t->field_count; f++) {
                if (!t->fields[f].about) fprintf(stderr, "%s.%s\n", t->name, t->fields[f].name);
                assert_non_null(t->fields[f].about);
            }
        }
}

/* Kubernetes' conformance tests read these words off kubectl explain. */
static void what_every_object_has_is_described_in_the_usual_words(void **state)
{
    (void)state;
    const struct type *pod = type_by_name("core.v1.Pod");
    const struct type *metadata = type_by_name("apis.meta.v1.ObjectMeta");
    assert_non_null(strstr(type_field(pod, STR("apiVersion"))->about, "APIVersion defines"));
    assert_non_null(strstr(type_field(pod, STR("metadata"))->about, "Standard object's metadata"));
    assert_non_null(strstr(type_field(metadata, STR("creationTimestamp"))->about,
                           "CreationTimestamp is a timestamp"));
}

int main(void)
{
    schema_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reference_of_version_2_leads_to_something),
        cmocka_unit_test(every_reference_of_version_3_leads_to_something),
        cmocka_unit_test(paths_have_the_verbs_of_their_kind),
        cmocka_unit_test(subresources_are_told_with_the_kind_of_their_body),
        cmocka_unit_test(a_patch_tells_dry_run_and_validation_in_its_own_parameters),
        cmocka_unit_test(definitions_tell_types_formats_and_how_lists_are_merged),
        cmocka_unit_test(kinds_and_lists_are_named),
        cmocka_unit_test(version_3_tells_defaults_and_words_that_are_taken),
        cmocka_unit_test(every_kind_is_described),
        cmocka_unit_test(what_every_object_has_is_described_in_the_usual_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
