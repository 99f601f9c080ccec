#include "net/http_internal.h"

#include <assert.h>

enum {
    HTTP_BODY_MAX = 3 * 1024 * 1024,
    HTTP_REQUEST_MS = 30 * 1000,
    HTTP_IDLE_MS = 5 * 60 * 1000,
    HTTP_STALL_MS = 30 * 1000,
    HTTP_CONNECTIONS_MAX = 20000,
    HTTP_ARRIVING_MAX = 256 * 1024 * 1024,
};

int http_server_start(struct http_server **out, const struct http_server_options *options,
                      struct error *err)
{
    struct http_server *s = mem_new(struct http_server);
    s->options = *options;
    struct http_server_options *o = &s->options;
    if (!o->body_max) o->body_max = HTTP_BODY_MAX;
    if (!o->request_ms) o->request_ms = HTTP_REQUEST_MS;
    if (!o->idle_ms) o->idle_ms = HTTP_IDLE_MS;
    if (!o->stall_ms) o->stall_ms = HTTP_STALL_MS;
    if (!o->connections_max) o->connections_max = HTTP_CONNECTIONS_MAX;
    if (!o->arriving_max) o->arriving_max = HTTP_ARRIVING_MAX;
    list_init(&s->sessions);
    list_init(&s->arriving);
    struct conn_listener_options listen = {
        .loop = o->loop,
        .address = o->address,
        .reuse_port = o->reuse_port,
        .tls = o->tls,
        .accepted = http_session_accepted,
        .arg = s,
    };
    int result = conn_listen(&s->listener, &listen, err);
    if (result != 0) {
        mem_free(s);
        return result;
    }
    *out = s;
    return 0;
}

const char *http_server_address(const struct http_server *s)
{
    return conn_listener_address(s->listener);
}

static void http_server_check_stopped(struct http_server *s)
{
    if (!s->listener_closed || s->session_count) return;
    http_exchange_free_spare(s);
    if (s->stopped) s->stopped(s->stopped_arg);
    mem_free(s);
}

void http_server_left(struct http_server *s)
{
    s->session_count--;
    if (s->stopping) http_server_check_stopped(s);
}

static void http_server_on_listener_closed(void *arg)
{
    struct http_server *s = arg;
    s->listener_closed = true;
    http_server_check_stopped(s);
}

void http_server_stop(struct http_server *s, void (*stopped)(void *arg), void *arg)
{
    assert(!s->stopping);
    s->stopping = true;
    s->stopped = stopped;
    s->stopped_arg = arg;
    list_each(it, &s->sessions) http_session_stop(container_of(it, struct http_session, link));
    conn_listener_close(s->listener, http_server_on_listener_closed, s);
}
