/* A small HTTP/1.1 client on a libuv loop, for the master's own calls (a node's logs, another
 * master) and for the command-line tools and benches. Responses are streamed to callbacks; TLS as
 * tls_config says. */
#ifndef LOGSHIP_NET_HTTP_CLIENT_H
#define LOGSHIP_NET_HTTP_CLIENT_H

#include "net/tls.h"

#include <stdbool.h>
#include <stddef.h>

struct http_call;
struct uv_loop_s;

struct http_call_events {
    void (*status)(struct http_call *c, int status, struct str content_type); /* may be NULL */
    void (*body)(struct http_call *c, const void *bytes, size_t n);           /* may be NULL */
    /* Last call; err->code 0: the response was complete. */
    void (*done)(struct http_call *c, const struct error *err);
};

/* A connection that is kept alive and used for one call after the other. */
struct http_client;
struct http_client *http_client_new(struct uv_loop_s *loop, const char *address,
                                    struct tls_config *tls);
void http_client_close(struct http_client *hc); /* running calls end with E_CLOSED, later */

/* The certificate must name the host of the address, unless tls was loaded with TLS_PEER_NONE. A
 * GET or HEAD that meets a kept connection which the server has just given up is sent again, once;
 * another method then ends with E_UNKNOWN: it may have been carried out.
 *
 * Queues the call; headers: extra lines "Name: value\r\n..." or NULL; body may be NULL. timeout_ms
 * until the response begins and then between bytes (0: none). */
struct http_call *http_call(struct http_client *hc, const char *method, const char *target,
                            const char *headers, const void *body, size_t n, unsigned timeout_ms,
                            const struct http_call_events *events, void *data);
void *http_call_data(struct http_call *c);
void http_call_cancel(struct http_call *c);             /* done is called later with E_CLOSED */
void http_call_pause(struct http_call *c, bool paused); /* stops reading: back-pressure */

/* One call from start to end with a loop of its own, for command-line tools. Returns the HTTP
 * status, or E_*. */
struct buf;
int http_fetch(const char *address, struct tls_config *tls, const char *method, const char *target,
               const char *headers, const void *body, size_t n, unsigned timeout_ms,
               struct buf *out, struct error *err);

#endif
