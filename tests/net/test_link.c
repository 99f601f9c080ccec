/* Frames on their way. */
#include "net/link_story.h"

static const size_t sizes[] = {0, 1, 3, 4, 5, 16379, 16380, 16384, 65536, 1 << 20, 5 << 20};

enum { SIZES = sizeof sizes / sizeof *sizes };

static void send_sizes(struct link *l, struct buf *expected)
{
    for (size_t i = 0; i < SIZES; i++) {
        char *at = buf_reserve(expected, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++) at[k] = (char)(k * 31 + i);
        expected->len += sizes[i];
        link_send(l, expected->data + expected->len - sizes[i], sizes[i], NULL, NULL);
    }
}

static void expect_heard(const struct end *e, const struct buf *expected)
{
    assert_int_equal(e->frames, SIZES);
    assert_int_equal(e->heard.len, expected->len);
    assert_memory_equal(e->heard.data, expected->data, expected->len);
}

static void frames_of_every_size_cross_both_ways(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct story s;
        buf_auto struct buf there = BUF_INIT, back = BUF_INIT;
        story_listen(&s, tls, 0);
        s.server.wanted = s.client.wanted = SIZES;
        story_call(&s, NULL);
        send_sizes(s.client.link, &there); /* before it is open: they wait */
        fixture_wait(&s.loop, &s.server.opened, "the link");
        send_sizes(s.server.link, &back);
        fixture_wait(&s.loop, &s.server.enough, "frames at the server");
        fixture_wait(&s.loop, &s.client.enough, "frames at the client");
        fixture_wait(&s.loop, &s.client.drained, "the drain");
        assert_int_equal(link_queued(s.client.link), 0);
        expect_heard(&s.server, &there);
        expect_heard(&s.client, &back);
        story_end(&s);
    }
}

static void a_frame_may_come_in_any_pieces(void **state)
{
    (void)state;
    static const char bytes[] = "\0\0\0\2ab\0\0\0\0\0\0\0\5world\0\0\0\1!";
    for (size_t piece = 1; piece < sizeof bytes; piece++) {
        struct story s;
        story_listen(&s, false, 0);
        s.server.wanted = 4;
        int fd = blunt_connect(link_listener_address(s.listener));
        for (size_t at = 0; at < sizeof bytes - 1; at += piece) {
            size_t left = sizeof bytes - 1 - at;
            blunt_say(fd, bytes + at, left < piece ? left : piece);
            for (int i = 0; i < 3; i++) uv_run(&s.loop, UV_RUN_NOWAIT);
        }
        fixture_wait(&s.loop, &s.server.enough, "four frames");
        assert_int_equal(s.server.heard.len, 8);
        assert_memory_equal(s.server.heard.data, "abworld!", 8);
        close(fd);
        fixture_wait(&s.loop, &s.server.closed, "the end");
        story_end(&s);
    }
}

static void a_frame_above_the_limit_closes_the_link(void **state)
{
    (void)state;
    static const char *const heads[] = {"\xff\xff\xff\xff", "\0\0\0\x65..."};
    for (int i = 0; i < 2; i++) {
        struct story s;
        story_listen(&s, false, 100);
        int fd = blunt_connect(link_listener_address(s.listener));
        blunt_say(fd, heads[i], 4 + (size_t)i);
        buf_auto struct buf heard = BUF_INIT;
        blunt_hear(&s.loop, fd, &heard, NULL);
        close(fd);
        fixture_wait(&s.loop, &s.server.closed, "the end");
        assert_int_equal(s.server.why.code, E_TOOBIG);
        assert_int_equal(s.server.frames, 0);
        story_end(&s);
    }
}

struct tally {
    unsigned good, bad;
    int last;
    unsigned order[8];
};

struct ticket {
    struct tally *tally;
    unsigned number;
};

static void tally_on_done(void *arg, int status)
{
    struct ticket *t = arg;
    t->tally->order[t->tally->good + t->tally->bad] = t->number;
    if (status == 0)
        t->tally->good++;
    else
        t->tally->bad++;
    t->tally->last = status;
}

static void every_send_is_told_its_end_in_order(void **state)
{
    (void)state;
    struct story s;
    struct tally tally = {0};
    struct ticket tickets[6];
    for (unsigned i = 0; i < 6; i++) tickets[i] = (struct ticket){&tally, i};
    story_listen(&s, true, 0);
    s.server.wanted = 3;
    story_call(&s, NULL);
    for (int i = 0; i < 3; i++) link_send(s.client.link, "abc", 3, tally_on_done, &tickets[i]);
    assert_int_equal(tally.good, 0); /* never from inside the call */
    fixture_wait(&s.loop, &s.server.enough, "three frames");
    assert_int_equal(tally.good, 3);
    link_close(s.client.link, E_BUSY, "had enough");
    for (int i = 3; i < 6; i++) link_send(s.client.link, "def", 3, tally_on_done, &tickets[i]);
    assert_int_equal(tally.bad, 0);
    fixture_wait(&s.loop, &s.client.closed, "the end");
    assert_int_equal(s.client.why.code, E_BUSY);
    assert_string_equal(s.client.why.text, "had enough");
    assert_int_equal(tally.bad, 3);
    for (unsigned i = 0; i < 6; i++) assert_int_equal(tally.order[i], i);
    assert_int_equal(s.server.frames, 3);
    story_end(&s);
}

static void what_was_sent_before_closing_arrives(void **state)
{
    (void)state;
    struct story s;
    story_listen(&s, true, 0);
    s.server.wanted = 1;
    story_call(&s, NULL);
    fixture_wait(&s.loop, &s.client.opened, "the link");
    mem_auto char *last = mem_zalloc(3 << 20);
    link_send(s.client.link, last, 3 << 20, NULL, NULL);
    link_close(s.client.link, E_DENIED, "last words said");
    fixture_wait(&s.loop, &s.server.enough, "the last words");
    assert_int_equal(s.server.largest, 3 << 20);
    fixture_wait(&s.loop, &s.server.closed, "the end");
    assert_int_equal(s.server.why.code, E_CLOSED);
    story_end(&s);
}

static void a_reader_that_is_slow_shows_in_what_is_queued(void **state)
{
    (void)state;
    struct story s;
    story_listen(&s, false, 0);
    int fd = blunt_connect(link_listener_address(s.listener));
    fixture_wait(&s.loop, &s.server.opened, "the link");
    mem_auto char *much = mem_zalloc(8 << 20);
    link_send(s.server.link, much, 8 << 20, NULL, NULL);
    link_send(s.server.link, much, 8 << 20, NULL, NULL);
    for (int i = 0; i < 50; i++) uv_run(&s.loop, UV_RUN_NOWAIT);
    size_t waiting = link_queued(s.server.link);
    assert_true(waiting > 4 << 20 && waiting < 16 << 20);
    assert_false(s.server.drained);
    buf_auto struct buf heard = BUF_INIT;
    while (heard.len < (16 << 20) + 8) {
        char *place = buf_reserve(&heard, 1 << 20);
        ssize_t n = recv(fd, place, 1 << 20, MSG_DONTWAIT);
        if (n > 0) heard.len += (size_t)n;
        uv_run(&s.loop, UV_RUN_NOWAIT);
    }
    fixture_wait(&s.loop, &s.server.drained, "the drain");
    close(fd);
    fixture_wait(&s.loop, &s.server.closed, "the end");
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_every_size_cross_both_ways),
        cmocka_unit_test(a_frame_may_come_in_any_pieces),
        cmocka_unit_test(a_frame_above_the_limit_closes_the_link),
        cmocka_unit_test(every_send_is_told_its_end_in_order),
        cmocka_unit_test(what_was_sent_before_closing_arrives),
        cmocka_unit_test(a_reader_that_is_slow_shows_in_what_is_queued),
    };
    return cmocka_run_group_tests(tests, fixture_pki, fixture_pki_gone);
}
