/* A server whose answers the tests know: "/hold" waits for the test, "/stream" streams, "/raw" is
 * taken over. */
#ifndef LOGSHIP_TESTS_NET_HTTP_STORY_H
#define LOGSHIP_TESTS_NET_HTTP_STORY_H

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

static inline void story_on_gone(struct http_exchange *x, void *data)
{
    (void)x;
    struct story *s = data;
    s->gone++;
    s->is_gone = true;
    s->held = NULL;
}

static inline void story_on_drained(struct http_exchange *x)
{
    struct story *s = http_data(x);
    s->drained++;
    s->is_drained = true;
}

static inline void story_on_raw(struct http_raw *r, const void *bytes, size_t n)
{
    struct story *s = http_raw_data(r);
    buf_append(&s->raw_heard, bytes, n);
    http_raw_write(r, bytes, n);
}

static inline void story_on_raw_closed(struct http_raw *r)
{
    ((struct story *)http_raw_data(r))->raw_closed = true;
}

/* "/hold" is answered by the test; "/stream" streams; "/raw" is taken over; the rest is told what
 * it asked for. */
static inline void story_handle(void *ctx, struct http_exchange *x)
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

static inline void story_start(struct story *s, struct http_server_options options)
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

static inline void story_on_stopped(void *arg)
{
    ((struct story *)arg)->is_stopped = true;
}

static inline void story_end(struct story *s)
{
    http_server_stop(s->server, story_on_stopped, s);
    fixture_wait(&s->loop, &s->is_stopped, "the server to stop");
    fixture_loop_end(&s->loop);
    assert_int_equal(s->gone, s->handled);
    buf_free(&s->raw_heard);
}

static inline int story_connect(struct story *s)
{
    return blunt_connect(http_server_address(s->server));
}

static inline void say(int fd, const char *text)
{
    blunt_say(fd, text, strlen(text));
}

/* One connection that says this; what it heard until the server closed. */
static inline struct buf story_ask(struct story *s, const void *bytes, size_t n, size_t piece)
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

static inline void expect_text(const struct buf *heard, const char *text)
{
    if (!heard->data || !strstr(heard->data, text))
        fail_msg("expected \"%s\" in:\n%s", text, heard->data ? heard->data : "(nothing)");
}

#define H "HTTP/1.1\r\nHost: h\r\n"

#endif
