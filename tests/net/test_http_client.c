#include "net/fixture.h"

#include "net/http_client.h"
#include "net/http_server.h"

#include <pthread.h>

/* One call and what became of it. */
struct told {
    int status;
    char type[64];
    struct buf body;
    struct error err;
    bool has_status, has_body, done;
    unsigned times;
};

static void told_on_status(struct http_call *c, int status, struct str type)
{
    struct told *t = http_call_data(c);
    t->status = status;
    snprintf(t->type, sizeof t->type, "%.*s", (int)type.n, type.p);
    t->has_status = true;
}

static void told_on_body(struct http_call *c, const void *bytes, size_t n)
{
    struct told *t = http_call_data(c);
    buf_append(&t->body, bytes, n);
    t->has_body = true;
}

static void told_on_done(struct http_call *c, const struct error *err)
{
    struct told *t = http_call_data(c);
    t->err = *err;
    t->done = true;
    t->times++;
}

static const struct http_call_events told_events = {
    .status = told_on_status, .body = told_on_body, .done = told_on_done};

struct story {
    uv_loop_t loop;
    char address[32];
    int listener, fd;
    struct http_client *client;
    struct buf heard;
};

static void story_start(struct story *s)
{
    *s = (struct story){.fd = -1};
    assert_int_equal(uv_loop_init(&s->loop), 0);
    s->listener = blunt_listen(s->address);
    s->client = http_client_new(&s->loop, s->address, NULL);
}

static void story_end(struct story *s)
{
    if (s->client) http_client_close(s->client);
    if (s->fd >= 0) close(s->fd);
    close(s->listener);
    fixture_loop_end(&s->loop);
    buf_free(&s->heard);
}

static struct http_call *ask(struct story *s, const char *method, const char *target,
                             struct told *t)
{
    *t = (struct told){0};
    return http_call(s->client, method, target, NULL, NULL, 0, 2000, &told_events, t);
}

/* Waits for the next request on the connection (a new one if there is none) and answers it. */
static void answer(struct story *s, const char *request_part, const char *text)
{
    if (s->fd < 0) s->fd = blunt_accept(&s->loop, s->listener);
    buf_clear(&s->heard);
    assert_true(blunt_hear(&s->loop, s->fd, &s->heard, "\r\n\r\n"));
    if (!strstr(s->heard.data, request_part)) fail_msg("not asked: %s", s->heard.data);
    if (text) blunt_say(s->fd, text, strlen(text));
}

static void hang_up(struct story *s)
{
    close(s->fd);
    s->fd = -1;
}

static void expect_told(struct story *s, struct told *t, int status, const char *body)
{
    fixture_wait(&s->loop, &t->done, "the answer");
    if (t->err.code) fail_msg("%s", t->err.text);
    assert_int_equal(t->times, 1);
    assert_int_equal(t->status, status);
    assert_string_equal(t->body.data ? t->body.data : "", body);
    buf_free(&t->body);
}

static void expect_failure(struct story *s, struct told *t, int code)
{
    fixture_wait(&s->loop, &t->done, "the failure");
    if (t->err.code != code) fail_msg("code %d: %s", t->err.code, t->err.text);
    assert_int_equal(t->times, 1);
    buf_free(&t->body);
}

static void calls_share_one_connection_in_order(void **state)
{
    (void)state;
    struct story s;
    struct told a, b, c, d;
    story_start(&s);
    ask(&s, "GET", "/a", &a);
    ask(&s, "HEAD", "/b", &b);
    c = (struct told){0};
    http_call(s.client, "POST", "/c?x", "X-Name: v\r\n", "body", 4, 2000, &told_events, &c);
    ask(&s, "GET", "/d", &d);
    answer(&s, "GET /a HTTP/1.1\r\nHost: 127.0.0.1:",
           "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok");
    answer(&s, "HEAD /b ", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    answer(
        &s, "X-Name: v\r\nContent-Length: 4\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nCONTENT-TYPE: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nContent-Type: no\r\n\r\n");
    answer(&s, "GET /d ", "HTTP/1.0 404 Not Found\r\n\r\nuntil the end");
    hang_up(&s);
    expect_told(&s, &a, 200, "ok");
    assert_string_equal(a.type, "text/plain");
    expect_told(&s, &b, 200, "");
    expect_told(&s, &c, 201, "abcde");
    assert_string_equal(c.type, "application/json");
    expect_told(&s, &d, 404, "until the end");
    story_end(&s);
}

static void a_closed_connection_is_replaced(void **state)
{
    (void)state;
    struct story s;
    struct told t;
    story_start(&s);
    ask(&s, "GET", "/1", &t);
    answer(&s, "GET /1", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    expect_told(&s, &t, 200, "");
    hang_up(&s);
    ask(&s, "GET", "/2", &t);
    answer(&s, "GET /2", "HTTP/1.1 204 No Content\r\n\r\n");
    expect_told(&s, &t, 204, "");
    story_end(&s);
}

static void only_a_harmless_call_is_sent_again_on_a_stale_connection(void **state)
{
    (void)state;
    struct story s;
    struct told t;
    story_start(&s);
    ask(&s, "GET", "/1", &t);
    answer(&s, "GET /1", "HTTP/1.1 204 No Content\r\n\r\n");
    expect_told(&s, &t, 204, "");
    ask(&s, "GET", "/2", &t);
    answer(&s, "GET /2", NULL);
    hang_up(&s);
    answer(&s, "GET /2", NULL); /* again; but only once */
    hang_up(&s);
    expect_failure(&s, &t, E_CLOSED);
    ask(&s, "GET", "/3", &t);
    answer(&s, "GET /3", "HTTP/1.1 204 No Content\r\n\r\n");
    expect_told(&s, &t, 204, "");
    ask(&s, "POST", "/4", &t);
    answer(&s, "POST /4", NULL);
    hang_up(&s);
    expect_failure(&s, &t, E_UNKNOWN);
    story_end(&s);
}

static void broken_answers_are_failures(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"nonsense\r\n\r\n", E_INVALID},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", E_CLOSED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", E_CLOSED},
        {"HTTP/1.1 200 OK\r\nContent-Le", E_CLOSED},
        {"", E_CLOSED},
    };
    struct story s;
    story_start(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct told t;
        ask(&s, "GET", "/", &t);
        answer(&s, "GET /", cases[i].text);
        hang_up(&s);
        expect_failure(&s, &t, cases[i].code);
    }
    story_end(&s);
}

static void silence_times_out(void **state)
{
    (void)state;
    struct story s;
    struct told quiet = {0}, stuck = {0};
    story_start(&s);
    http_call(s.client, "GET", "/quiet", NULL, NULL, 0, 150, &told_events, &quiet);
    answer(&s, "GET /quiet", NULL);
    expect_failure(&s, &quiet, E_TIMEOUT);
    hang_up(&s);
    http_call(s.client, "GET", "/stuck", NULL, NULL, 0, 150, &told_events, &stuck);
    answer(&s, "GET /stuck", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    expect_failure(&s, &stuck, E_TIMEOUT);
    story_end(&s);
}

static void a_cancelled_call_ends_and_the_next_goes_on(void **state)
{
    (void)state;
    struct story s;
    struct told running, queued, next;
    story_start(&s);
    struct http_call *first = ask(&s, "GET", "/running", &running);
    struct http_call *second = ask(&s, "GET", "/queued", &queued);
    ask(&s, "GET", "/next", &next);
    answer(&s, "GET /running", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    fixture_wait(&s.loop, &running.has_body, "the first bytes");
    http_call_cancel(first);
    http_call_cancel(second);
    http_call_cancel(second);
    assert_false(running.done || queued.done);
    expect_failure(&s, &running, E_CLOSED);
    expect_failure(&s, &queued, E_CLOSED);
    hang_up(&s);
    answer(&s, "GET /next", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    expect_told(&s, &next, 200, "ok");
    story_end(&s);
}

static void closing_the_client_ends_all_its_calls(void **state)
{
    (void)state;
    struct story s;
    struct told a, b, c;
    story_start(&s);
    ask(&s, "POST", "/a", &a);
    ask(&s, "GET", "/b", &b);
    ask(&s, "GET", "/c", &c);
    answer(&s, "POST /a", NULL);
    http_client_close(s.client);
    s.client = NULL;
    assert_false(a.done);
    expect_failure(&s, &a, E_CLOSED);
    expect_failure(&s, &b, E_CLOSED);
    expect_failure(&s, &c, E_CLOSED);
    story_end(&s);
}

static void a_paused_call_is_not_read(void **state)
{
    (void)state;
    struct story s;
    struct told t;
    story_start(&s);
    struct http_call *call = ask(&s, "GET", "/", &t);
    answer(&s, "GET /", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    fixture_wait(&s.loop, &t.has_status, "the head");
    http_call_pause(call, true);
    blunt_say(s.fd, "body", 4);
    for (int i = 0; i < 50; i++) uv_run(&s.loop, UV_RUN_NOWAIT);
    assert_false(t.has_body);
    http_call_pause(call, false);
    expect_told(&s, &t, 200, "body");
    story_end(&s);
}

static void a_target_with_a_line_break_is_refused(void **state)
{
    (void)state;
    struct story s;
    struct told t;
    story_start(&s);
    ask(&s, "GET", "/a HTTP/1.1\r\nHost: evil\r\n\r\n", &t);
    assert_false(t.done);
    expect_failure(&s, &t, E_INVALID);
    story_end(&s);
}

/* A server in a thread of its own, for http_fetch, which blocks. */
struct shore {
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t halt;
    struct tls_config *tls;
    struct http_server *server;
};

static void shore_handle(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    const struct tls_peer *peer = http_peer(x);
    struct str body = http_body(x);
    buf_auto struct buf text = BUF_INIT;
    buf_printf(&text, "%s:%zu", peer->common_name, body.n);
    http_reply(x, 200, "text/plain", NULL, text.data, text.len);
}

static void shore_on_halt(uv_async_t *a)
{
    struct shore *shore = container_of(a, struct shore, halt);
    uv_close((uv_handle_t *)a, NULL);
    http_server_stop(shore->server, NULL, NULL);
}

static void *shore_run(void *arg)
{
    struct shore *shore = arg;
    uv_run(&shore->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void shore_start(struct shore *shore)
{
    uv_loop_init(&shore->loop);
    uv_async_init(&shore->loop, &shore->halt, shore_on_halt);
    shore->tls = fixture_tls("server", TLS_PEER_OPTIONAL);
    struct http_server_options options = {
        .loop = &shore->loop, .address = "0.0.0.0:0", .tls = shore->tls, .handle = shore_handle};
    assert_int_equal(http_server_start(&shore->server, &options, NULL), 0);
    assert_int_equal(pthread_create(&shore->thread, NULL, shore_run, shore), 0);
}

static void shore_end(struct shore *shore)
{
    uv_async_send(&shore->halt);
    pthread_join(shore->thread, NULL);
    assert_int_equal(uv_loop_close(&shore->loop), 0);
    tls_config_free(shore->tls);
}

static void fetch_checks_the_name_and_shows_a_certificate(void **state)
{
    (void)state;
    struct shore shore;
    shore_start(&shore);
    const char *port = strrchr(http_server_address(shore.server), ':');
    char address[32], other_name[32];
    snprintf(address, sizeof address, "127.0.0.1%s", port);
    snprintf(other_name, sizeof other_name, "127.0.0.2%s", port);
    struct error err = {0};
    buf_auto struct buf body = BUF_INIT;
    struct tls_config *alice = fixture_tls("alice", TLS_PEER_REQUIRED), *anyone = NULL;
    assert_int_equal(tls_config_client(&anyone, fixture_file("ca.crt"), NULL), 0);
    mem_auto char *much = mem_zalloc(2 << 20);
    assert_int_equal(http_fetch(address, alice, "PUT", "/", NULL, much, 2 << 20, 5000, &body, &err),
                     200);
    assert_string_equal(body.data, "alice:2097152");
    buf_clear(&body);
    assert_int_equal(http_fetch(address, anyone, "GET", "/", NULL, NULL, 0, 5000, &body, &err),
                     200);
    assert_string_equal(body.data, ":0");
    assert_int_equal(http_fetch(other_name, anyone, "GET", "/", NULL, NULL, 0, 5000, &body, &err),
                     E_DENIED);
    assert_non_null(strstr(err.text, "IP address mismatch"));
    assert_int_equal(http_fetch("127.0.0.1:1", anyone, "GET", "/", NULL, NULL, 0, 5000, NULL, &err),
                     E_IO);
    tls_config_free(alice);
    tls_config_free(anyone);
    shore_end(&shore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_share_one_connection_in_order),
        cmocka_unit_test(a_closed_connection_is_replaced),
        cmocka_unit_test(only_a_harmless_call_is_sent_again_on_a_stale_connection),
        cmocka_unit_test(broken_answers_are_failures),
        cmocka_unit_test(silence_times_out),
        cmocka_unit_test(a_cancelled_call_ends_and_the_next_goes_on),
        cmocka_unit_test(closing_the_client_ends_all_its_calls),
        cmocka_unit_test(a_paused_call_is_not_read),
        cmocka_unit_test(a_target_with_a_line_break_is_refused),
        cmocka_unit_test(fetch_checks_the_name_and_shows_a_certificate),
    };
    return cmocka_run_group_tests(tests, fixture_pki, fixture_pki_gone);
}
