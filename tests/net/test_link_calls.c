/* Links that are being made, and those who listen for them. */
#include "net/link_story.h"

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
        cmocka_unit_test(a_link_that_cannot_be_made_is_told_later),
        cmocka_unit_test(who_hears_nothing_gives_up_as_early_as_asked),
        cmocka_unit_test(a_short_time_for_connecting_leaves_tls_its_own),
        cmocka_unit_test(a_port_in_use_is_refused),
        cmocka_unit_test(threads_may_share_a_port),
    };
    return cmocka_run_group_tests(tests, fixture_pki, fixture_pki_gone);
}
