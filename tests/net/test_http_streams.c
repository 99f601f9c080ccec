/* Answers that go on, and clients that do not read or are gone. */
#include "net/http_story.h"

static void a_stream_is_chunked_and_tells_when_it_has_drained(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    int fd = story_connect(&s);
    buf_auto struct buf heard = BUF_INIT;
    say(fd, "GET /stream " H "\r\n");
    assert_true(blunt_hear(&s.loop, fd, &heard, "X-Extra: yes\r\n"));
    expect_text(&heard, "Transfer-Encoding: chunked\r\n");
    assert_true(http_stream_write(s.held, "one", 3) >= 3);
    http_stream_write(s.held, "twotwotwotwotwo", 15);
    assert_true(blunt_hear(&s.loop, fd, &heard, "\r\n\r\n3\r\none\r\nf\r\ntwotwotwotwotwo\r\n"));
    fixture_wait(&s.loop, &s.is_drained, "the drain");
    assert_int_equal(http_stream_queued(s.held), 0);
    http_stream_end(s.held);
    assert_true(blunt_hear(&s.loop, fd, &heard, "0\r\n\r\n"));
    say(fd, "GET /next " H "\r\n");
    assert_true(blunt_hear(&s.loop, fd, &heard, "GET /next"));
    close(fd);
    story_end(&s);
}

static void a_client_that_does_not_read_is_cut_off(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.stall_ms = 50});
    int fd = story_connect(&s);
    say(fd, "GET /stream " H "\r\n");
    fixture_wait(&s.loop, &s.is_handled, "the request");
    fixture_wait(&s.loop, &s.is_drained, "its head to be sent");
    mem_auto char *much = mem_zalloc(1 << 20);
    size_t waiting = 0;
    for (int i = 0; i < 32; i++) waiting = http_stream_write(s.held, much, 1 << 20);
    assert_true(waiting >= 32 << 20);
    fixture_wait(&s.loop, &s.is_gone, "the slow client to be cut off");
    close(fd);
    story_end(&s);
}

static void a_watcher_that_vanishes_is_noticed_without_a_write(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    int fd = story_connect(&s);
    buf_auto struct buf heard = BUF_INIT;
    say(fd, "GET /stream " H "\r\n");
    assert_true(blunt_hear(&s.loop, fd, &heard, "\r\n\r\n"));
    close(fd);
    fixture_wait(&s.loop, &s.is_gone, "the end of the stream");
    assert_int_equal(s.gone, 1);
    story_end(&s);
}

static void a_client_that_only_closes_its_half_still_gets_its_answer(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    int fd = story_connect(&s);
    say(fd, "GET /hold " H "\r\n");
    shutdown(fd, SHUT_WR);
    fixture_wait(&s.loop, &s.is_handled, "the request");
    for (int i = 0; i < 20; i++) uv_run(&s.loop, UV_RUN_NOWAIT);
    http_reply(s.held, 200, "text/plain", NULL, "late", 4);
    buf_auto struct buf heard = BUF_INIT;
    blunt_hear(&s.loop, fd, &heard, NULL);
    expect_text(&heard, "\r\n\r\nlate");
    close(fd);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_chunked_and_tells_when_it_has_drained),
        cmocka_unit_test(a_client_that_does_not_read_is_cut_off),
        cmocka_unit_test(a_watcher_that_vanishes_is_noticed_without_a_write),
        cmocka_unit_test(a_client_that_only_closes_its_half_still_gets_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
