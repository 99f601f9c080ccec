/* Requests from bytes, with http_parser; strict where it is not. */
#include "net/http_internal.h"

#include <assert.h>
#include <strings.h>

static int http_stop(struct http_session *s, int status)
{
    s->verdict = (unsigned short)status;
    return -1;
}

/* What was kept may be too much. */
static int http_grown(struct http_session *s)
{
    int status = http_arriving_grow(s);
    return status ? http_stop(s, status) : 0;
}

static struct http_session *http_session_of(http_parser *p)
{
    return container_of(p, struct http_session, parser);
}

static int http_on_url(http_parser *p, const char *at, size_t n)
{
    struct http_session *s = http_session_of(p);
    struct http_exchange *x = s->x;
    if (!http_wire_content(&s->wire, at, n, false)) return http_stop(s, 400);
    for (size_t i = 0; i < n; i++)
        if (at[i] <= ' ' || at[i] > '~') return http_stop(s, 400);
    if (x->target_n + n > HTTP_TARGET_MAX) return http_stop(s, 414);
    buf_append(&x->head, at, n);
    x->target_n += (uint32_t)n;
    return http_grown(s);
}

static bool http_is_token(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)at[i];
        if (c <= ' ' || c >= 127 || strchr("\"(),/:;<=>?@[\\]{}", c)) return false;
    }
    return true;
}

static struct http_field *http_field_new(struct http_exchange *x)
{
    if (x->field_count == x->field_cap) {
        x->field_cap = x->field_cap ? 2 * x->field_cap : 16;
        x->fields = mem_resize(x->fields, x->field_cap * sizeof *x->fields);
    }
    struct http_field *f = &x->fields[x->field_count++];
    *f = (struct http_field){.name_at = (uint32_t)x->head.len};
    return f;
}

static int http_on_field(http_parser *p, const char *at, size_t n)
{
    struct http_session *s = http_session_of(p);
    struct http_exchange *x = s->x;
    if (!http_wire_content(&s->wire, at, n, false) || !http_is_token(at, n))
        return http_stop(s, 400);
    if (p->flags & F_TRAILING) return 0; /* nobody asks for trailers */
    if (x->head.len + n > HTTP_HEAD_MAX) return http_stop(s, 431);
    if (s->value_last && x->field_count == HTTP_FIELDS_MAX) return http_stop(s, 431);
    struct http_field *f = s->value_last ? http_field_new(x) : &x->fields[x->field_count - 1];
    s->value_last = false;
    buf_append(&x->head, at, n);
    f->name_n += (uint32_t)n;
    f->value_at = (uint32_t)x->head.len;
    return http_grown(s);
}

static int http_on_value(http_parser *p, const char *at, size_t n)
{
    struct http_session *s = http_session_of(p);
    struct http_exchange *x = s->x;
    if (!http_wire_content(&s->wire, at, n, false)) return http_stop(s, 400);
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)at[i] < ' ' && at[i] != '\t') || at[i] == 127) return http_stop(s, 400);
    if (p->flags & F_TRAILING) return 0;
    if (x->head.len + n > HTTP_HEAD_MAX) return http_stop(s, 431);
    s->value_last = true;
    buf_append(&x->head, at, n);
    x->fields[x->field_count - 1].value_n += (uint32_t)n;
    return http_grown(s);
}

static void http_trim_fields(struct http_exchange *x)
{
    for (unsigned i = 0; i < x->field_count; i++) {
        struct http_field *f = &x->fields[i];
        const char *v = x->head.data + f->value_at;
        while (f->value_n && (v[f->value_n - 1] == ' ' || v[f->value_n - 1] == '\t')) f->value_n--;
    }
}

struct http_framing {
    unsigned hosts, lengths, encodings;
    uint64_t length;
};

static bool http_is(struct str text, const char *word)
{
    return text.n == strlen(word) && strncasecmp(text.p, word, text.n) == 0;
}

/* 0, or the status to refuse with: everything about where a request ends must be said once. */
static int http_read_framing(const struct http_exchange *x, struct http_framing *f)
{
    for (unsigned i = 0; i < x->field_count; i++) {
        struct str name = http_field_name(x, i), value = http_field_value(x, i);
        if (name.n == 0) return 400;
        if (http_is(name, "host")) f->hosts++;
        if (http_is(name, "content-length")) {
            f->lengths++;
            if (!str_to_u64(value, &f->length)) return 400;
        }
        if (http_is(name, "transfer-encoding")) {
            f->encodings++;
            if (!http_is(value, "chunked")) return 501;
        }
    }
    if (f->lengths > 1 || f->encodings > 1 || (f->lengths && f->encodings)) return 400;
    if (x->old_client ? f->encodings > 0 : f->hosts != 1) return 400;
    return 0;
}

static int http_expect(struct http_session *s, bool has_body)
{
    struct str expect = http_header(s->x, "Expect");
    if (!expect.p || s->x->old_client) return 0;
    if (!http_is(expect, "100-continue")) return 417;
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (has_body) conn_write(s->conn, go_on, sizeof go_on - 1);
    return 0;
}

static int http_on_headers(http_parser *p)
{
    struct http_session *s = http_session_of(p);
    struct http_exchange *x = s->x;
    if (p->http_major != 1 || p->http_minor > 1) return http_stop(s, 505);
    if (p->method == HTTP_CONNECT) return http_stop(s, 501);
    x->old_client = p->http_minor == 0;
    x->keep_alive = http_should_keep_alive(p);
    x->is_head = p->method == HTTP_HEAD;
    http_trim_fields(x);
    const struct http_server_options *o = &s->server->options;
    struct http_framing framing = {0};
    int status = http_read_framing(x, &framing);
    if (status == 0) status = http_parse_target(x);
    bool has_body = framing.length || framing.encodings;
    if (status == 0 && has_body && o->admit) status = o->admit(o->ctx, x);
    if (status == 0 && framing.length > o->body_max) status = 413;
    if (status == 0) status = http_expect(s, has_body);
    return status ? http_stop(s, status) : 0;
}

static int http_on_body(http_parser *p, const char *at, size_t n)
{
    struct http_session *s = http_session_of(p);
    if (!http_wire_content(&s->wire, at, n, p->flags & F_CHUNKED)) return http_stop(s, 400);
    if (s->x->body.len + n > s->server->options.body_max) return http_stop(s, 413);
    buf_append(&s->x->body, at, n);
    return http_grown(s);
}

static int http_on_complete(http_parser *p)
{
    struct http_session *s = http_session_of(p);
    s->complete = true;
    http_parser_pause(p, 1); /* the next request waits until this one is answered */
    return 0;
}

static const http_parser_settings http_settings = {
    .on_url = http_on_url,
    .on_header_field = http_on_field,
    .on_header_value = http_on_value,
    .on_headers_complete = http_on_headers,
    .on_body = http_on_body,
    .on_message_complete = http_on_complete,
};

void http_parse_begin(struct http_session *s)
{
    http_parser_init(&s->parser, HTTP_REQUEST);
    s->wire = (struct http_wire){.last = '\n'};
    s->value_last = true;
    s->complete = false;
    s->verdict = 0;
}

int http_parse(struct http_session *s, const char *bytes, size_t n, size_t *used)
{
    assert(s->x && s->x->stage == HTTP_READING);
    s->wire.cursor = bytes;
    *used = http_parser_execute(&s->parser, &http_settings, bytes, n);
    if (s->verdict) return s->verdict;
    enum http_errno problem = HTTP_PARSER_ERRNO(&s->parser);
    if (problem == HPE_HEADER_OVERFLOW) return 431;
    if (problem != HPE_OK && problem != HPE_PAUSED) return 400;
    if (!http_wire_skip(&s->wire, bytes + *used)) return 400;
    return s->complete;
}
