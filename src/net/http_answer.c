#include "net/http_client_internal.h"

#include <strings.h>

static struct http_answer *answer_of(http_parser *p)
{
    return container_of(p, struct http_answer, parser);
}

/* 100 Continue and the like: the real answer follows. */
static bool answer_is_interim(const http_parser *p)
{
    return p->status_code < 200 && p->status_code != 101;
}

static int answer_on_begin(http_parser *p)
{
    struct http_answer *a = answer_of(p);
    a->name_n = a->type_n = 0;
    a->name_over = true;
    return 0;
}

static int answer_on_field(http_parser *p, const char *at, size_t n)
{
    struct http_answer *a = answer_of(p);
    if (a->name_over) a->name_n = 0;
    a->name_over = false;
    if (n > sizeof a->name - a->name_n) n = sizeof a->name - a->name_n;
    memcpy(a->name + a->name_n, at, n);
    a->name_n += n;
    return 0;
}

static int answer_on_value(http_parser *p, const char *at, size_t n)
{
    struct http_answer *a = answer_of(p);
    static const char wanted[] = "content-type";
    a->name_over = true;
    if (p->flags & F_TRAILING) return 0;
    if (a->name_n != sizeof wanted - 1 || strncasecmp(a->name, wanted, a->name_n) != 0) return 0;
    if (n > sizeof a->type - a->type_n) n = sizeof a->type - a->type_n;
    memcpy(a->type + a->type_n, at, n);
    a->type_n += n;
    return 0;
}

static int answer_on_headers(http_parser *p)
{
    struct http_answer *a = answer_of(p);
    if (answer_is_interim(p)) return 0;
    struct http_call *call = a->call;
    call->answered = true;
    struct str type = {a->type, a->type_n};
    if (call->events.status) call->events.status(call, (int)p->status_code, type);
    if (!a->call) return -1; /* cancelled by its owner meanwhile */
    return call->is_head ? 1 : 0;
}

static int answer_on_body(http_parser *p, const char *at, size_t n)
{
    struct http_answer *a = answer_of(p);
    if (a->call->events.body) a->call->events.body(a->call, at, n);
    return a->call ? 0 : -1;
}

static int answer_on_complete(http_parser *p)
{
    struct http_answer *a = answer_of(p);
    if (answer_is_interim(p)) return 0;
    a->complete = true;
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings answer_settings = {
    .on_message_begin = answer_on_begin,
    .on_header_field = answer_on_field,
    .on_header_value = answer_on_value,
    .on_headers_complete = answer_on_headers,
    .on_body = answer_on_body,
    .on_message_complete = answer_on_complete,
};

void http_answer_begin(struct http_answer *a, struct http_call *call)
{
    *a = (struct http_answer){.call = call};
    http_parser_init(&a->parser, HTTP_RESPONSE);
}

bool http_answer_parse(struct http_answer *a, const char *bytes, size_t n, size_t *used)
{
    *used = http_parser_execute(&a->parser, &answer_settings, bytes, n);
    return a->complete || HTTP_PARSER_ERRNO(&a->parser) == HPE_OK;
}
