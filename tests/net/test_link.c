#include "net/fixture.h"

#include "net/link.h"

#include <arpa/inet.h>
#include <unistd.h>

struct end {
    struct link *link;
    struct error why;
    struct buf heard; /* all frames, one after the other */
    unsigned frames;
    size_t largest;
    bool opened, closed, drained, enough;
    unsigned wanted; /* frames, until `enough` */
};

struct story {
    uv_loop_t loop;
    struct link_listener *listener;
    struct tls_config *tls;
    struct end server, client;
    bool listener_closed;
};

static void end_on_open(struct link *l)
{
    ((struct end *)link_data(l))->opened = true;
}

static void end_on_frame(struct link *l, const void *bytes, size_t n)
{
    struct end *e = link_data(l);
    buf_append(&e->heard, bytes, n);
    if (n > e->largest) e->largest = n;
    e->enough = ++e->frames >= e->wanted;
}

static void end_on_drained(struct link *l)
{
    ((struct end *)link_data(l))->drained = true;
}

static void end_on_closed(struct link *l, const struct error *why)
{
    struct end *e = link_data(l);
    e->why = *why;
    e->closed = true;
    e->link = NULL;
}

static const struct link_events end_events = {
    .open = end_on_open, .frame = end_on_frame, .drained = end_on_drained, .closed = end_on_closed};

static void *story_on_accepted(void *arg, struct link *l)
{
    struct story *s = arg;
    s->server.link = l;
    return &s->server;
}

static struct link_options story_options(struct story *s, size_t frame_max)
{
    return (struct link_options){.tls = s->tls, .frame_max = frame_max, .events = end_events};
}

static void story_listen(struct story *s, bool tls, size_t frame_max)
{
    *s = (struct story){0};
    assert_int_equal(uv_loop_init(&s->loop), 0);
    if (tls) s->tls = fixture_tls("server", TLS_PEER_REQUIRED);
    struct link_options options = story_options(s, frame_max);
    struct error err = {0};
    if (link_listen(&s->listener, &s->loop, "127.0.0.1:0", false, &options, story_on_accepted, s,
                    &err) != 0)
        fail_msg("%s", err.text);
}

static void story_call(struct story *s, const char *address)
{
    struct link_options options = story_options(s, 0);
    s->client.link = link_connect(&s->loop, address ? address : link_listener_address(s->listener),
                                  &options, &s->client);
}

static void story_on_listener_closed(void *arg)
{
    ((struct story *)arg)->listener_closed = true;
}

static void story_end(struct story *s)
{
    if (s->client.link) link_close(s->client.link, 0, NULL);
    if (s->server.link) link_close(s->server.link, 0, NULL);
    link_listener_close(s->listener, story_on_listener_closed, s);
    fixture_wait(&s->loop, &s->listener_closed, "the listener to close");
    fixture_loop_end(&s->loop);
    tls_config_free(s->tls);
    buf_free(&s->server.heard);
    buf_free(&s->client.heard);
}

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

static void a_link_that_cannot_be_made_is_told_later(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        int code;
    } cases[] = {
        {"127.0.0.1:1", E_IO},        {"127.0.0.1", E_INVALID}, {"127.0.0.1:99999", E_INVALID},
        {":80", E_INVALID},           {"::1:80", E_INVALID},    {"[::1]:x", E_INVALID},
        {"127.0.0.1:+80", E_INVALID},
    };
    struct story s;
    story_listen(&s, true, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s.client = (struct end){0};
        story_call(&s, cases[i].address);
        assert_false(s.client.closed);
        fixture_wait(&s.loop, &s.client.closed, cases[i].address);
        assert_int_equal(s.client.why.code, cases[i].code);
        assert_non_null(strstr(s.client.why.text, cases[i].address));
        assert_false(s.client.opened);
    }
    story_end(&s);
}

/* A listener whose queue is full answers as a cut wire does: not at all. */
static int silent_listen(char address[64], int filling[4])
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
    for (unsigned i = 0; i < 4; i++) {
        filling[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(filling[i], (struct sockaddr *)&sa, sizeof sa);
    }
    snprintf(address, 64, "127.0.0.1:%u", ntohs(sa.sin_port));
    return fd;
}

static void who_hears_nothing_gives_up_as_early_as_asked(void **state)
{
    (void)state;
    struct story s;
    char address[64];
    int filling[4], fd = silent_listen(address, filling);
    story_listen(&s, true, 0);
    struct link_options options = story_options(&s, 0);
    options.connect_ms = 300;
    uint64_t began = uv_now(&s.loop);
    s.client.link = link_connect(&s.loop, address, &options, &s.client);
    fixture_wait(&s.loop, &s.client.closed, address);
    assert_false(s.client.opened);
    assert_int_equal(s.client.why.code, E_TIMEOUT);
    assert_in_range(uv_now(&s.loop) - began, 250, 2000);
    for (unsigned i = 0; i < 4; i++) close(filling[i]);
    close(fd);
    story_end(&s);
}

/* The connection is quick, TLS is not: it has its own time. */
static void a_short_time_for_connecting_leaves_tls_its_own(void **state)
{
    (void)state;
    struct story s;
    story_listen(&s, true, 0);
    struct link_options options = story_options(&s, 0);
    options.connect_ms = 1000;
    options.unacked_ms = 1000;
    s.client.link = link_connect(&s.loop, link_listener_address(s.listener), &options, &s.client);
    fixture_wait(&s.loop, &s.client.opened, "TLS");
    for (uint64_t end = uv_now(&s.loop) + 1200; uv_now(&s.loop) < end;) {
        uv_run(&s.loop, UV_RUN_NOWAIT);
        usleep(20000);
    }
    assert_false(s.client.closed);
    story_end(&s);
}

static void a_port_in_use_is_refused(void **state)
{
    (void)state;
    struct story s;
    story_listen(&s, false, 0);
    struct link_options options = story_options(&s, 0);
    struct link_listener *second = NULL;
    struct error err = {0};
    assert_int_equal(link_listen(&second, &s.loop, link_listener_address(s.listener), false,
                                 &options, story_on_accepted, &s, &err),
                     E_EXISTS);
    assert_null(second);
    assert_non_null(strstr(err.text, link_listener_address(s.listener)));
    story_end(&s);
}

static void threads_may_share_a_port(void **state)
{
    (void)state;
    struct story s;
    s = (struct story){0};
    assert_int_equal(uv_loop_init(&s.loop), 0);
    struct link_options options = story_options(&s, 0);
    struct link_listener *second = NULL;
    assert_int_equal(link_listen(&s.listener, &s.loop, "127.0.0.1:0", true, &options,
                                 story_on_accepted, &s, NULL),
                     0);
    assert_int_equal(link_listen(&second, &s.loop, link_listener_address(s.listener), true,
                                 &options, story_on_accepted, &s, NULL),
                     0);
    link_listener_close(second, NULL, NULL);
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
        cmocka_unit_test(a_link_that_cannot_be_made_is_told_later),
        cmocka_unit_test(who_hears_nothing_gives_up_as_early_as_asked),
        cmocka_unit_test(a_short_time_for_connecting_leaves_tls_its_own),
        cmocka_unit_test(a_port_in_use_is_refused),
        cmocka_unit_test(threads_may_share_a_port),
    };
    return cmocka_run_group_tests(tests, fixture_pki, fixture_pki_gone);
}
