#include "api/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct route parse(const char *path)
{
    return route_parse(str_of(path), NULL);
}

static void paths_that_list_groups_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(parse("/api").type, ROUTE_CORE);
    assert_int_equal(parse("/api/").type, ROUTE_CORE);
    assert_int_equal(parse("/apis/").type, ROUTE_GROUPS);
    assert_int_equal(parse("/apis/apps/").type, ROUTE_GROUP);
    assert_int_equal(parse("/apis/apps/v1").type, ROUTE_VERSION);
    assert_int_equal(parse("/api/v1").type, ROUTE_VERSION);
    assert_int_equal(parse("/version").type, ROUTE_OTHER);
    assert_int_equal(parse("/").type, ROUTE_OTHER);
}

static void an_object_is_found_by_its_path(void **state)
{
    (void)state;
    struct route r = parse("/apis/apps/v1/namespaces/shop/replicasets/web");
    assert_int_equal(r.type, ROUTE_RESOURCE);
    assert_ptr_equal(r.kind, kind_replicaset);
    assert_string_equal(r.served->api_version, "apps/v1");
    assert_true(str_is(r.ns, "shop"));
    assert_true(str_is(r.name, "web"));
    assert_null(r.sub);
}

static void a_collection_spans_one_namespace_or_all(void **state)
{
    (void)state;
    struct route one = parse("/api/v1/namespaces/shop/pods"), all = parse("/api/v1/pods");
    assert_ptr_equal(one.kind, kind_pod);
    assert_true(str_is(one.ns, "shop"));
    assert_ptr_equal(all.kind, kind_pod);
    assert_null(all.ns.p);
    assert_null(all.name.p);
}

static void a_namespace_is_an_object_and_a_place(void **state)
{
    (void)state;
    struct route r = parse("/api/v1/namespaces/shop");
    assert_ptr_equal(r.kind, kind_namespace);
    assert_true(str_is(r.name, "shop"));
    assert_null(r.ns.p);
    r = parse("/api/v1/namespaces/shop/finalize");
    assert_ptr_equal(r.kind, kind_namespace);
    assert_string_equal(r.sub->name, "finalize");
    r = parse("/api/v1/namespaces/shop/status");
    assert_string_equal(r.sub->name, "status");
}

static void subresources_are_those_of_the_kind(void **state)
{
    (void)state;
    struct route r = parse("/api/v1/namespaces/shop/pods/web/log");
    assert_string_equal(r.sub->name, "log");
    assert_int_equal(parse("/api/v1/namespaces/shop/pods/web/scale").type, ROUTE_UNKNOWN);
    r = parse("/api/v1/nodes/n1/status");
    assert_ptr_equal(r.kind, kind_node);
    assert_string_equal(r.sub->name, "status");
}

static void bindings_are_posted_to_a_namespace(void **state)
{
    (void)state;
    struct route r = parse("/api/v1/namespaces/shop/bindings");
    assert_true(r.bindings);
    assert_ptr_equal(r.kind, kind_pod);
    assert_int_equal(parse("/api/v1/bindings").type, ROUTE_UNKNOWN);
}

static void the_old_watch_paths_are_understood(void **state)
{
    (void)state;
    struct route r = parse("/api/v1/watch/namespaces/shop/pods/web");
    assert_true(r.watch);
    assert_ptr_equal(r.kind, kind_pod);
    assert_true(str_is(r.name, "web"));
    assert_int_equal(parse("/api/v1/watch").type, ROUTE_UNKNOWN);
}

static void what_is_not_served_is_unknown(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/apis/nope",
        "/apis/nope/v1",
        "/api/v2",
        "/apis/apps/v9/replicasets",
        "/api/v1/replicasets",
        "/apis/apps/v1/pods",
        "/api/v1/namespaces/shop/nodes",
        "/api/v1/namespaces/shop/nodes/n1",
        "/api/v1/pods/web",
        "/api/v1/namespaces/shop/pods/web/status/more",
        "/api/v1/a/b/c/d/e/f/g/h/i/j/k/l",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(parse(paths[i]).type, ROUTE_UNKNOWN);
}

int main(void)
{
    schema_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_list_groups_are_told_apart),
        cmocka_unit_test(an_object_is_found_by_its_path),
        cmocka_unit_test(a_collection_spans_one_namespace_or_all),
        cmocka_unit_test(a_namespace_is_an_object_and_a_place),
        cmocka_unit_test(subresources_are_those_of_the_kind),
        cmocka_unit_test(bindings_are_posted_to_a_namespace),
        cmocka_unit_test(the_old_watch_paths_are_understood),
        cmocka_unit_test(what_is_not_served_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
