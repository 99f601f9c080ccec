/* The server and the client together, over TLS. */
#include "net/fixture.h"

#include "net/http_client.h"
#include "net/http_server.h"

#include <pthread.h>

enum { MUCH = 8 << 20, HIGH_WATER = 256 * 1024 };

struct story {
    uv_loop_t loop;
    struct tls_config *server_tls, *client_tls;
    struct http_server *server;
    struct http_client *client;
    struct http_exchange *held;
    size_t sent, got, most_queued;
    unsigned pauses, gone;
    struct http_call *call;
    struct error err;
    bool done, stopped, torn, handled;
};

static char pattern(size_t at)
{
    return (char)(at * 7 + (at >> 10));
}

static void story_send_more(struct http_exchange *x)
{
    struct story *s = http_data(x);
    char piece[10000];
    size_t queued = 0;
    while (s->sent < MUCH && queued < HIGH_WATER) {
        size_t n = MUCH - s->sent < sizeof piece ? MUCH - s->sent : sizeof piece;
        for (size_t i = 0; i < n; i++) piece[i] = pattern(s->sent + i);
        queued = http_stream_write(x, piece, n);
        s->sent += n;
    }
    if (queued > s->most_queued) s->most_queued = queued;
    if (s->sent == MUCH && !queued) http_stream_end(x);
}

static void story_on_gone(struct http_exchange *x, void *data)
{
    (void)x;
    ((struct story *)data)->gone++;
}

static void story_handle(void *ctx, struct http_exchange *x)
{
    struct story *s = ctx;
    s->handled = true;
    s->held = x;
    http_set_data(x, s, story_on_gone);
    if (!str_is(http_path(x), "/much")) return;
    http_stream_on_drain(x, story_send_more);
    http_stream_begin(x, 200, "application/octet-stream", NULL);
}

static void story_start(struct story *s)
{
    *s = (struct story){0};
    assert_int_equal(uv_loop_init(&s->loop), 0);
    s->server_tls = fixture_tls("server", TLS_PEER_REQUIRED);
    s->client_tls = fixture_tls("alice", TLS_PEER_REQUIRED);
    struct http_server_options options = {.loop = &s->loop,
                                          .address = "127.0.0.1:0",
                                          .tls = s->server_tls,
                                          .handle = story_handle,
                                          .ctx = s};
    assert_int_equal(http_server_start(&s->server, &options, NULL), 0);
    s->client = http_client_new(&s->loop, http_server_address(s->server), s->client_tls);
}

static void story_on_stopped(void *arg)
{
    ((struct story *)arg)->stopped = true;
}

static void story_end(struct story *s)
{
    http_client_close(s->client);
    http_server_stop(s->server, story_on_stopped, s);
    fixture_wait(&s->loop, &s->stopped, "the server to stop");
    fixture_loop_end(&s->loop);
    tls_config_free(s->server_tls);
    tls_config_free(s->client_tls);
}

static void story_on_body(struct http_call *c, const void *bytes, size_t n)
{
    struct story *s = http_call_data(c);
    for (size_t i = 0; i < n; i++)
        if (((const char *)bytes)[i] != pattern(s->got + i)) s->torn = true;
    /* Now and then the reader has enough, in the middle of what has already been received. */
    if (s->got / 300000 != (s->got + n) / 300000) {
        s->pauses++;
        http_call_pause(c, true);
    }
    s->got += n;
}

static void story_on_done(struct http_call *c, const struct error *err)
{
    struct story *s = http_call_data(c);
    s->err = *err;
    s->done = true;
}

static const struct http_call_events story_events = {.body = story_on_body, .done = story_on_done};

static void a_long_stream_survives_a_reader_that_pauses(void **state)
{
    (void)state;
    struct story s;
    story_start(&s);
    s.call = http_call(s.client, "GET", "/much", NULL, NULL, 0, 5000, &story_events, &s);
    while (!s.done) {
        size_t before = s.got;
        for (int i = 0; i < 20; i++) uv_run(&s.loop, UV_RUN_NOWAIT);
        if (!s.done && s.got == before) http_call_pause(s.call, false);
    }
    if (s.err.code) fail_msg("%s", s.err.text);
    assert_int_equal(s.got, MUCH);
    assert_false(s.torn);
    assert_true(s.pauses > 10);
    assert_true(s.most_queued < 2 * HIGH_WATER);
    story_end(&s);
    assert_int_equal(s.gone, 1);
}

static void an_aborted_exchange_ends_the_call(void **state)
{
    (void)state;
    struct story s;
    story_start(&s);
    s.call = http_call(s.client, "POST", "/held", NULL, "x", 1, 5000, &story_events, &s);
    fixture_wait(&s.loop, &s.handled, "the request");
    http_abort(s.held);
    assert_int_equal(s.gone, 0); /* later, never from inside */
    fixture_wait(&s.loop, &s.done, "the end");
    assert_int_equal(s.err.code, E_UNKNOWN);
    story_end(&s);
    assert_int_equal(s.gone, 1);
}

static void an_answer_after_the_client_left_is_harmless(void **state)
{
    (void)state;
    struct story s;
    story_start(&s);
    s.call = http_call(s.client, "GET", "/held", NULL, NULL, 0, 5000, &story_events, &s);
    fixture_wait(&s.loop, &s.handled, "the request");
    http_call_cancel(s.call);
    http_reply(s.held, 200, "text/plain", "X-Late: yes\r\n", "late", 4);
    fixture_wait(&s.loop, &s.done, "the end");
    story_end(&s);
    assert_int_equal(s.gone, 1);
}

/* Two threads, a server each, on one port and with one tls_config. */
struct shore {
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t halt;
    struct http_server *server;
    unsigned handled;
};

static void shore_handle(void *ctx, struct http_exchange *x)
{
    ((struct shore *)ctx)->handled++;
    http_reply(x, 200, "text/plain", NULL, "here", 4);
}

static void shore_on_halt(uv_async_t *a)
{
    uv_close((uv_handle_t *)a, NULL);
    http_server_stop(container_of(a, struct shore, halt)->server, NULL, NULL);
}

static void *shore_run(void *arg)
{
    uv_run(&((struct shore *)arg)->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void shore_start(struct shore *shore, struct tls_config *tls, const char *address)
{
    *shore = (struct shore){0};
    uv_loop_init(&shore->loop);
    uv_async_init(&shore->loop, &shore->halt, shore_on_halt);
    struct http_server_options options = {.loop = &shore->loop,
                                          .address = address,
                                          .reuse_port = true,
                                          .tls = tls,
                                          .handle = shore_handle,
                                          .ctx = shore};
    assert_int_equal(http_server_start(&shore->server, &options, NULL), 0);
}

static void threads_share_a_port_and_a_configuration(void **state)
{
    (void)state;
    enum { CALLS = 24 };
    struct tls_config *server_tls = fixture_tls("server", TLS_PEER_OPTIONAL), *client_tls = NULL;
    assert_int_equal(tls_config_client(&client_tls, fixture_file("ca.crt"), NULL), 0);
    struct shore shores[2];
    shore_start(&shores[0], server_tls, "127.0.0.1:0");
    mem_auto char *address = mem_strdup(http_server_address(shores[0].server));
    shore_start(&shores[1], server_tls, address);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&shores[i].thread, NULL, shore_run, &shores[i]), 0);
    for (int i = 0; i < CALLS; i++) {
        struct error err = {0};
        int status = http_fetch(address, client_tls, "GET", "/", NULL, NULL, 0, 5000, NULL, &err);
        if (status != 200) fail_msg("%d: %s", status, err.text);
    }
    for (int i = 0; i < 2; i++) {
        uv_async_send(&shores[i].halt);
        pthread_join(shores[i].thread, NULL);
        assert_int_equal(uv_loop_close(&shores[i].loop), 0);
    }
    assert_int_equal(shores[0].handled + shores[1].handled, CALLS);
    tls_config_free(server_tls);
    tls_config_free(client_tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_stream_survives_a_reader_that_pauses),
        cmocka_unit_test(an_aborted_exchange_ends_the_call),
        cmocka_unit_test(an_answer_after_the_client_left_is_harmless),
        cmocka_unit_test(threads_share_a_port_and_a_configuration),
    };
    return cmocka_run_group_tests(tests, fixture_pki, fixture_pki_gone);
}
