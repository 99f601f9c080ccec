/* The inside of the HTTP client: http_client.c (the connection and its calls), http_call.c (one
 * call), http_answer.c (parsing). Internal to this room. */
#ifndef LOGSHIP_NET_HTTP_CLIENT_INTERNAL_H
#define LOGSHIP_NET_HTTP_CLIENT_INTERNAL_H

#include "base/buf.h"
#include "base/list.h"
#include "net/http_client.h"

#include <http_parser.h>
#include <uv.h>

enum { ANSWER_TYPE_MAX = 128, ANSWER_NAME_MAX = 32 };

/* The answer that is being read. */
struct http_answer {
    http_parser parser;
    struct http_call *call;
    bool complete, name_over;
    size_t name_n, type_n;
    char name[ANSWER_NAME_MAX]; /* of the header that is being read; longer ones do not matter */
    char type[ANSWER_TYPE_MAX]; /* Content-Type */
};

struct http_client {
    struct uv_loop_s *loop;
    char *address;
    struct tls_config *tls;
    struct conn *conn; /* NULL: none; the next call makes one */
    bool opened;       /* the request went out */
    bool reused;       /* the connection has answered a call before */
    bool closing;
    struct http_answer answer;
    struct http_call *current;
    struct list queue;
    struct http_call *failed, **last_failed; /* to be ended from the loop, in order */
    uv_timer_t later;
};

struct http_call {
    struct http_client *client;
    struct list link; /* in the queue */
    struct http_call *next_failed;
    struct http_call_events events;
    void *data;
    unsigned timeout_ms;
    struct buf request;
    struct error err; /* in `failed` */
    bool is_head, harmless /* may be asked twice */, retried, answered;
};

/* Ends the call from the loop: its owner is on the stack. */
void http_call_fail(struct http_call *call, int code, const char *text);
/* Starts the next call, if none is running. */
void http_client_next(struct http_client *hc);
struct http_call *
http_client_take(struct http_client *hc); /* the running call, which runs no more */
/* The connection ends on its own from here; the client may make a new one at once. */
void http_client_part(struct http_client *hc, bool politely);

void http_answer_begin(struct http_answer *a, struct http_call *call);
/* n == 0: the stream has ended. False: malformed. a->complete tells whether it was all; *used,
 * where it ended. */
bool http_answer_parse(struct http_answer *a, const char *bytes, size_t n, size_t *used);

#endif
