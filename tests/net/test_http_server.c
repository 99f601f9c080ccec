#include "net/fixture.h"

#include "net/http_server.h"

struct story {
    uv_loop_t loop;
    struct http_server *server;
    struct http_exchange *held; /* of the request that is not answered yet */
    struct http_raw *raw;
    struct buf raw_heard;
    unsigned handled, gone, drained;
    bool is_gone, is_handled, is_drained, is_stopped, raw_closed;
};

static void story_on_gone(struct http_exchange *x, void *data)
{
    (void)x;
    struct story *s = data;
    s->gone++;
    s->is_gone = true;
    s->held = NULL;
}

static void story_on_drained(struct http_exchange *x)
{
    struct story *s = http_data(x);
    s->drained++;
    s->is_drained = true;
}

static void story_on_raw(struct http_raw *r, const void *bytes, size_t n)
{
    struct story *s = http_raw_data(r);
    buf_append(&s->raw_heard, bytes, n);
    http_raw_write(r, bytes, n);
}

static void story_on_raw_closed(struct http_raw *r)
{
    ((struct story *)http_raw_data(r))->raw_closed = true;
}

/* "/hold" is answered by the test; "/stream" streams; "/raw" is taken over; the rest is told what
 * it asked for. */
static void story_handle(void *ctx, struct http_exchange *x)
{
    struct story *s = ctx;
    s->handled++;
    s->is_handled = true;
    http_set_data(x, s, story_on_gone);
    if (str_is(http_path(x), "/hold")) {
        s->held = x;
    } else if (str_is(http_path(x), "/stream")) {
        http_stream_on_drain(x, story_on_drained);
        http_stream_begin(x, 200, "text/plain", "X-Extra: yes\r\n");
        s->held = x;
    } else if (str_is(http_path(x), "/raw")) {
        static const struct http_raw_events events = {.bytes = story_on_raw,
                                                      .closed = story_on_raw_closed};
        s->raw = http_hijack(x, "Connection: Upgrade\r\nUpgrade: echo\r\n", &events, s);
    } else {
        buf_auto struct buf text = BUF_INIT;
        struct str m = http_method(x), p = http_path(x), a = http_param(x, "a"), b = http_body(x);
        buf_printf(&text, "%.*s %.*s a=%.*s body=%.*s", (int)m.n, m.p, (int)p.n, p.p, (int)a.n, a.p,
                   (int)b.n, b.p);
        http_reply(x, 200, "text/plain", NULL, text.data, text.len);
    }
}

static void story_start(struct story *s, struct http_server_options options)
{
    *s = (struct story){0};
    assert_int_equal(uv_loop_init(&s->loop), 0);
    options.loop = &s->loop;
    options.address = "127.0.0.1:0";
    options.handle = story_handle;
    options.ctx = s;
    struct error err = {0};
    if (http_server_start(&s->server, &options, &err) != 0) fail_msg("%s", err.text);
}

static void story_on_stopped(void *arg)
{
    ((struct story *)arg)->is_stopped = true;
}

static void story_end(struct story *s)
{
    http_server_stop(s->server, story_on_stopped, s);
    fixture_wait(&s->loop, &s->is_stopped, "the server to stop");
    fixture_loop_end(&s->loop);
    assert_int_equal(s->gone, s->handled);
    buf_free(&s->raw_heard);
}

static int story_connect(struct story *s)
{
    return blunt_connect(http_server_address(s->server));
}

static void say(int fd, const char *text)
{
    blunt_say(fd, text, strlen(text));
}

/* One connection that says this; what it heard until the server closed. */
static struct buf story_ask(struct story *s, const void *bytes, size_t n, size_t piece)
{
    int fd = story_connect(s);
    struct buf heard = BUF_INIT;
    for (size_t at = 0; at < n; at += piece) {
        blunt_say(fd, (const char *)bytes + at, n - at < piece ? n - at : piece);
        for (int i = 0; piece < n && i < 2; i++) uv_run(&s->loop, UV_RUN_NOWAIT);
    }
    blunt_hear(&s->loop, fd, &heard, NULL);
    close(fd);
    buf_reserve(&heard, 1)[0] = '\0';
    return heard;
}

static void expect_text(const struct buf *heard, const char *text)
{
    if (!heard->data || !strstr(heard->data, text))
        fail_msg("expected \"%s\" in:\n%s", text, heard->data ? heard->data : "(nothing)");
}

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

struct refused {
    const char *why;
    const char *request;
    size_t n; /* 0: a text */
    int status;
};

#define H       "HTTP/1.1\r\nHost: h\r\n"
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

static void half_a_request_times_out_with_408_and_an_idle_connection_quietly(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.request_ms = 30});
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
    assert_true(uv_hrtime() - began < 2000000000u);
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

static void a_connection_can_be_taken_over(void **state)
{
    (void)state;
    struct story s;
    story_start(&s, (struct http_server_options){.idle_ms = 150});
    int fd = story_connect(&s);
    buf_auto struct buf heard = BUF_INIT;
    say(fd, "GET /raw " H "Connection: Upgrade\r\nUpgrade: echo\r\n\r\nGET /early");
    assert_true(blunt_hear(&s.loop, fd, &heard, "\r\n\r\nGET /early"));
    expect_text(&heard, "HTTP/1.1 101 Switching Protocols\r\n");
    usleep(200000); /* it is nobody's idle connection now */
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
        cmocka_unit_test(malformed_requests_are_refused_however_they_are_cut),
        cmocka_unit_test(a_parameter_that_is_no_text_stands_as_it_was_written),
        cmocka_unit_test(what_is_too_large_is_refused_before_it_is_kept),
        cmocka_unit_test(a_large_body_is_asked_for_before_it_is_sent),
        cmocka_unit_test(an_old_client_gets_the_connection_closed),
        cmocka_unit_test(head_gets_the_length_but_no_body),
        cmocka_unit_test(half_a_request_times_out_with_408_and_an_idle_connection_quietly),
        cmocka_unit_test(a_connection_that_asks_for_nothing_is_not_kept),
        cmocka_unit_test(a_stranger_s_body_is_neither_asked_for_nor_kept),
        cmocka_unit_test(who_is_slowest_makes_room_when_too_much_arrives),
        cmocka_unit_test(a_stream_is_chunked_and_tells_when_it_has_drained),
        cmocka_unit_test(a_client_that_does_not_read_is_cut_off),
        cmocka_unit_test(a_watcher_that_vanishes_is_noticed_without_a_write),
        cmocka_unit_test(a_client_that_only_closes_its_half_still_gets_its_answer),
        cmocka_unit_test(a_connection_can_be_taken_over),
        cmocka_unit_test(one_connection_too_many_is_told_so),
        cmocka_unit_test(stopping_ends_what_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
