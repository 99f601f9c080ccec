/* Watches, through real HTTP. */
#include "api/local_http.h"
#include "api/watch.h"

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

static void put(struct local_cluster *c, const char *name, const char *label)
{
    mem_auto char *body =
        mem_printf("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}}}", name, label);
    mem_auto char *path = mem_printf(CONFIGMAPS "/%s", name);
    ask(c, "PUT", path, body);
    if (asked->status == 404) ask(c, "POST", CONFIGMAPS, body);
    assert_in_range(asked->status, 200, 201);
}

static void del(struct local_cluster *c, const char *name)
{
    mem_auto char *path = mem_printf(CONFIGMAPS "/%s", name);
    ask(c, "DELETE", path, NULL);
    assert_int_equal(asked->status, 200);
}

static void a_watch_begins_with_what_there_is_and_goes_on(void **state)
{
    struct local_cluster *c = *state;
    put(c, "a", "1");
    struct answer *w = watch_open(c, CONFIGMAPS "?watch=true");
    watch_wait(c, w, 1);
    assert_event(w, 0, "ADDED", "a");
    put(c, "b", "1");
    put(c, "a", "2");
    del(c, "a");
    watch_wait(c, w, 4);
    assert_event(w, 1, "ADDED", "b");
    assert_event(w, 2, "MODIFIED", "a");
    assert_event(w, 3, "DELETED", "a");
    assert_text(watch_event(w, 3), "object.metadata.labels.l", "2");
    assert_text(watch_event(w, 3), "object.metadata.resourceVersion", "5");
    answer_free(c, w);
}

static void a_watch_resumes_after_its_revision(void **state)
{
    struct local_cluster *c = *state;
    put(c, "a", "1");
    put(c, "b", "1");
    put(c, "a", "2");
    struct answer *w = watch_open(c, CONFIGMAPS "?watch=true&resourceVersion=2");
    watch_wait(c, w, 2);
    assert_event(w, 0, "ADDED", "b");
    assert_event(w, 1, "MODIFIED", "a");
    answer_free(c, w);
}

/* Changes from before the API listened are not in the ring, but in the log. */
static void a_watch_from_before_the_ring_reads_the_log(void **state)
{
    struct local_cluster *c = local_cluster_new();
    *state = c;
    local_create(c, kind_configmap, "default", "a", doc_empty(), NULL);
    local_create(c, kind_secret, "default", "s", doc_empty(), NULL);
    local_create(c, kind_configmap, "default", "b", doc_empty(), NULL);
    assert_int_equal(local_cluster_listen(c, "127.0.0.1:0"), 0);
    struct answer *w = watch_open(c, CONFIGMAPS "?watch=true&resourceVersion=1");
    watch_wait(c, w, 2);
    put(c, "c", "1");
    watch_wait(c, w, 3);
    assert_event(w, 0, "ADDED", "a");
    assert_event(w, 1, "ADDED", "b");
    assert_event(w, 2, "ADDED", "c");
    answer_free(c, w);
}

static void a_watch_from_before_the_log_is_told_so(void **state)
{
    struct local_cluster *c = local_cluster_new();
    *state = c;
    c->oldest = 2;
    local_create(c, kind_configmap, "default", "a", doc_empty(), NULL);
    assert_int_equal(local_cluster_listen(c, "127.0.0.1:0"), 0);
    struct answer *w = watch_open(c, CONFIGMAPS "?watch=true&resourceVersion=1");
    ask_wait(c, w);
    assert_int_equal(w->status, 200);
    assert_text(watch_event(w, 0), "type", "ERROR");
    assert_int_equal(number_at(watch_event(w, 0), "object.code"), 410);
    assert_text(watch_event(w, 0), "object.reason", "Expired");
    answer_free(c, w);
}

static void a_watch_of_the_future_is_refused(void **state)
{
    ask(*state, "GET", CONFIGMAPS "?watch=true&resourceVersion=99", NULL);
    assert_int_equal(asked->status, 504);
    ask(*state, "GET", CONFIGMAPS "?watch=true&resourceVersion=x", NULL);
    assert_int_equal(asked->status, 400);
}

static void crossing_the_selector_adds_and_deletes(void **state)
{
    struct local_cluster *c = *state;
    struct answer *w = watch_open(c, CONFIGMAPS "?watch=true&labelSelector=l%3Don");
    watch_wait(c, w, 0);
    put(c, "a", "off");
    put(c, "a", "on");
    put(c, "a", "off");
    put(c, "a", "on");
    del(c, "a");
    watch_wait(c, w, 4);
    assert_event(w, 0, "ADDED", "a");
    assert_event(w, 1, "DELETED", "a");
    assert_text(watch_event(w, 1), "object.metadata.labels.l", "on");
    assert_event(w, 2, "ADDED", "a");
    assert_event(w, 3, "DELETED", "a");
    answer_free(c, w);
}

static void watches_see_only_their_topic(void **state)
{
    struct local_cluster *c = *state;
    ask(c, "POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"other\"}}");
    struct answer *all = watch_open(c, "/api/v1/configmaps?watch=true&resourceVersion=0");
    struct answer *other = watch_open(c, "/api/v1/namespaces/other/configmaps?watch=true");
    struct answer *named = watch_open(c, CONFIGMAPS "?watch=true&fieldSelector=metadata.name%3Da");
    struct answer *anywhere =
        watch_open(c, "/api/v1/configmaps?watch=1&fieldSelector=metadata.name%3Da");
    struct answer *spaces = watch_open(c, "/api/v1/watch/namespaces/other?resourceVersion=2");
    watch_wait(c, spaces, 0);
    watch_wait(c, anywhere, 0);
    put(c, "a", "1");
    put(c, "b", "1");
    ask(c, "POST", "/api/v1/namespaces/other/configmaps", "{\"metadata\":{\"name\":\"a\"}}");
    ask(c, "DELETE", "/api/v1/namespaces/other", NULL);
    watch_wait(c, all, 3);
    watch_wait(c, other, 1);
    watch_wait(c, named, 1);
    watch_wait(c, anywhere, 2);
    watch_wait(c, spaces, 1);
    assert_event(spaces, 0, "MODIFIED", "other");
    struct answer *watches[] = {all, other, named, anywhere, spaces};
    for (size_t i = 0; i < 5; i++) answer_free(c, watches[i]);
}

static void a_watch_ends_when_its_time_is_over(void **state)
{
    struct local_cluster *c = *state;
    struct answer *w =
        watch_open(c, CONFIGMAPS "?watch=true&timeoutSeconds=1&allowWatchBookmarks=true");
    ask_wait(c, w);
    assert_int_equal(w->err.code, 0);
    assert_text(watch_event(w, 0), "type", "BOOKMARK");
    assert_text(watch_event(w, 0), "object.kind", "ConfigMap");
    assert_text(watch_event(w, 0), "object.metadata.resourceVersion", "1");
    answer_free(c, w);
}

static void tables_tell_their_columns_once(void **state)
{
    struct local_cluster *c = *state;
    put(c, "a", "1");
    struct answer *w =
        ask_begin(c, "GET", CONFIGMAPS "?watch=true",
                  "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n", (struct str){0});
    watch_wait(c, w, 1);
    put(c, "b", "1");
    watch_wait(c, w, 2);
    struct mp event = watch_event(w, 0);
    assert_text(event, "object.kind", "Table");
    assert_int_equal(mp_path(event, "object.columnDefinitions").count, 3);
    event = watch_event(w, 1);
    assert_int_equal(mp_path(event, "object.columnDefinitions").type, MP_NIL);
    assert_text(mp_at(mp_path(event, "object.rows"), 0), "object.metadata.name", "b");
    answer_free(c, w);
}

static void a_watch_is_told_where_to_go_on_before_its_master_stops(void **state)
{
    struct local_cluster *c = *state;
    struct answer *w = watch_open(c, "/api/v1/namespaces/default/configmaps"
                                     "?watch=true&allowWatchBookmarks=true");
    watch_wait(c, w, 0);
    watch_hub_close(c->api->watches);
    ask_wait(c, w);
    assert_int_equal(w->err.code, 0); /* a clean end */
    assert_int_equal(watch_lines(w), 1);
    struct mp event = watch_event(w, 0);
    char revision[24];
    snprintf(revision, sizeof revision, "%llu", (unsigned long long)c->world->revision);
    assert_text(event, "type", "BOOKMARK");
    assert_text(event, "object.metadata.resourceVersion", revision);
    answer_free(c, w);
}

static void initial_events_end_with_a_bookmark_when_asked_for(void **state)
{
    struct local_cluster *c = *state;
    put(c, "a", "1");
    struct answer *w = watch_open(c, CONFIGMAPS "?watch=true&sendInitialEvents=true&"
                                                "allowWatchBookmarks=true&resourceVersionMatch="
                                                "NotOlderThan&resourceVersion=1");
    watch_wait(c, w, 2);
    assert_event(w, 0, "ADDED", "a");
    struct mp notes = mp_path(watch_event(w, 1), "object.metadata.annotations");
    assert_true(mp_is(mp_get(notes, "k8s.io/initial-events-end"), "true"));
    answer_free(c, w);
}

static void watchers_of_one_change_get_the_same_text(void **state)
{
    enum { WATCHERS = 50 };
    struct local_cluster *c = *state;
    struct answer *w[WATCHERS];
    for (size_t i = 0; i < WATCHERS; i++) {
        w[i] = watch_open(c, CONFIGMAPS "?watch=true&resourceVersion=1");
        watch_wait(c, w[i], 0);
    }
    for (unsigned i = 0; i < 20; i++) {
        char label[8];
        snprintf(label, sizeof label, "%u", i);
        put(c, i % 2 ? "a" : "b", label);
    }
    for (size_t i = 0; i < WATCHERS; i++) watch_wait(c, w[i], 20);
    for (size_t i = 0; i < WATCHERS; i++) assert_string_equal(w[i]->body.data, w[0]->body.data);
    for (size_t i = 0; i < WATCHERS; i++) answer_free(c, w[i]);
}

static void a_reset_of_the_feed_ends_watches(void **state)
{
    struct local_cluster *c = *state;
    struct answer *w = watch_open(c, CONFIGMAPS "?watch=true");
    watch_wait(c, w, 0);
    struct feed_batch *b = feed_batch_new(0);
    b->reset = true;
    b->first = b->last = 1;
    list_each(it, &c->listeners)
    {
        feed_batch_ref(b);
        local_feed_post(container_of(it, struct feed_listener, link), b, 0);
    }
    feed_batch_unref(b);
    ask_wait(c, w);
    assert_int_equal(w->err.code, 0);
    answer_free(c, w);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)
#define ALONE(name) cmocka_unit_test_setup_teardown(name, NULL, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_watch_begins_with_what_there_is_and_goes_on),
        TEST(a_watch_resumes_after_its_revision),
        ALONE(a_watch_from_before_the_ring_reads_the_log),
        ALONE(a_watch_from_before_the_log_is_told_so),
        TEST(a_watch_of_the_future_is_refused),
        TEST(crossing_the_selector_adds_and_deletes),
        TEST(watches_see_only_their_topic),
        TEST(a_watch_ends_when_its_time_is_over),
        TEST(tables_tell_their_columns_once),
        TEST(initial_events_end_with_a_bookmark_when_asked_for),
        TEST(a_watch_is_told_where_to_go_on_before_its_master_stops),
        TEST(watchers_of_one_change_get_the_same_text),
        TEST(a_reset_of_the_feed_ends_watches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
