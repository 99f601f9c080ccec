/* The inside of the HTTP server. Internal to this room.
 *
 * http_server.c   listening, counting, stopping
 * http_session.c  one connection: requests in order, deadlines
 * http_parse.c    bytes -> exchange, and everything that is refused on the way (http_wire.c: line
 * ends) http_exchange.c what the handler asks of a request http_reply.c    answers and streams;
 * http_raw.c: connections taken over; http_limits.c: refusals */
#ifndef LOGSHIP_NET_HTTP_INTERNAL_H
#define LOGSHIP_NET_HTTP_INTERNAL_H

#include "base/list.h"
#include "net/conn.h"
#include "net/http_server.h"

#include <http_parser.h>
#include <time.h>

enum {
    HTTP_TARGET_MAX = 8 * 1024,
    HTTP_HEAD_MAX = 64 * 1024,
    HTTP_FIELDS_MAX = 200,
    HTTP_AHEAD_MAX = 64 * 1024, /* pipelined bytes kept while a request is being answered */
    HTTP_SURPLUS = 1024,        /* so many connections above the maximum are still told why */
    HTTP_SPARE_EXCHANGES = 64,
};

struct http_field {
    uint32_t name_at, name_n, value_at, value_n; /* in exchange->head */
};

struct http_param {
    struct str name, value;
};

struct http_arena; /* blocks, newest first */

/* READING -> HANDLING -> (STREAMING ->) ANSWERED; a refused request goes from READING to its end.
 */
enum http_stage { HTTP_READING, HTTP_HANDLING, HTTP_STREAMING, HTTP_ANSWERED };

struct http_exchange {
    struct http_session *session;
    struct http_exchange *next; /* among the server's spare ones */
    struct buf head;            /* target, then names and values, one after the other */
    uint32_t target_n;
    struct http_field *fields;
    unsigned field_count, field_cap;
    struct buf body;
    struct str path, query;
    struct http_param *params;
    unsigned param_count;
    struct http_arena *arena;
    void *data;
    void (*gone)(struct http_exchange *x, void *data);
    void (*drained)(struct http_exchange *x);
    enum http_stage stage;
    bool keep_alive, old_client /* HTTP/1.0 */, is_head, chunked, params_parsed;
};

/* What the parser leaves unchecked: see http_wire.c. */
struct http_wire {
    const char *cursor; /* bytes before it are accounted for */
    char last;          /* the byte before the cursor, when it was no content */
    bool after_chunk;
};

struct http_session {
    struct http_server *server;
    struct list link;
    struct list arriving;  /* while its request is */
    size_t arriving_bytes; /* that its request takes */
    struct conn *conn;
    http_parser parser;
    struct http_wire wire;
    struct http_exchange *x; /* NULL: idle */
    struct http_raw *raw;
    struct buf ahead;       /* pipelined */
    unsigned short verdict; /* why the parser was stopped: a status */
    bool value_last, complete, surplus, eof;
};

struct http_raw {
    struct http_session *session;
    struct http_raw_events events;
    void *data;
    bool closing;
};

struct http_server {
    struct http_server_options options;
    struct conn_listener *listener;
    struct list sessions;
    unsigned session_count;
    struct list arriving; /* sessions, the one whose request began first is the first */
    size_t arriving_bytes;
    struct http_exchange *spare;
    unsigned spare_count;
    time_t date_at;
    char date[40];
    bool stopping, listener_closed;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* http_session.c */
bool http_session_accepted(void *server, struct conn *c);
void http_session_answered(struct http_session *s); /* the last byte of the answer is written */
void http_session_stalls(struct http_session *s);   /* cut off when nothing is read for long */
void http_session_stop(struct http_session *s);
void http_server_left(struct http_server *s); /* a session has ended */

/* http_parse.c: 0: more is needed; 1: s->x is complete; else the status to refuse it with. */
void http_parse_begin(struct http_session *s);
int http_parse(struct http_session *s, const char *bytes, size_t n, size_t *used);

/* http_wire.c: accounts for the bytes before `to`, or before the content and for the content.
 * False: malformed. */
bool http_wire_skip(struct http_wire *w, const char *to);
bool http_wire_content(struct http_wire *w, const char *at, size_t n, bool chunk);

/* http_exchange.c */
struct http_exchange *http_exchange_new(struct http_session *s);
void http_exchange_free(struct http_exchange *x); /* calls `gone` */
void http_exchange_free_spare(struct http_server *server);
struct str http_field_name(const struct http_exchange *x, unsigned i);
struct str http_field_value(const struct http_exchange *x, unsigned i);

/* http_target.c: 0, or the status to refuse with */
int http_parse_target(struct http_exchange *x);

/* http_reply.c */
struct http_head {
    int status;
    const char *content_type, *headers;
    bool close;
};
struct buf *http_write_head(struct http_session *s, const struct http_head *head);
/* http_raw.c */
void http_raw_closed(struct http_raw *r);

/* http_limits.c: answers, closes. */
void http_refuse(struct http_session *s, int status);
void http_arriving_begin(struct http_session *s);
/* The request takes more; 0, or the status to refuse it with when it is too much for all. */
int http_arriving_grow(struct http_session *s);
void http_arriving_end(struct http_session *s); /* it is there, or will never be; idempotent */

#endif
