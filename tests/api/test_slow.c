/* Clients that read slowly, leave in the middle, or ask for a lot of the past. */
#include "api/local_http.h"
#include "api/watch.h"

#define CONFIGMAPS "/api/v1/namespaces/default/configmaps"

/* A configmap of about 100 KB. */
static void put_big(struct local_cluster *c, const char *name, unsigned turn)
{
    buf_auto struct buf body = BUF_INIT;
    buf_printf(&body, "{\"metadata\":{\"name\":\"%s\"},\"data\":{\"turn\":\"%u\",\"k\":\"", name,
               turn);
    for (unsigned i = 0; i < 5000; i++) buf_puts(&body, "aaaaaaaaaabbbbbbbbbb");
    buf_puts(&body, "\"}}");
    mem_auto char *path = mem_printf(CONFIGMAPS "/%s", name);
    if (turn == 0)
        ask(c, "POST", CONFIGMAPS, body.data);
    else
        ask(c, "PUT", path, body.data);
    assert_in_range(asked->status, 200, 201);
}

static void turn_for(struct local_cluster *c, unsigned ms)
{
    uint64_t until = uv_hrtime() + ms * 1000000ull;
    while (uv_hrtime() < until) uv_run(&c->loop, UV_RUN_NOWAIT);
}

static void a_watch_that_is_read_late_misses_nothing_and_others_go_on(void **state)
{
    enum { TURNS = 200 }; /* 20 MB: more than the sockets and the bound hold */
    struct local_cluster *c = *state;
    struct answer *slow = watch_open(c, CONFIGMAPS "?watch=true&resourceVersion=1");
    struct answer *quick = watch_open(c, CONFIGMAPS "?watch=true&resourceVersion=1");
    watch_wait(c, slow, 0);
    watch_wait(c, quick, 0);
    http_call_pause(slow->call, true);
    for (unsigned i = 0; i < TURNS; i++) put_big(c, "a", i);
    watch_wait(c, quick, TURNS);
    turn_for(c, 1100); /* a tick or two: it is not cut off for reading late */
    http_call_pause(slow->call, false);
    watch_wait(c, slow, TURNS);
    for (unsigned i = 0; i < TURNS; i++) {
        char revision[16];
        snprintf(revision, sizeof revision, "%u", i + 2);
        assert_text(watch_event(slow, i), "object.metadata.resourceVersion", revision);
    }
    answer_free(c, slow);
    answer_free(c, quick);
}

/* What it missed it gets from the log, piece by piece, in order. */
static void a_long_history_waits_for_its_reader(void **state)
{
    enum { TURNS = 100 };
    struct local_cluster *c = *state;
    for (unsigned i = 0; i < TURNS; i++) put_big(c, "a", i);
    /* A second instance has not seen any of it. */
    struct api *first = c->api;
    assert_int_equal(local_cluster_listen(c, "127.0.0.1:0"), 0);
    struct api *second = c->api;
    struct answer *w = watch_open(c, CONFIGMAPS "?watch=true&resourceVersion=1");
    while (!w->status) uv_run(&c->loop, UV_RUN_ONCE);
    http_call_pause(w->call, true);
    turn_for(c, 200);
    http_call_pause(w->call, false);
    watch_wait(c, w, TURNS);
    for (unsigned i = 0; i < TURNS; i++) {
        char revision[16];
        snprintf(revision, sizeof revision, "%u", i + 2);
        assert_text(watch_event(w, i), "object.metadata.resourceVersion", revision);
    }
    put_big(c, "a", TURNS);
    watch_wait(c, w, TURNS + 1);
    answer_free(c, w);
    c->api = first;
    c->other_api = second;
}

static void a_long_list_waits_for_its_reader(void **state)
{
    struct local_cluster *c = *state;
    for (unsigned i = 0; i < 60; i++) {
        char name[8];
        snprintf(name, sizeof name, "a%u", i);
        put_big(c, name, 0);
    }
    struct answer *list = watch_open(c, CONFIGMAPS);
    while (!list->status) uv_run(&c->loop, UV_RUN_ONCE);
    http_call_pause(list->call, true);
    turn_for(c, 100);
    http_call_pause(list->call, false);
    ask_wait(c, list);
    assert_int_equal(list->err.code, 0);
    assert_true(list->body.len > 60 * 100000);
    assert_int_equal(json_parse(list->body.data, list->body.len, &list->doc, NULL), 0);
    assert_int_equal(mp_get(mp_read(list->doc.data, list->doc.len), "items").count, 60);
    answer_free(c, list);
}

static void clients_that_leave_in_the_middle_leave_nothing_behind(void **state)
{
    struct local_cluster *c = *state;
    static const char *const targets[] = {CONFIGMAPS,
                                          CONFIGMAPS "?watch=true",
                                          CONFIGMAPS "?watch=true&resourceVersion=1",
                                          CONFIGMAPS
                                          "?resourceVersion=1&resourceVersionMatch=Exact",
                                          CONFIGMAPS "/a",
                                          "/readyz"};
    put_big(c, "a", 0);
    for (unsigned turns = 0; turns < 12; turns++)
        for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
            struct answer *a = watch_open(c, targets[i]);
            for (unsigned t = 0; t < turns && !a->done; t++) uv_run(&c->loop, UV_RUN_NOWAIT);
            answer_free(c, a);
        }
    struct answer *write =
        ask_begin(c, "POST", CONFIGMAPS, NULL, STR("{\"metadata\":{\"name\":\"orphan\"}}"));
    for (unsigned t = 0; t < 6 && !write->done; t++) uv_run(&c->loop, UV_RUN_NOWAIT);
    answer_free(c, write);
    turn_for(c, 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, local_setup, local_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_watch_that_is_read_late_misses_nothing_and_others_go_on),
        TEST(a_long_history_waits_for_its_reader),
        TEST(a_long_list_waits_for_its_reader),
        TEST(clients_that_leave_in_the_middle_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
