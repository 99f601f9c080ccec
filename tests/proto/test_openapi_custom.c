/* What the documents say about custom kinds: the schema as its author wrote it, as far as the
 * version can say it. */
#include "proto/openapi_helper.h"

static const struct subresource subresources[] = {
    {"status", "", "", "CronTab", VERB_GET | VERB_UPDATE | VERB_PATCH, NULL},
};
static struct kind kind = {
    .key = "crontabs.stable.example.com",
    .kind = "CronTab",
    .group = "stable.example.com",
    .resource = "crontabs",
    .singular = "crontab",
    .namespaced = true,
    .custom = true,
    .verbs = VERB_GET | VERB_LIST | VERB_WATCH | VERB_CREATE | VERB_UPDATE | VERB_PATCH |
             VERB_DELETE | VERB_DELETECOLLECTION,
    .subresources = subresources,
    .subresource_count = 1,
};
static const struct kind_version version = {.kind = &kind,
                                            .group = "stable.example.com",
                                            .version = "v1",
                                            .api_version = "stable.example.com/v1"};

static const char name[] = "com.example.stable.v1.CronTab";

/* The definition that a schema becomes, without what every object has and without its name. */
static void become(bool three, const char *schema, struct buf *json)
{
    buf_auto struct buf given = BUF_INIT, doc = BUF_INIT;
    struct openapi_kind k = {.version = &version, .list_kind = "CronTabList"};
    if (schema) {
        assert_int_equal(json_parse(schema, strlen(schema), &given, NULL), 0);
        k.schema = mp_read(given.data, given.len);
    }
    struct mp root = three ? v3(kind.group, "v1", &k, 1, &doc) : v2(&k, 1, &doc);
    struct mp all = three ? mp_path(root, "components.schemas") : mp_get(root, "definitions");
    struct mp found = mp_get(all, name);
    assert_int_equal(found.type, MP_MAP);
    assert_json(mp_get(found, "x-kubernetes-group-version-kind"),
                "[{\"group\":\"stable.example.com\",\"kind\":\"CronTab\",\"version\":\"v1\"}]");
    json_write(found, json);
}

static void assert_becomes(bool three, const char *schema, const char *inner)
{
    buf_auto struct buf json = BUF_INIT, gvk = BUF_INIT;
    become(three, schema, &json);
    char *end = strstr(json.data, ",\"x-kubernetes-group-version-kind\"");
    assert_non_null(end);
    *end = '\0';
    assert_string_equal(json.data, inner);
}

/* With what every object has taken out of "properties". */
static void assert_property_becomes(bool three, const char *schema, const char *expected)
{
    buf_auto struct buf given = BUF_INIT, json = BUF_INIT, doc = BUF_INIT;
    buf_printf(&given, "{\"type\":\"object\",\"properties\":{\"p\":%s}}", schema);
    become(three, given.data, &json);
    struct mp root = parse(&json, &doc);
    struct mp properties = mp_get(root, "properties");
    assert_int_equal(properties.count, 4); /* p, apiVersion, kind, metadata */
    assert_true(mp_is(mp_path(properties, "apiVersion.type"), "string"));
    assert_true(mp_is(mp_path(properties, "kind.type"), "string"));
    assert_json(mp_get(properties, "p"), expected);
}

static void a_schema_is_told_as_it_was_written(void **state)
{
    (void)state;
    const char *same[] = {
        "{\"type\":\"string\",\"pattern\":\"^a.b$\",\"maxLength\":7}",
        "{\"description\":\"d\",\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":"
        "{\"a\":{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":1}},\"required\":[\"a\"]}}",
        "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"boolean\"}}",
        "{\"type\":\"object\",\"additionalProperties\":true}",
        "{\"x-kubernetes-int-or-string\":true}",
        "{\"type\":\"string\",\"enum\":[\"x\",\"y\"],\"default\":\"x\"}",
        "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"x-kubernetes-list-type\":\"set\"}",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_property_becomes(false, same[i], same[i]);
        assert_property_becomes(true, same[i], same[i]);
    }
}

static void version_2_leaves_out_what_it_cannot_say(void **state)
{
    (void)state;
    static const struct {
        const char *given, *two;
    } cases[] = {
        {"{\"type\":\"string\",\"anyOf\":[{\"minLength\":1}],\"oneOf\":[],\"allOf\":[],\"not\":{}}",
         "{\"type\":\"string\"}"},
        {"{\"type\":\"object\",\"nullable\":true,\"properties\":{\"a\":{\"type\":\"string\"}}}",
         "{}"},
        {"{\"type\":\"array\",\"nullable\":true,\"items\":{\"type\":\"string\"},\"title\":\"t\"}",
         "{\"title\":\"t\"}"},
        {"{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true,\"properties\":{"
         "\"a\":{\"type\":\"string\"}}}",
         "{\"x-kubernetes-preserve-unknown-fields\":true}"},
        {"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"nullable\":true},"
         "\"b\":{\"type\":\"string\"}},\"required\":[\"a\",\"b\"]}",
         "{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{\"type\":\"string\"}},"
         "\"required\":[\"b\"]}"},
        {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\",\"nullable\":true},"
         "\"required\":[\"a\"]}",
         "{\"type\":\"object\",\"additionalProperties\":{}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_property_becomes(false, cases[i].given, cases[i].two);
        assert_property_becomes(true, cases[i].given, cases[i].given);
    }
}

static void an_object_within_has_what_every_object_has(void **state)
{
    (void)state;
    const char *given = "{\"type\":\"object\",\"x-kubernetes-embedded-resource\":true,"
                        "\"required\":[\"kind\"]}";
    buf_auto struct buf json = BUF_INIT, doc = BUF_INIT, schema = BUF_INIT;
    buf_printf(&schema, "{\"type\":\"object\",\"properties\":{\"p\":%s}}", given);
    become(false, schema.data, &json);
    struct mp p = mp_path(parse(&json, &doc), "properties.p");
    assert_json(mp_get(p, "required"), "[\"kind\",\"apiVersion\"]");
    assert_true(mp_is(mp_path(p, "properties.metadata.$ref"),
                      "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"));
    assert_property_becomes(false,
                            "{\"type\":\"object\",\"x-kubernetes-embedded-resource\":true,"
                            "\"x-kubernetes-preserve-unknown-fields\":true}",
                            "{\"x-kubernetes-embedded-resource\":true,"
                            "\"x-kubernetes-preserve-unknown-fields\":true}");
}

static void a_kind_without_a_schema_is_any_object(void **state)
{
    (void)state;
    const char *open = "{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true,"
                       "\"properties\":{\"a\":{\"type\":\"string\"}}}";
    assert_becomes(false, NULL, "{\"type\":\"object\"");
    assert_becomes(true, NULL, "{\"type\":\"object\"");
    assert_becomes(false, open, "{\"type\":\"object\"");
    buf_auto struct buf json = BUF_INIT, doc = BUF_INIT;
    become(true, open, &json);
    struct mp properties = mp_get(parse(&json, &doc), "properties");
    assert_json(mp_get(properties, "a"), "{\"type\":\"string\"}");
    assert_true(mp_is(mp_path(mp_at(mp_path(properties, "metadata.allOf"), 0), "$ref"),
                      "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"));
}

static void names_of_every_object_are_the_servers_own(void **state)
{
    (void)state;
    buf_auto struct buf json = BUF_INIT, doc = BUF_INIT;
    become(false,
           "{\"type\":\"object\",\"properties\":{\"kind\":{\"type\":\"integer\"},"
           "\"metadata\":{\"type\":\"object\"}}}",
           &json);
    struct mp properties = mp_get(parse(&json, &doc), "properties");
    assert_int_equal(properties.count, 3);
    assert_true(mp_is(mp_path(properties, "kind.type"), "string"));
}

static void paths_and_lists_of_a_custom_kind_are_told(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT;
    struct openapi_kind k = {.version = &version, .list_kind = "CronTabs"};
    struct mp root = v2(&k, 1, &doc), paths = mp_get(root, "paths");
    struct mp one =
        mp_get(paths, "/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}");
    assert_true(
        mp_is(mp_path(one, "patch.operationId"), "patchStableExampleComV1NamespacedCronTab"));
    assert_json(mp_path(one, "patch.consumes"),
                "[\"application/json-patch+json\",\"application/merge-patch+json\","
                "\"application/apply-patch+yaml\"]");
    struct mp status =
        mp_get(paths, "/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}/status");
    assert_true(mp_is(mp_path(status, "put.responses.200.schema.$ref"),
                      "#/definitions/com.example.stable.v1.CronTab"));
    struct mp list = get2(root, "definitions", "com.example.stable.v1.CronTabs");
    assert_json(mp_get(list, "x-kubernetes-group-version-kind"),
                "[{\"group\":\"stable.example.com\",\"kind\":\"CronTabs\",\"version\":\"v1\"}]");
    /* what is built in stays where it was */
    assert_int_equal(mp_get(paths, "/api/v1/pods").type, MP_MAP);
}

static void other_versions_of_the_group_are_not_in_the_document(void **state)
{
    (void)state;
    buf_auto struct buf doc = BUF_INIT;
    struct openapi_kind k = {.version = &version};
    struct mp root = v3(kind.group, "v2", &k, 1, &doc);
    assert_int_equal(mp_get(root, "paths").count, 0);
    assert_int_equal(get2(mp_get(root, "components"), "schemas", name).type, MP_END);
}

/* As deep as the schema in a definition can be, and an object at the bottom that gets more. */
static void a_deep_schema_is_told_to_its_end(void **state)
{
    (void)state;
    enum { DEEP = (MP_DEPTH_MAX - 6) / 2 };
    buf_auto struct buf schema = BUF_INIT, given = BUF_INIT, json = BUF_INIT;
    for (int i = 0; i < DEEP; i++) buf_puts(&schema, "{\"type\":\"object\",\"properties\":{\"q\":");
    buf_puts(&schema, "{\"type\":\"object\",\"x-kubernetes-embedded-resource\":true}");
    for (int i = 0; i < DEEP; i++) buf_puts(&schema, "}}");
    assert_int_equal(json_parse(schema.data, schema.len, &given, NULL), 0);
    struct openapi_kind k = {.version = &version, .schema = mp_read(given.data, given.len)};
    openapi_v3_put(str_of(kind.group), STR("v1"), &k, 1, &json);
    assert_non_null(strstr(json.data, "\"required\":[\"kind\",\"apiVersion\"]"));
}

int main(void)
{
    schema_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_is_told_as_it_was_written),
        cmocka_unit_test(version_2_leaves_out_what_it_cannot_say),
        cmocka_unit_test(an_object_within_has_what_every_object_has),
        cmocka_unit_test(a_kind_without_a_schema_is_any_object),
        cmocka_unit_test(names_of_every_object_are_the_servers_own),
        cmocka_unit_test(paths_and_lists_of_a_custom_kind_are_told),
        cmocka_unit_test(other_versions_of_the_group_are_not_in_the_document),
        cmocka_unit_test(a_deep_schema_is_told_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
