/* Requests that are in order, their answers, and the ends of connections. */
#include "net/http_story.h"

static void requests_of_one_connection_are_answered_in_order(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    int fd = story_connect(&s);
    buf_auto struct buf heard = BUF_INIT;
    say(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"
            "GET /two?a=1%202+3&b HTTP/1.1\r\nHost: h\r\n\r\n"
            "POST /three%2f HTTP/1.1\r\nhOST: h\r\nContent-Length: 5\r\n\r\nhello");
    fixture_wait(&s.loop, &s.is_handled, "the first request");
    for (int i = 0; i < 20; i++) uv_run(&s.loop, UV_RUN_NOWAIT);
    assert_int_equal(s.handled, 1);
    http_reply(s.held, 200, "text/plain", NULL, "first", 5);
    blunt_hear(&s.loop, fd, &heard, "body=hello");
    const char *first = strstr(heard.data, "\r\n\r\nfirst");
    const char *second = strstr(heard.data, "GET /two a=1 2 3 body=");
    const char *third = strstr(heard.data, "POST /three/ a= body=hello");
    assert_true(first && second && third && first < second && second < third);
    close(fd);
    story_end(&s);
}

static void a_chunked_body_arrives_as_one(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    static const char request[] = "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n"
                                  "Connection: close\r\n\r\n"
                                  "5\r\nhello\r\n7;note=1\r\n, world\r\n0\r\nTrailer: yes\r\n\r\n";
    for (size_t piece = 1; piece <= sizeof request; piece += sizeof request - 1) {
        buf_auto struct buf heard = story_ask(&s, request, sizeof request - 1, piece);
        expect_text(&heard, "HTTP/1.1 200 OK\r\n");
        expect_text(&heard, "PUT /x a= body=hello, world");
    }
    story_end(&s);
}

static void a_parameter_that_is_no_text_stands_as_it_was_written(void **state)
{
    (void)state;
    static const struct {
        const char *target, *heard;
    } cases[] = {{"/?a=%ff", " a=%ff body="},
                 {"/?a=x%c3%28", " a=x%c3%28 body="},
                 {"/?a=%zz+%", " a=%zz+% body="},
                 {"/?a=%c3%a4", " a=\xc3\xa4 body="}};
    struct story s;
    story_start(&s, (struct http_server_options){0});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf request = BUF_INIT;
        buf_printf(&request, "GET %s " H "Connection: close\r\n\r\n", cases[i].target);
        buf_auto struct buf heard = story_ask(&s, request.data, request.len, request.len);
        expect_text(&heard, cases[i].heard);
    }
    story_end(&s);
}

static void an_old_client_gets_the_connection_closed(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    static const char plain[] = "GET /old HTTP/1.0\r\n\r\n";
    buf_auto struct buf heard = story_ask(&s, plain, sizeof plain - 1, 100);
    expect_text(&heard, "Connection: close\r\n");
    expect_text(&heard, "GET /old a= body=");
    int fd = story_connect(&s);
    buf_auto struct buf kept = BUF_INIT;
    say(fd, "GET /one HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_true(blunt_hear(&s.loop, fd, &kept, "body="));
    expect_text(&kept, "Connection: keep-alive\r\n");
    buf_clear(&kept);
    say(fd, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_true(blunt_hear(&s.loop, fd, &kept, "\r\n\r\n"));
    http_stream_write(s.held, "all of it", 9);
    http_stream_end(s.held);
    blunt_hear(&s.loop, fd, &kept, NULL);
    assert_null(strstr(kept.data, "chunked"));
    assert_string_equal(strstr(kept.data, "\r\n\r\n"), "\r\n\r\nall of it");
    close(fd);
    story_end(&s);
}

static void head_gets_the_length_but_no_body(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    static const char request[] = "HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    buf_auto struct buf heard = story_ask(&s, request, sizeof request - 1, 1000);
    expect_text(&heard, "Content-Length: 16\r\n");
    assert_true(str_ends((struct str){heard.data, heard.len}, "\r\n\r\n"));
    story_end(&s);
}

static void a_connection_can_be_taken_over(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.idle_ms = 500});
    int fd = story_connect(&s);
    buf_auto struct buf heard = BUF_INIT;
    say(fd, "GET /raw " H "Connection: Upgrade\r\nUpgrade: echo\r\n\r\nGET /early");
    assert_true(blunt_hear(&s.loop, fd, &heard, "\r\n\r\nGET /early"));
    expect_text(&heard, "HTTP/1.1 101 Switching Protocols\r\n");
    usleep(600000); /* it is nobody's idle connection now */
    say(fd, "more\r\n\r\n");
    assert_true(blunt_hear(&s.loop, fd, &heard, "more"));
    assert_int_equal(s.gone, 1);
    http_raw_close(s.raw);
    blunt_hear(&s.loop, fd, &heard, NULL);
    close(fd);
    fixture_wait(&s.loop, &s.raw_closed, "the end of the taken connection");
    story_end(&s);
}

static void one_connection_too_many_is_told_so(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.connections_max = 1});
    int fd = story_connect(&s);
    buf_auto struct buf first = BUF_INIT;
    say(fd, "GET /a " H "\r\n");
    assert_true(blunt_hear(&s.loop, fd, &first, "GET /a"));
    static const char request[] = "GET /b " H "\r\n";
    buf_auto struct buf heard = story_ask(&s, request, sizeof request - 1, 1000);
    expect_text(&heard, "HTTP/1.1 503 Service Unavailable\r\n");
    expect_text(&heard, "Retry-After: 1\r\n");
    say(fd, "GET /c " H "\r\n");
    assert_true(blunt_hear(&s.loop, fd, &first, "GET /c"));
    close(fd);
    story_end(&s);
}

static void stopping_ends_what_is_not_answered(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    int held = story_connect(&s), idle = story_connect(&s);
    say(held, "GET /hold " H "\r\n");
    fixture_wait(&s.loop, &s.is_handled, "the request");
    http_server_stop(s.server, story_on_stopped, &s);
    buf_auto struct buf heard = BUF_INIT;
    blunt_hear(&s.loop, held, &heard, NULL);
    blunt_hear(&s.loop, idle, &heard, NULL);
    close(held);
    close(idle);
    fixture_wait(&s.loop, &s.is_stopped, "the server to stop");
    assert_int_equal(s.gone, 1);
    assert_int_equal(heard.len, 0);
    fixture_loop_end(&s.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_one_connection_are_answered_in_order),
        cmocka_unit_test(a_chunked_body_arrives_as_one),
        cmocka_unit_test(a_parameter_that_is_no_text_stands_as_it_was_written),
        cmocka_unit_test(an_old_client_gets_the_connection_closed),
        cmocka_unit_test(head_gets_the_length_but_no_body),
        cmocka_unit_test(a_connection_can_be_taken_over),
        cmocka_unit_test(one_connection_too_many_is_told_so),
        cmocka_unit_test(stopping_ends_what_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
