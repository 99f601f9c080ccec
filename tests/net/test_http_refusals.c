/* What the server does not take: malformed, too large, too slow, from strangers. */
#include "net/http_story.h"

struct refused {
    const char *why;
    const char *request;
    size_t n; /* 0: a text */
    int status;
};

#define CHUNKED "POST / " H "Transfer-Encoding: chunked\r\n\r\n"

static const struct refused refused[] = {
    {"no HTTP at all", "hello there\r\n\r\n", 0, 400},
    {"an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 400},
    {"TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11, 400},
    {"length and encoding",
     "POST / " H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"encoding and length",
     "POST / " H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 0, 400},
    {"two lengths", "POST / " H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0, 400},
    {"a list of lengths", "POST / " H "Content-Length: 3, 3\r\n\r\nabc", 0, 400},
    {"a negative length", "POST / " H "Content-Length: -3\r\n\r\nabc", 0, 400},
    {"a signed length", "POST / " H "Content-Length: +3\r\n\r\nabc", 0, 400},
    {"a hexadecimal length", "POST / " H "Content-Length: 0x3\r\n\r\nabc", 0, 400},
    {"an empty length", "POST / " H "Content-Length:\r\n\r\n", 0, 400},
    {"an overflowing length", "POST / " H "Content-Length: 18446744073709551617\r\n\r\na", 0, 400},
    {"two encodings",
     "POST / " H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
     400},
    {"another encoding", "POST / " H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, 501},
    {"an encoding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
     400},
    {"a folded header", "GET / " H "A: b\r\n c\r\n\r\n", 0, 400},
    {"a header folded at its start", "GET / " H "A:\r\n\tb\r\n\r\n", 0, 400},
    {"a folded encoding", "POST / " H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"space before the colon", "GET / " H "A : b\r\n\r\n", 0, 400},
    {"space in a name", "GET / " H "A B: c\r\n\r\n", 0, 400},
    {"a line that begins with space", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 0, 400},
    {"no name", "GET / " H ": b\r\n\r\n", 0, 400},
    {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n", 0, 400},
    {"one bare line feed", "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", 0, 400},
    {"a carriage return inside", "GET / " H "A: b\rc\r\n\r\n", 0, 400},
    {"no line feed at the end", "GET / " H "A: b\r\n\rX", 0, 400},
    {"NUL in a value", "GET / " H "A: b\0c\r\n\r\n", 36, 400},
    {"a control character in a value", "GET / " H "A: b\x01\r\n\r\n", 0, 400},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 0, 400},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 0, 400},
    {"no version", "GET /\r\n\r\n", 0, 505},
    {"a version of tomorrow", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 0, 505},
    {"bytes above ASCII in the target", "GET /\xc3\xa4 " H "\r\n", 0, 400},
    {"a cut percent", "GET /%2 " H "\r\n", 0, 400},
    {"no hexadecimal", "GET /%zz " H "\r\n", 0, 400},
    {"no UTF-8 when decoded", "GET /a%c3%28 " H "\r\n", 0, 400},
    {"an encoded NUL", "GET /a%00b " H "\r\n", 0, 400},
    {"CONNECT", "CONNECT h:443 " H "\r\n", 0, 501},
    {"an unknown expectation", "POST / " H "Expect: miracles\r\nContent-Length: 1\r\n\r\n", 0, 417},
    {"a chunk size that is none", CHUNKED "x\r\n", 0, 400},
    {"a signed chunk size", CHUNKED "-1\r\n", 0, 400},
    {"a chunk that is too long", CHUNKED "2\r\nabc\r\n0\r\n\r\n", 0, 400},
    {"a chunk without its end", CHUNKED "2\r\nabXX0\r\n\r\n", 0, 400},
    {"a bare line feed after a chunk", CHUNKED "2\r\nab\n0\r\n\r\n", 0, 400},
    {"a bare line feed after a chunk size", CHUNKED "2\nab\r\n0\r\n\r\n", 0, 400},
    {"a carriage return for a chunk size line", CHUNKED "2\rXab\r\n0\r\n\r\n", 0, 400},
    {"a huge chunk size", CHUNKED "fffffffffffffffff\r\n", 0, 400},
    {"an announced body that is too large", "POST / " H "Content-Length: 1001\r\n\r\n", 0, 413},
};

static void expect_refusal(struct story *s, const struct refused *r, size_t piece)
{
    size_t n = r->n ? r->n : strlen(r->request);
    buf_auto struct buf heard = story_ask(s, r->request, n, piece);
    char line[32], code[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", r->status);
    snprintf(code, sizeof code, "\"code\":%d}", r->status);
    if (!strstr(heard.data, line) || !strstr(heard.data, code) ||
        !strstr(heard.data, "Connection: close\r\n") || !strstr(heard.data, "\"kind\":\"Status\""))
        fail_msg("%s, in pieces of %zu: wanted %d, heard:\n%s", r->why, piece, r->status,
                 heard.data);
}

static void malformed_requests_are_refused_however_they_are_cut(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.body_max = 1000});
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        expect_refusal(&s, &refused[i], 1000);
        expect_refusal(&s, &refused[i], 1);
    }
    assert_int_equal(s.handled, 0);
    story_end(&s);
}

static void what_is_too_large_is_refused_before_it_is_kept(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.body_max = 1000});
    struct {
        const char *head;
        size_t filler;
        const char *tail;
        int status;
    } cases[] = {
        {"GET /", 8192, " " H "\r\n", 414},
        {"GET / " H "A: ", 65536, "\r\n\r\n", 431},
        {"GET / " H, 65536, ": b\r\n\r\n", 431},
        {CHUNKED "3e9\r\n", 1001, "\r\n0\r\n\r\n", 413},
        {"GET /", 8000, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_auto struct buf request = BUF_INIT;
        buf_puts(&request, cases[i].head);
        memset(buf_reserve(&request, cases[i].filler), 'x', cases[i].filler);
        request.len += cases[i].filler;
        buf_puts(&request, cases[i].tail);
        buf_auto struct buf heard = story_ask(&s, request.data, request.len, request.len);
        char line[32];
        snprintf(line, sizeof line, "HTTP/1.1 %d ", cases[i].status);
        expect_text(&heard, line);
    }
    buf_auto struct buf many = BUF_INIT;
    buf_puts(&many, "GET / " H);
    for (int i = 0; i < 300; i++) buf_puts(&many, "a: b\r\n");
    buf_puts(&many, "\r\n");
    buf_auto struct buf heard = story_ask(&s, many.data, many.len, many.len);
    expect_text(&heard, "HTTP/1.1 431 ");
    story_end(&s);
}

static void a_large_body_is_asked_for_before_it_is_sent(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){0});
    int fd = story_connect(&s);
    buf_auto struct buf heard = BUF_INIT;
    say(fd, "POST /x " H "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_true(blunt_hear(&s.loop, fd, &heard, "HTTP/1.1 100 Continue\r\n\r\n"));
    assert_int_equal(s.handled, 0);
    say(fd, "ok");
    assert_true(blunt_hear(&s.loop, fd, &heard, "POST /x a= body=ok"));
    close(fd);
    story_end(&s);
}

static void half_a_request_times_out_with_408_and_an_idle_connection_quietly(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.request_ms = 400});
    static const char half[] = "POST / " H "Content-Length: 10\r\n\r\nabc";
    buf_auto struct buf heard = story_ask(&s, half, sizeof half - 1, 1000);
    expect_text(&heard, "HTTP/1.1 408 Request Timeout\r\n");
    story_end(&s);
    story_start(&s, (struct http_server_options){.idle_ms = 30});
    buf_auto struct buf nothing = story_ask(&s, "", 0, 1);
    assert_int_equal(nothing.len, 0);
    story_end(&s);
}

static void a_connection_that_asks_for_nothing_is_not_kept(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.request_ms = 30});
    uint64_t began = uv_hrtime();
    buf_auto struct buf nothing = story_ask(&s, "", 0, 1);
    assert_int_equal(nothing.len, 0);
    assert_true(uv_hrtime() - began < 20000000000u);
    story_end(&s);
}

static int story_admit(void *ctx, const struct http_exchange *x)
{
    (void)ctx;
    return http_header(x, "Authorization").p ? 0 : 401;
}

static void a_stranger_s_body_is_neither_asked_for_nor_kept(void **state)
{
    (void)state;
    struct story s;
    static const char *const bodies[] = {
        "POST / " H "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n",
        "POST / " H "Content-Length: 1000000\r\n\r\nthe first bytes of it",
        "POST / " H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    };
    story_start(&s, (struct http_server_options){.admit = story_admit});
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        buf_auto struct buf heard = story_ask(&s, bodies[i], strlen(bodies[i]), 1000);
        expect_text(&heard, "HTTP/1.1 401 Unauthorized\r\n");
        expect_text(&heard, "\"reason\":\"Unauthorized\"");
        assert_null(strstr(heard.data, "100 Continue"));
    }
    assert_int_equal(s.handled, 0);
    static const char known[] = "POST / " H "Authorization: me\r\nContent-Length: 2\r\n"
                                "Connection: close\r\n\r\nhi";
    static const char bare[] = "GET / " H "Connection: close\r\n\r\n";
    buf_auto struct buf one = story_ask(&s, known, sizeof known - 1, 1000);
    expect_text(&one, "body=hi");
    buf_auto struct buf two = story_ask(&s, bare, sizeof bare - 1, 1000);
    expect_text(&two, "HTTP/1.1 200 ");
    story_end(&s);
}

static void who_is_slowest_makes_room_when_too_much_arrives(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.arriving_max = 100 * 1024});
    mem_auto char *bytes = mem_alloc(80 * 1024);
    memset(bytes, 'x', 80 * 1024);
    static const char head[] = "POST / " H "Content-Length: 50000\r\nConnection: close\r\n\r\n";
    int slow = story_connect(&s);
    say(slow, head);
    blunt_say(slow, bytes, 40000);
    for (int i = 0; i < 20; i++) uv_run(&s.loop, UV_RUN_NOWAIT);
    int quick = story_connect(&s);
    buf_auto struct buf heard = BUF_INIT, cut = BUF_INIT, refused = BUF_INIT;
    say(quick, head);
    blunt_say(quick, bytes, 50000);
    blunt_hear(&s.loop, quick, &heard, NULL);
    buf_reserve(&heard, 1)[0] = '\0';
    expect_text(&heard, "HTTP/1.1 200 ");
    blunt_hear(&s.loop, slow, &cut, NULL);
    assert_int_equal(cut.len, 0);
    assert_int_equal(s.handled, 1);
    close(slow);
    close(quick);
    int alone = story_connect(&s); /* more than all may have */
    say(alone, "POST / " H "Content-Length: 150000\r\n\r\n");
    blunt_say(alone, bytes, 80 * 1024);
    blunt_hear(&s.loop, alone, &refused, NULL);
    buf_reserve(&refused, 1)[0] = '\0';
    expect_text(&refused, "HTTP/1.1 503 ");
    close(alone);
    for (int i = 0; i < 3; i++) { /* what was given back can be had again */
        buf_auto struct buf again = story_ask(&s, "GET / " H "Connection: close\r\n\r\n",
                                              strlen("GET / " H "Connection: close\r\n\r\n"), 1000);
        expect_text(&again, "HTTP/1.1 200 ");
    }
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_requests_are_refused_however_they_are_cut),
        cmocka_unit_test(what_is_too_large_is_refused_before_it_is_kept),
        cmocka_unit_test(a_large_body_is_asked_for_before_it_is_sent),
        cmocka_unit_test(half_a_request_times_out_with_408_and_an_idle_connection_quietly),
        cmocka_unit_test(a_connection_that_asks_for_nothing_is_not_kept),
        cmocka_unit_test(a_stranger_s_body_is_neither_asked_for_nor_kept),
        cmocka_unit_test(who_is_slowest_makes_room_when_too_much_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
