#include "net/link.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/conn.h"

#include <assert.h>

enum {
    LINK_FRAME_MAX = 16 * 1024 * 1024,
    LINK_HEAD = 4,
    LINK_KEEP = 64 * 1024, /* a larger assembly buffer is given back after its frame */
};

struct link_done {
    struct link_done *next;
    uint64_t end; /* when so many bytes were handed over */
    void (*done)(void *arg, int status);
    void *arg;
};

struct link {
    struct conn *conn;
    struct link_events events;
    size_t frame_max;
    void *data;
    struct buf in;                     /* the frame that is still arriving, with its head */
    uint64_t written;                  /* bytes given to the connection so far */
    struct link_done *waiting, **last; /* in order */
    bool closing;
};

static size_t link_size(const char *head)
{
    const unsigned char *b = (const unsigned char *)head;
    return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

static bool link_accepts(struct link *l, size_t n)
{
    if (n <= l->frame_max) return true;
    mem_auto char *why = mem_printf("%s: a frame of %zu bytes, at most %zu are allowed",
                                    conn_address(l->conn), n, l->frame_max);
    link_close(l, E_TOOBIG, why);
    return false;
}

/* Completes the frame in l->in with what just came; returns how much of it was used. */
static size_t link_gather(struct link *l, const char *bytes, size_t n)
{
    size_t used = 0;
    while (used < n && l->in.len < LINK_HEAD) buf_putc(&l->in, bytes[used++]);
    if (l->in.len < LINK_HEAD) return used;
    size_t size = link_size(l->in.data);
    if (!link_accepts(l, size)) return n;
    size_t missing = LINK_HEAD + size - l->in.len;
    size_t take = n - used < missing ? n - used : missing;
    buf_append(&l->in, bytes + used, take);
    if (take == missing) {
        struct buf whole = l->in; /* the owner may close the link in there */
        l->in = BUF_INIT;
        l->events.frame(l, whole.data + LINK_HEAD, size);
        if (whole.cap <= LINK_KEEP && !l->in.data) {
            buf_clear(&whole);
            l->in = whole;
        } else {
            buf_free(&whole);
        }
    }
    return used + take;
}

static void link_on_data(struct conn *c, const char *bytes, size_t n)
{
    struct link *l = conn_owner(c);
    while (n && !l->closing) {
        size_t size = n >= LINK_HEAD ? link_size(bytes) : 0;
        size_t used;
        if (!l->in.len && n >= LINK_HEAD && size <= l->frame_max && n - LINK_HEAD >= size) {
            l->events.frame(l, bytes + LINK_HEAD, size); /* whole: no copy */
            used = LINK_HEAD + size;
        } else {
            used = link_gather(l, bytes, n);
        }
        bytes += used;
        n -= used;
    }
}

static void link_on_open(struct conn *c)
{
    struct link *l = conn_owner(c);
    if (l->events.open) l->events.open(l);
}

static void link_settle(struct link *l, uint64_t taken, int status)
{
    struct link_done *d;
    while ((d = l->waiting) && d->end <= taken) {
        l->waiting = d->next;
        if (!l->waiting) l->last = &l->waiting;
        d->done(d->arg, status);
        mem_free(d);
    }
}

static void link_on_sent(struct conn *c)
{
    struct link *l = conn_owner(c);
    link_settle(l, l->written - conn_queued(c), 0);
    if (!conn_queued(c) && !l->closing && l->events.drained) l->events.drained(l);
}

static void link_on_closed(struct conn *c, const struct error *why)
{
    struct link *l = conn_owner(c);
    l->closing = true;
    link_settle(l, UINT64_MAX, why->code ? why->code : E_CLOSED);
    l->events.closed(l, why);
    buf_free(&l->in);
    mem_free(l);
}

static const struct conn_events link_conn_events = {
    .open = link_on_open,
    .data = link_on_data,
    .sent = link_on_sent,
    .closed = link_on_closed,
};

static struct link *link_new(const struct link_options *options, void *data)
{
    struct link *l = mem_new(struct link);
    l->events = options->events;
    l->frame_max = options->frame_max ? options->frame_max : LINK_FRAME_MAX;
    l->data = data;
    l->last = &l->waiting;
    return l;
}

struct link *link_connect(struct uv_loop_s *loop, const char *address,
                          const struct link_options *options, void *data)
{
    struct link *l = link_new(options, data);
    struct conn_target target = {.address = address,
                                 .tls = options->tls,
                                 .handshake_ms = options->handshake_ms,
                                 .connect_ms = options->connect_ms,
                                 .unacked_ms = options->unacked_ms};
    l->conn = conn_connect(loop, &target, &link_conn_events, l);
    return l;
}

void *link_data(struct link *l)
{
    return l->data;
}

const struct tls_peer *link_peer(const struct link *l)
{
    return conn_peer(l->conn);
}

const char *link_address(const struct link *l)
{
    return conn_address(l->conn);
}

size_t link_queued(const struct link *l)
{
    return conn_queued(l->conn);
}

void link_send(struct link *l, const void *bytes, size_t n, void (*done)(void *arg, int status),
               void *arg)
{
    assert(n <= UINT32_MAX);
    char head[LINK_HEAD] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    if (!l->closing) {
        struct buf *out = conn_output(l->conn);
        buf_append(out, head, sizeof head);
        buf_append(out, bytes, n);
        l->written += sizeof head + n;
    }
    if (!done) return;
    struct link_done *d = mem_new(struct link_done);
    d->end = l->closing ? UINT64_MAX : l->written;
    d->done = done;
    d->arg = arg;
    *l->last = d;
    l->last = &d->next;
}

void link_close(struct link *l, int code, const char *why)
{
    if (l->closing) return;
    l->closing = true;
    conn_close(l->conn, code, "%s", why ? why : error_name(code));
}

struct link_listener {
    struct conn_listener *listener;
    struct link_options options;
    void *(*accepted)(void *arg, struct link *l);
    void *arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

static bool link_on_accepted(void *arg, struct conn *c)
{
    struct link_listener *ll = arg;
    struct link *l = link_new(&ll->options, NULL);
    l->conn = c;
    conn_bind(c, &link_conn_events, l);
    l->data = ll->accepted(ll->arg, l);
    return true;
}

int link_listen(struct link_listener **out, struct uv_loop_s *loop, const char *address,
                bool reuse_port, const struct link_options *options,
                void *(*accepted)(void *arg, struct link *l), void *arg, struct error *err)
{
    struct link_listener *ll = mem_new(struct link_listener);
    ll->options = *options;
    ll->accepted = accepted;
    ll->arg = arg;
    struct conn_listener_options listen = {
        .loop = loop,
        .address = address,
        .reuse_port = reuse_port,
        .tls = options->tls,
        .handshake_ms = options->handshake_ms,
        .accepted = link_on_accepted,
        .arg = ll,
    };
    int result = conn_listen(&ll->listener, &listen, err);
    if (result != 0) {
        mem_free(ll);
        return result;
    }
    *out = ll;
    return 0;
}

const char *link_listener_address(const struct link_listener *ll)
{
    return conn_listener_address(ll->listener);
}

static void link_listener_on_closed(void *arg)
{
    struct link_listener *ll = arg;
    if (ll->closed) ll->closed(ll->closed_arg);
    mem_free(ll);
}

void link_listener_close(struct link_listener *ll, void (*closed)(void *arg), void *arg)
{
    ll->closed = closed;
    ll->closed_arg = arg;
    conn_listener_close(ll->listener, link_listener_on_closed, ll);
}
