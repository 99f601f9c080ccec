/* Requests to a local cluster, made on its own loop: the test waits by turning the loop. */
#ifndef LOGSHIP_TESTS_API_LOCAL_HTTP_H
#define LOGSHIP_TESTS_API_LOCAL_HTTP_H

#include "api/local_cluster.h"
#include "net/http_client.h"
#include "proto/json.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct answer {
    struct http_client *client;
    struct http_call *call;
    int status;
    bool done;
    struct error err;
    struct buf body, doc; /* doc: the body as msgpack, when it is JSON */
    struct buf type;
};

static void answer_status(struct http_call *call, int status, struct str type)
{
    struct answer *a = http_call_data(call);
    a->status = status;
    buf_append(&a->type, type.p, type.n);
}

static void answer_body(struct http_call *call, const void *bytes, size_t n)
{
    struct answer *a = http_call_data(call);
    buf_append(&a->body, bytes, n);
}

static void answer_done(struct http_call *call, const struct error *err)
{
    struct answer *a = http_call_data(call);
    a->done = true;
    a->call = NULL;
    a->err = *err;
}

static struct answer *ask_begin(struct local_cluster *c, const char *method, const char *target,
                                const char *headers, struct str body)
{
    static const struct http_call_events events = {answer_status, answer_body, answer_done};
    struct answer *a = mem_new(struct answer);
    a->client = http_client_new(&c->loop, api_address(c->api), c->client_tls);
    a->call = http_call(a->client, method, target, headers, body.p, body.n, 0, &events, a);
    return a;
}

static void ask_wait(struct local_cluster *c, struct answer *a)
{
    uint64_t until = uv_hrtime() + 60000000000ull;
    while (!a->done && uv_hrtime() < until) uv_run(&c->loop, UV_RUN_ONCE);
    assert_true(a->done);
}

static void answer_free(struct local_cluster *c, struct answer *a)
{
    http_client_close(a->client);
    uint64_t until = uv_hrtime() + 60000000000ull;
    while (!a->done && uv_hrtime() < until) uv_run(&c->loop, UV_RUN_ONCE);
    buf_free(&a->body);
    buf_free(&a->doc);
    buf_free(&a->type);
    mem_free(a);
}

/* The answer of the last `ask`, kept until the next. */
static struct answer *asked;

static struct mp ask_with(struct local_cluster *c, const char *method, const char *target,
                          const char *headers, struct str body)
{
    if (asked) answer_free(c, asked);
    asked = ask_begin(c, method, target, headers, body);
    ask_wait(c, asked);
    if (asked->err.code) fprintf(stderr, "%s %s: %s\n", method, target, asked->err.text);
    assert_int_equal(asked->err.code, 0);
    if (json_parse(asked->body.data ? asked->body.data : "", asked->body.len, &asked->doc, NULL))
        return (struct mp){0};
    return mp_read(asked->doc.data, asked->doc.len);
}

static inline struct mp ask(struct local_cluster *c, const char *method, const char *target,
                            const char *body)
{
    return ask_with(c, method, target, NULL, str_of(body));
}

static inline struct mp ask_patch(struct local_cluster *c, const char *type, const char *target,
                                  const char *body)
{
    mem_auto char *header = mem_printf("Content-Type: application/%s+json\r\n", type);
    return ask_with(c, "PATCH", target, header, str_of(body));
}

static inline void assert_text(struct mp doc, const char *path, const char *text)
{
    struct str found = mp_str(mp_path(doc, path));
    mem_auto char *copy = mem_strndup(found.p ? found.p : "", found.n);
    assert_string_equal(copy, text);
}

static inline int64_t number_at(struct mp doc, const char *path)
{
    return mp_i64(mp_path(doc, path), -1);
}

/* The refusal: code, reason and message. */
static inline void assert_refused(struct mp doc, int code, const char *reason, const char *message)
{
    assert_text(doc, "message", message);
    assert_text(doc, "reason", reason);
    assert_text(doc, "kind", "Status");
    assert_text(doc, "status", "Failure");
    assert_int_equal(asked->status, code);
    assert_int_equal(number_at(doc, "code"), code);
}

static inline int local_setup(void **state)
{
    struct local_cluster *c = local_cluster_new();
    *state = c;
    return local_cluster_listen(c, "127.0.0.1:0");
}

static inline int local_teardown(void **state)
{
    struct local_cluster *c = *state;
    if (asked) answer_free(c, asked);
    asked = NULL;
    local_cluster_free(c);
    return 0;
}

/* Watches: lines as they come. */
static inline struct answer *watch_open(struct local_cluster *c, const char *target)
{
    return ask_begin(c, "GET", target, NULL, (struct str){0});
}

static inline unsigned watch_lines(const struct answer *a)
{
    unsigned lines = 0;
    for (size_t i = 0; i < a->body.len; i++) lines += a->body.data[i] == '\n';
    return lines;
}

/* Waits until the watch has begun and brought so many events. */
static inline void watch_wait(struct local_cluster *c, struct answer *a, unsigned lines)
{
    uint64_t until = uv_hrtime() + 60000000000ull;
    while (!a->done && (!a->status || watch_lines(a) < lines) && uv_hrtime() < until)
        uv_run(&c->loop, UV_RUN_ONCE);
    if (watch_lines(a) != lines) fprintf(stderr, "%s\n", a->body.data ? a->body.data : "");
    assert_int_equal(watch_lines(a), lines);
}

/* The event on a line; its bytes live until the next call. */
static inline struct mp watch_event(const struct answer *a, unsigned line)
{
    static struct buf doc;
    struct str rest = {a->body.data, a->body.len}, text = {0};
    for (unsigned i = 0; i <= line; i++) assert_true(str_split(&rest, '\n', &text));
    buf_free(&doc);
    assert_int_equal(json_parse(text.p, text.n, &doc, NULL), 0);
    return mp_read(doc.data, doc.len);
}

static inline void assert_event(const struct answer *a, unsigned line, const char *type,
                                const char *name)
{
    struct mp event = watch_event(a, line);
    assert_text(event, "type", type);
    assert_text(event, "object.metadata.name", name);
}

#endif
