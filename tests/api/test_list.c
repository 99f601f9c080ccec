/* Collections: pages, moments, selectors, forms, and deleting many. */
#include "api/local_http.h"
#include "api/snapshot.h"

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

static void fill(struct local_cluster *c, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char body[128];
        snprintf(body, sizeof body,
                 "{\"metadata\":{\"name\":\"c%03u\",\"labels\":{\"odd\":\"%u\"}}}", i, i % 2);
        ask(c, "POST", CONFIGMAPS, body);
        assert_int_equal(asked->status, 201);
    }
}

static unsigned items(struct mp doc)
{
    return mp_get(doc, "items").count;
}

static struct mp next_page(struct local_cluster *c, const char *query, struct mp doc)
{
    struct str token = mp_str(mp_path(doc, "metadata.continue"));
    assert_true(token.n > 0);
    mem_auto char *path = mem_printf(CONFIGMAPS "?%s&continue=%.*s", query, (int)token.n, token.p);
    return ask(c, "GET", path, NULL);
}

static void a_list_comes_in_order_without_repeating_the_kind(void **state)
{
    fill(*state, 3);
    struct mp doc = ask(*state, "GET", CONFIGMAPS, NULL);
    assert_text(doc, "kind", "ConfigMapList");
    assert_text(doc, "metadata.resourceVersion", "4");
    assert_int_equal(items(doc), 3);
    struct mp first = mp_at(mp_get(doc, "items"), 0);
    assert_text(first, "metadata.name", "c000");
    assert_int_equal(mp_get(first, "kind").type, MP_END);
    doc = ask(*state, "GET", "/api/v1/namespaces/nowhere/configmaps", NULL);
    assert_int_equal(asked->status, 200);
    assert_int_equal(items(doc), 0);
}

static void pages_show_the_moment_of_the_first_one(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 5);
    struct mp doc = ask(c, "GET", CONFIGMAPS "?limit=2", NULL);
    assert_int_equal(items(doc), 2);
    assert_int_equal(number_at(doc, "metadata.remainingItemCount"), 3);
    mem_auto char *token = NULL;
    struct str text = mp_str(mp_path(doc, "metadata.continue"));
    token = mem_strndup(text.p, text.n);
    ask(c, "DELETE", CONFIGMAPS "/c003", NULL);
    mem_auto char *path = mem_printf(CONFIGMAPS "?limit=2&continue=%s", token);
    doc = ask(c, "GET", path, NULL);
    assert_text(doc, "metadata.resourceVersion", "6");
    assert_text(mp_at(mp_get(doc, "items"), 1), "metadata.name", "c003");
    doc = next_page(c, "limit=2", doc);
    assert_int_equal(items(doc), 1);
    assert_int_equal(mp_path(doc, "metadata.continue").type, MP_END);
}

/* The other master, or the same one after it forgot. */
static void a_page_without_a_snapshot_is_read_from_the_past(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 3);
    mem_auto char *token = token_encode(&(struct token){3, STR("default"), STR("c000")});
    mem_auto char *path = mem_printf(CONFIGMAPS "?limit=5&continue=%s", token);
    struct mp doc = ask(c, "GET", path, NULL);
    assert_int_equal(items(doc), 1);
    assert_text(mp_at(mp_get(doc, "items"), 0), "metadata.name", "c001");
    c->oldest = 4;
    doc = ask(c, "GET", path, NULL);
    assert_int_equal(asked->status, 410);
    assert_text(doc, "reason", "Expired");
    ask(c, "GET", CONFIGMAPS "?limit=1&continue=garbage!", NULL);
    assert_int_equal(asked->status, 400);
}

static void a_list_shows_the_moment_that_is_asked_for(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 3);
    struct mp doc = ask(c, "GET", CONFIGMAPS "?resourceVersion=2&resourceVersionMatch=Exact", NULL);
    assert_int_equal(items(doc), 1);
    doc = ask(c, "GET", CONFIGMAPS "?resourceVersion=2&resourceVersionMatch=NotOlderThan", NULL);
    assert_int_equal(items(doc), 3);
    doc = ask(c, "GET", CONFIGMAPS "?resourceVersion=99", NULL);
    assert_refused(doc, 504, "Timeout", "Timeout: Too large resource version: 99, current: 4");
    ask(c, "GET", CONFIGMAPS "?resourceVersionMatch=Exact", NULL);
    assert_int_equal(asked->status, 422);
    ask(c, "GET", CONFIGMAPS "?resourceVersion=0&resourceVersionMatch=Exact", NULL);
    assert_int_equal(asked->status, 422);
    ask(c, "GET", CONFIGMAPS "?resourceVersion=x", NULL);
    assert_int_equal(asked->status, 400);
}

/* Which parameters go together, of a list and of a watch. */
static void moments_that_contradict_each_other_are_refused(void **state)
{
    static const struct {
        const char *query;
        int status;
    } cases[] = {
        {"resourceVersion=2&resourceVersionMatch=Newest", 422},
        {"resourceVersion=2&sendInitialEvents=true", 422},
        {"watch=1&resourceVersion=2&resourceVersionMatch=NotOlderThan", 422},
        {"watch=1&resourceVersion=2&sendInitialEvents=true", 422},
        {"watch=1&resourceVersionMatch=Exact&sendInitialEvents=true", 422},
        {"limit=x", 400},
        {"limit=-1", 200},
    };
    struct local_cluster *c = *state;
    fill(c, 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mem_auto char *path = mem_printf(CONFIGMAPS "?%s", cases[i].query);
        ask(c, "GET", path, NULL);
        assert_int_equal(asked->status, cases[i].status);
    }
    mem_auto char *token = token_encode(&(struct token){3, STR("default"), STR("c000")});
    mem_auto char *path = mem_printf(CONFIGMAPS "?continue=%s", token);
    mem_auto char *both = mem_printf("%s&resourceVersion=3", path);
    mem_auto char *none = mem_printf("%s&resourceVersion=0", path);
    struct mp doc = ask(c, "GET", CONFIGMAPS "?resourceVersion=2&resourceVersionMatch=New", NULL);
    assert_refused(doc, 422, "Invalid",
                   "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported "
                   "value: \"New\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
    assert_text(mp_at(mp_path(doc, "details.causes"), 0), "field", "resourceVersionMatch");
    assert_refused(ask(c, "GET", both, NULL), 400, "BadRequest",
                   "specifying resource version is not allowed when using continue");
    ask(c, "GET", none, NULL);
    assert_int_equal(asked->status, 200);
}

static void selectors_choose(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 5);
    assert_int_equal(items(ask(c, "GET", CONFIGMAPS "?labelSelector=odd%3D1", NULL)), 2);
    assert_int_equal(items(ask(c, "GET", CONFIGMAPS "?labelSelector=odd+notin+(1)", NULL)), 3);
    struct mp doc = ask(c, "GET", CONFIGMAPS "?fieldSelector=metadata.name%3Dc003", NULL);
    assert_int_equal(items(doc), 1);
    doc = ask(c, "GET", CONFIGMAPS "?labelSelector=odd%3D0&limit=2", NULL);
    assert_int_equal(items(doc), 2);
    assert_int_equal(mp_path(doc, "metadata.remainingItemCount").type, MP_END);
    doc = next_page(c, "labelSelector=odd%3D0&limit=2", doc);
    assert_int_equal(items(doc), 1);
    ask(c, "GET", CONFIGMAPS "?labelSelector=a+b", NULL);
    assert_int_equal(asked->status, 400);
    ask(c, "GET", CONFIGMAPS "?fieldSelector=spec.nope%3D1", NULL);
    assert_int_equal(asked->status, 400);
}

static struct mp list_as(struct local_cluster *c, const char *accept, const char *path)
{
    mem_auto char *header = mem_printf("Accept: %s\r\n", accept);
    return ask_with(c, "GET", path, header, (struct str){0});
}

static void tables_hold_cells_and_what_was_asked_of_the_object(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 2);
    const char *table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    struct mp doc = list_as(c, table, CONFIGMAPS);
    assert_text(doc, "kind", "Table");
    assert_text(doc, "apiVersion", "meta.k8s.io/v1");
    assert_int_equal(mp_get(doc, "rows").count, 2);
    struct mp row = mp_at(mp_get(doc, "rows"), 0);
    assert_true(mp_is(mp_at(mp_get(row, "cells"), 0), "c000"));
    assert_text(row, "object.kind", "PartialObjectMetadata");
    row = mp_at(mp_get(list_as(c, table, CONFIGMAPS "?includeObject=Object"), "rows"), 0);
    assert_text(row, "object.kind", "ConfigMap");
    row = mp_at(mp_get(list_as(c, table, CONFIGMAPS "?includeObject=None"), "rows"), 0);
    assert_int_equal(mp_get(row, "object").type, MP_NIL);
    doc =
        list_as(c, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", CONFIGMAPS);
    assert_text(doc, "kind", "PartialObjectMetadataList");
    assert_text(mp_at(mp_get(doc, "items"), 0), "kind", "PartialObjectMetadata");
}

static void a_long_list_is_streamed(void **state)
{
    enum { OBJECTS = 3000 };
    struct local_cluster *c = local_cluster_new();
    *state = c;
    buf_auto struct buf body = BUF_INIT;
    mem_auto char *filler = mem_zalloc(1024);
    memset(filler, 'x', 1023);
    mp_put_map(&body, 2);
    mp_put_z(&body, "metadata");
    mp_put_map(&body, 0);
    mp_put_z(&body, "data");
    mp_put_map(&body, 1);
    mp_put_z(&body, "k");
    mp_put_z(&body, filler);
    for (unsigned i = 0; i < OBJECTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%05u", i);
        local_create(c, kind_configmap, "default", name, doc_new(body.data, body.len), NULL);
    }
    assert_int_equal(local_cluster_listen(c, "127.0.0.1:0"), 0);
    struct mp doc = ask(c, "GET", CONFIGMAPS, NULL);
    assert_true(asked->body.len > OBJECTS * 1024);
    assert_int_equal(items(doc), OBJECTS);
    assert_text(mp_at(mp_get(doc, "items"), OBJECTS - 1), "metadata.name", "c02999");
}

static void a_collection_is_deleted_by_its_selector(void **state)
{
    struct local_cluster *c = *state;
    fill(c, 9);
    struct mp doc = ask(c, "DELETE", CONFIGMAPS "?labelSelector=odd%3D1", NULL);
    assert_int_equal(asked->status, 200);
    assert_text(doc, "kind", "ConfigMapList");
    assert_int_equal(items(doc), 4);
    assert_int_equal(items(ask(c, "GET", CONFIGMAPS, NULL)), 5);
    ask(c, "DELETE", "/api/v1/configmaps", NULL);
    assert_int_equal(asked->status, 405);
    ask(c, "DELETE", "/api/v1/namespaces", NULL);
    assert_int_equal(asked->status, 405);
}

static void a_collection_larger_than_what_is_in_flight_goes_too(void **state)
{
    enum { OBJECTS = 700 };
    struct local_cluster *c = local_cluster_new();
    *state = c;
    for (unsigned i = 0; i < OBJECTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%u", i);
        local_create(c, kind_configmap, "default", name, doc_empty(), NULL);
    }
    assert_int_equal(local_cluster_listen(c, "127.0.0.1:0"), 0);
    assert_int_equal(items(ask(c, "DELETE", CONFIGMAPS, NULL)), OBJECTS);
    assert_int_equal(items(ask(c, "GET", CONFIGMAPS, NULL)), 0);
}

static void a_token_survives_its_journey(void **state)
{
    (void)state;
    struct token out;
    buf_auto struct buf memory = BUF_INIT;
    mem_auto char *text = token_encode(&(struct token){7, {0}, STR("n1")});
    assert_true(token_decode(str_of(text), &memory, &out));
    assert_int_equal(out.revision, 7);
    assert_null(out.ns.p);
    assert_true(str_is(out.name, "n1"));
    assert_false(token_decode(STR("AAAA"), &memory, &out));
    assert_false(token_decode(STR("not base64!"), &memory, &out));
}

static void old_snapshots_make_room_and_expire(void **state)
{
    (void)state;
    schema_init();
    struct snapshots *all = snapshots_new();
    for (unsigned i = 0; i < SNAPSHOTS_KEPT + 3; i++) {
        struct snapshot *s = snapshot_new(kind_pod, STR("default"), i + 1, NULL, 0);
        snapshots_keep(all, s, i);
        snapshot_unref(s);
    }
    assert_int_equal(all->count, SNAPSHOTS_KEPT);
    assert_null(snapshots_find(all, kind_pod, STR("default"), 3, 100));
    assert_non_null(snapshots_find(all, kind_pod, STR("default"), 4, 100));
    assert_null(snapshots_find(all, kind_pod, (struct str){0}, 4, 100));
    snapshots_expire(all, 99 + SNAPSHOT_KEPT_S * 1000);
    assert_int_equal(all->count, 1); /* the one that was used last */
    snapshots_free(all);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)
#define ALONE(name) cmocka_unit_test_setup_teardown(name, NULL, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_comes_in_order_without_repeating_the_kind),
        TEST(pages_show_the_moment_of_the_first_one),
        TEST(a_page_without_a_snapshot_is_read_from_the_past),
        TEST(a_list_shows_the_moment_that_is_asked_for),
        TEST(moments_that_contradict_each_other_are_refused),
        TEST(selectors_choose),
        TEST(tables_hold_cells_and_what_was_asked_of_the_object),
        ALONE(a_long_list_is_streamed),
        TEST(a_collection_is_deleted_by_its_selector),
        ALONE(a_collection_larger_than_what_is_in_flight_goes_too),
        cmocka_unit_test(a_token_survives_its_journey),
        cmocka_unit_test(old_snapshots_make_room_and_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
