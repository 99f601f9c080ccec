/* An HTTP/1.1 server over TLS (or plain TCP, for tools) on a libuv loop; parsing by http_parser.
 *
 * One exchange is one request and its answer. The handler is called once, when the whole body is
 * there (bounded by body_max, else 413 is answered for it); requests of one connection are handled
 * one at a time, in order (pipelining waits). The handler may answer at once or later, whole
 * (http_reply) or as a stream (http_stream_*: chunked, or until close for HTTP/1.0), or take the
 * raw connection over (http_hijack). All on the loop's thread. The exchange lives until it was
 * answered and `gone` was called, or the connection broke (`gone` is called then too, always
 * exactly once). Bounded in time: headers and body must arrive within request_ms of the first byte
 * (408); idle keep-alive connections close after idle_ms; a stream whose client reads nothing for
 * stall_ms is cut, and a connection that asks for nothing within request_ms of its beginning is
 * closed. Bounded in number: connections_max (new ones beyond are answered 503 after accept).
 * Bounded in memory: `admit` sees the head before a byte of the body is kept, and when more than
 * arriving_max bytes of unfinished requests are there, the ones that began first are cut off.
 * Malformed requests get 400 and are closed.
 *
 * What the server refuses by itself it says as a Kubernetes Status object. `gone` and the events of
 * raw connections come from the loop, never from inside a call of the handler's. An exchange may be
 * answered after its client has left: nothing happens then. */
#ifndef LOGSHIP_NET_HTTP_SERVER_H
#define LOGSHIP_NET_HTTP_SERVER_H

#include "base/buf.h"
#include "net/tls.h"

#include <stdbool.h>
#include <stdint.h>

struct http_server;
struct http_exchange;
struct uv_loop_s;

struct http_server_options {
    struct uv_loop_s *loop;
    const char *address;                    /* host:port */
    bool reuse_port;                        /* several loops may share the port */
    struct tls_config *tls;                 /* NULL: plain */
    size_t body_max;                        /* 0: 3 MiB */
    unsigned request_ms, idle_ms, stall_ms; /* 0: 30 s, 5 min, 30 s */
    unsigned connections_max;               /* 0: 20,000 */
    size_t arriving_max;                    /* 0: 256 MiB */
    /* Of a request with a body: 0, or the status to refuse it with. NULL: all are welcome. */
    int (*admit)(void *ctx, const struct http_exchange *x);
    void (*handle)(void *ctx, struct http_exchange *x);
    void *ctx;
};
int http_server_start(struct http_server **out, const struct http_server_options *options,
                      struct error *err);
/* No new connections or requests; answers that were given are still sent, exchanges without one end
 * (`gone`). `stopped` is called when the last connection is closed: within a second where clients
 * hang up, and stall_ms at the latest; s is freed after it. */
void http_server_stop(struct http_server *s, void (*stopped)(void *arg), void *arg);
const char *http_server_address(const struct http_server *s); /* with the port really bound */

/* The request. Slices live as long as the exchange. */
struct str http_method(const struct http_exchange *x);
struct str http_target(const struct http_exchange *x); /* raw path?query */
/* Percent-decoded, and UTF-8 as parameters are; there is no NUL inside (400 before). */
struct str http_path(const struct http_exchange *x);
struct str http_query(const struct http_exchange *x); /* raw */
/* The decoded value of a query parameter (memory of the exchange); p == NULL: absent. */
struct str http_param(struct http_exchange *x, const char *name);
/* Every value of it, in order: index 0, 1, ...; p == NULL ends. */
struct str http_param_at(struct http_exchange *x, const char *name, unsigned index);
struct str http_header(const struct http_exchange *x,
                       const char *name); /* case-insensitive; {0}: absent */
/* All of them, in order: index 0, 1, ...; false: there are no more. */
bool http_header_at(const struct http_exchange *x, unsigned index, struct str *name,
                    struct str *value);
struct str http_body(const struct http_exchange *x);
const struct tls_peer *http_peer(const struct http_exchange *x);
const char *http_client(const struct http_exchange *x); /* "127.0.0.1:51234" */
/* Memory that lives as long as the exchange. */
void *http_alloc(struct http_exchange *x, size_t n);

/* The handler's own state for this exchange; `gone` is its destructor. */
void http_set_data(struct http_exchange *x, void *data,
                   void (*gone)(struct http_exchange *x, void *data));
void *http_data(const struct http_exchange *x);

/* Answers. headers: "Name: value\r\n..." extra lines or NULL. Bodies are copied. HEAD gets no body.
 */
void http_reply(struct http_exchange *x, int status, const char *content_type, const char *headers,
                const void *body, size_t n);
void http_stream_begin(struct http_exchange *x, int status, const char *content_type,
                       const char *headers);
/* Queues one chunk and returns what waits in memory for this client, in bytes; above its own bound
 * the caller should hold back until `drained`, or http_abort. Writes of one loop turn are merged.
 */
size_t http_stream_write(struct http_exchange *x, const void *bytes, size_t n);
size_t http_stream_queued(const struct http_exchange *x);
void http_stream_on_drain(struct http_exchange *x, void (*drained)(struct http_exchange *x));
void http_stream_end(struct http_exchange *x);
void http_abort(struct http_exchange *x); /* resets the connection */

/* Answers 101 with these headers and hands the connection over as a byte stream (exec,
 * port-forward). */
struct http_raw;
struct http_raw_events {
    void (*bytes)(struct http_raw *r, const void *bytes, size_t n);
    void (*drained)(struct http_raw *r); /* nothing waits to be written; may be NULL */
    void (*closed)(struct http_raw *r);  /* last call; r is freed after it */
};
struct http_raw *http_hijack(struct http_exchange *x, const char *headers,
                             const struct http_raw_events *events, void *data);
void *http_raw_data(struct http_raw *r);
size_t http_raw_write(struct http_raw *r, const void *bytes, size_t n); /* returns what waits */
void http_raw_pause(struct http_raw *r, bool paused); /* stops reading: back-pressure */
void http_raw_close(struct http_raw *r);

#endif
