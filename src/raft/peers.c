#include "raft/peers_internal.h"

#include "base/mem.h"
#include "base/trace.h"

#include <assert.h>
#include <sys/random.h>
#include <uv.h>

/* The way to one peer: a connection that we keep opening until we are closed. */
struct outgoing {
    struct peers *peers;
    uint64_t id;
    char *address;
    struct link *link; /* NULL: waiting to connect again */
    bool up;           /* hello exchanged */
    unsigned backoff_ms;
    uint64_t retry_at, opened_at, waiting_since; /* loop time; waiting 0: nothing waits */
    bool complained;                             /* of this outage */
};

/* A connection that somebody opened to us. */
struct incoming {
    struct list list;
    struct peers *peers;
    struct link *link;
    uint64_t id; /* 0: no hello yet */
    uint64_t opened_at;
};

/* A frame that failed at once; its sender hears of it on a later turn. */
struct refusal {
    struct list list;
    void (*done)(void *arg, int status);
    void *arg;
    int status;
};

struct peers {
    struct quorum_net net;
    uv_loop_t *loop;
    struct tls_config *tls;
    struct hello own;
    struct quorum *quorum;
    struct link_listener *listener;
    struct outgoing *outgoing;
    unsigned count;
    struct list incoming;
    unsigned incoming_count, links; /* links of both kinds that are not closed yet */
    struct list refusals;
    uv_timer_t watch, later;
    unsigned handles;
    bool closing;
    uint64_t complained_at;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void peers_report(struct peers *p, uint64_t id, bool up)
{
    if (p->quorum) quorum_peer_up(p->quorum, id, up);
}

static void peers_hello(struct peers *p, struct link *l)
{
    struct buf buf_auto frame = BUF_INIT;
    hello_write(&frame, &p->own);
    link_send(l, frame.data, frame.len, NULL, NULL);
}

static int peers_check_hello(struct peers *p, struct link *l, const void *bytes, size_t n,
                             struct hello *theirs, struct error *err)
{
    int rc = hello_read(theirs, bytes, n, err);
    if (rc == 0) rc = hello_check(&p->own, theirs, hello_certified_id(link_peer(l)), err);
    return rc;
}

static void peers_try_finish(struct peers *p)
{
    if (!p->closing || p->links > 0 || p->handles > 0 || p->listener) return;
    for (unsigned i = 0; i < p->count; i++) mem_free(p->outgoing[i].address);
    mem_free(p->outgoing);
    void (*closed)(void *) = p->closed;
    void *arg = p->closed_arg;
    mem_free(p);
    if (closed) closed(arg);
}

/* --- outgoing --- */

static void outgoing_open(struct link *l)
{
    struct outgoing *o = link_data(l);
    uint64_t id = hello_certified_id(link_peer(l));
    if (id != o->id) {
        link_close(l, E_DENIED, "another server's certificate at this address");
        return;
    }
    peers_hello(o->peers, l);
}

/* The only frame that comes back on a connection of ours is the answer to our hello. */
static void outgoing_frame(struct link *l, const void *bytes, size_t n)
{
    struct outgoing *o = link_data(l);
    struct hello theirs;
    struct error err = {0};
    if (o->up) {
        link_close(l, E_INVALID, "a frame against the direction");
        return;
    }
    if (peers_check_hello(o->peers, l, bytes, n, &theirs, &err)) {
        link_close(l, E_DENIED, err.text);
        return;
    }
    o->up = true;
    o->complained = false;
    o->backoff_ms = PEERS_BACKOFF_MIN_MS;
    trace_info("peers", "connected to server %llu at %s", (unsigned long long)o->id, o->address);
    peers_report(o->peers, o->id, true);
}

static void outgoing_drained(struct link *l)
{
    struct outgoing *o = link_data(l);
    o->waiting_since = 0;
}

static void outgoing_closed(struct link *l, const struct error *why)
{
    struct outgoing *o = link_data(l);
    struct peers *p = o->peers;
    bool was_up = o->up;
    o->link = NULL;
    o->up = false;
    o->waiting_since = 0;
    p->links--;
    if (p->closing) {
        peers_try_finish(p);
        return;
    }
    if (was_up || !o->complained)
        trace_info("peers", "no connection to server %llu at %s: %s", (unsigned long long)o->id,
                   o->address, why->text);
    o->complained = true;
    o->retry_at = uv_now(p->loop) + o->backoff_ms;
    o->backoff_ms =
        o->backoff_ms * 2 > PEERS_BACKOFF_MAX_MS ? PEERS_BACKOFF_MAX_MS : o->backoff_ms * 2;
    uv_timer_start(&p->watch, p->watch.timer_cb, 0, PEERS_BACKOFF_MIN_MS);
    if (was_up) peers_report(p, o->id, false);
}

static void outgoing_connect(struct outgoing *o)
{
    struct link_options options = {.tls = o->peers->tls,
                                   .frame_max = PEERS_FRAME_MAX,
                                   .events = {.open = outgoing_open,
                                              .frame = outgoing_frame,
                                              .drained = outgoing_drained,
                                              .closed = outgoing_closed}};
    o->peers->links++;
    o->opened_at = uv_now(o->peers->loop);
    o->link = link_connect(o->peers->loop, o->address, &options, o);
}

/* --- incoming --- */

static void *incoming_accepted(void *arg, struct link *l)
{
    struct peers *p = arg;
    struct incoming *in = mem_new(struct incoming);
    in->peers = p;
    in->link = l;
    in->opened_at = uv_now(p->loop);
    list_push(&p->incoming, &in->list);
    p->incoming_count++;
    p->links++;
    return in;
}

static void incoming_open(struct link *l)
{
    struct incoming *in = link_data(l);
    if (in->peers->incoming_count > PEERS_INCOMING_MAX)
        link_close(l, E_BUSY, "too many connections");
    else if (hello_certified_id(link_peer(l)) == 0)
        link_close(l, E_DENIED, "not a master's certificate");
}

/* What a peer sent before it started again must not come after what it sends now. */
static void incoming_replace(struct incoming *in)
{
    list_each_safe(it, &in->peers->incoming)
    {
        struct incoming *older = container_of(it, struct incoming, list);
        if (older != in && older->id == in->id) link_close(older->link, E_CLOSED, "replaced");
    }
}

static void incoming_greet(struct incoming *in, const void *bytes, size_t n)
{
    struct hello theirs;
    struct error err = {0};
    if (peers_check_hello(in->peers, in->link, bytes, n, &theirs, &err)) {
        link_close(in->link, E_DENIED, err.text);
        return;
    }
    in->id = theirs.id;
    incoming_replace(in);
    peers_hello(in->peers, in->link);
}

static void incoming_frame(struct link *l, const void *bytes, size_t n)
{
    struct incoming *in = link_data(l);
    if (in->id == 0)
        incoming_greet(in, bytes, n);
    else if (in->peers->quorum)
        quorum_deliver(in->peers->quorum, in->id, bytes, n);
}

/* A stranger's connection costs one line, and not more than one line a second. */
static void incoming_complain(struct incoming *in, const struct error *why)
{
    struct peers *p = in->peers;
    uint64_t now = uv_now(p->loop);
    if (p->complained_at && now - p->complained_at < 1000) return;
    p->complained_at = now ? now : 1;
    trace_warn("peers", "connection from %s refused: %s", link_address(in->link), why->text);
}

static void incoming_closed(struct link *l, const struct error *why)
{
    struct incoming *in = link_data(l);
    struct peers *p = in->peers;
    if (in->id == 0 && !p->closing) incoming_complain(in, why);
    list_remove(&in->list);
    p->incoming_count--;
    p->links--;
    mem_free(in);
    if (p->closing) peers_try_finish(p);
}

/* --- as the quorum sees it --- */

static struct outgoing *peers_to(struct peers *p, uint64_t id)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->outgoing[i].id == id && id != p->own.id) return &p->outgoing[i];
    return NULL;
}

static void peers_refuse_all(struct peers *p)
{
    struct list *link;
    while ((link = list_shift(&p->refusals))) {
        struct refusal *r = container_of(link, struct refusal, list);
        r->done(r->arg, r->status);
        mem_free(r);
    }
}

static void peers_later(uv_timer_t *timer)
{
    peers_refuse_all(timer->data);
}

static void peers_refuse(struct peers *p, int status, void (*done)(void *arg, int status),
                         void *arg)
{
    if (!done) return;
    struct refusal *r = mem_new(struct refusal);
    *r = (struct refusal){.done = done, .arg = arg, .status = status};
    list_push(&p->refusals, &r->list);
    uv_timer_start(&p->later, peers_later, 0, 0);
}

static void peers_send(struct quorum_net *net, uint64_t to, const void *bytes, size_t n,
                       void (*done)(void *arg, int status), void *arg)
{
    struct peers *p = container_of(net, struct peers, net);
    struct outgoing *o = p->closing ? NULL : peers_to(p, to);
    if (!o || !o->up) {
        peers_refuse(p, E_CLOSED, done, arg);
        return;
    }
    if (n > PEERS_FRAME_MAX || link_queued(o->link) + n > PEERS_QUEUE_MAX) {
        peers_refuse(p, E_BUSY, done, arg);
        return;
    }
    link_send(o->link, bytes, n, done, arg);
    if (!o->waiting_since && link_queued(o->link) > 0) o->waiting_since = uv_now(p->loop);
}

static size_t peers_queued(struct quorum_net *net, uint64_t to)
{
    struct peers *p = container_of(net, struct peers, net);
    struct outgoing *o = peers_to(p, to);
    return o && o->up ? link_queued(o->link) : 0;
}

/* One way: connects again when it is due, and lets go of a peer that says or takes nothing. */
static void outgoing_watch(struct outgoing *o, uint64_t now)
{
    if (!o->link) {
        if (now >= o->retry_at) outgoing_connect(o);
        return;
    }
    if (link_queued(o->link) == 0) o->waiting_since = 0;
    if (!o->up && now - o->opened_at > PEERS_HELLO_MS)
        link_close(o->link, E_TIMEOUT, "no hello");
    else if (o->waiting_since && now - o->waiting_since > PEERS_STUCK_MS)
        link_close(o->link, E_TIMEOUT, "it takes nothing");
}

static void peers_watch(uv_timer_t *timer)
{
    struct peers *p = timer->data;
    uint64_t now = uv_now(p->loop);
    bool waiting = false;
    for (unsigned i = 0; i < p->count; i++) {
        if (p->outgoing[i].id == p->own.id) continue;
        outgoing_watch(&p->outgoing[i], now);
        waiting |= !p->outgoing[i].link;
    }
    list_each_safe(it, &p->incoming)
    {
        struct incoming *in = container_of(it, struct incoming, list);
        if (in->id == 0 && now - in->opened_at > PEERS_HELLO_MS)
            link_close(in->link, E_TIMEOUT, "no hello");
    }
    uv_timer_set_repeat(timer, waiting ? PEERS_BACKOFF_MIN_MS : PEERS_WATCH_MS);
}

static int peers_listen(struct peers *p, const char *address, struct error *err)
{
    struct link_options options = {
        .tls = p->tls,
        .frame_max = PEERS_FRAME_MAX,
        .events = {.open = incoming_open, .frame = incoming_frame, .closed = incoming_closed}};
    return link_listen(&p->listener, p->loop, address, false, &options, incoming_accepted, p, err);
}

int peers_open(struct peers **out, const struct peers_options *options, struct error *err)
{
    struct peers *p = mem_new(struct peers);
    p->net = (struct quorum_net){.send = peers_send, .queued = peers_queued};
    p->loop = options->loop;
    p->tls = options->tls;
    p->own.id = options->id;
    p->own.configuration = hello_configuration(options->servers, options->server_count);
    snprintf(p->own.cluster, sizeof p->own.cluster, "%s", options->cluster);
    if (getrandom(&p->own.boot, sizeof p->own.boot, 0) != sizeof p->own.boot)
        trace_fatal("peers", "no random numbers");
    list_init(&p->incoming);
    list_init(&p->refusals);
    const char *address = NULL;
    for (unsigned i = 0; i < options->server_count; i++)
        if (options->servers[i].id == options->id) address = options->servers[i].address;
    int rc = address ? peers_listen(p, address, err)
                     : error_set(err, E_INVALID, "our own id is not among the masters");
    if (rc) {
        mem_free(p);
        return error_wrap(err, rc, "peer listener %s", address ? address : "");
    }
    p->count = options->server_count;
    p->outgoing = mem_zalloc(p->count * sizeof *p->outgoing);
    for (unsigned i = 0; i < p->count; i++)
        p->outgoing[i] = (struct outgoing){.peers = p,
                                           .id = options->servers[i].id,
                                           .address = mem_strdup(options->servers[i].address),
                                           .backoff_ms = PEERS_BACKOFF_MIN_MS};
    uv_timer_init(p->loop, &p->watch);
    uv_timer_init(p->loop, &p->later);
    p->watch.data = p->later.data = p;
    p->handles = 2;
    uv_timer_start(&p->watch, peers_watch, 0, PEERS_BACKOFF_MIN_MS);
    *out = p;
    return 0;
}

struct quorum_net *peers_net(struct peers *p)
{
    return &p->net;
}

void peers_attach(struct peers *p, struct quorum *q)
{
    p->quorum = q;
    for (unsigned i = 0; i < p->count; i++)
        if (p->outgoing[i].up) peers_report(p, p->outgoing[i].id, true);
}

static void peers_timer_closed(uv_handle_t *handle)
{
    struct peers *p = handle->data;
    p->handles--;
    peers_try_finish(p);
}

static void peers_listener_closed(void *arg)
{
    struct peers *p = arg;
    p->listener = NULL;
    peers_try_finish(p);
}

void peers_close(struct peers *p, void (*closed)(void *arg), void *arg)
{
    assert(!p->closing);
    p->closing = true;
    p->closed = closed;
    p->closed_arg = arg;
    p->quorum = NULL;
    peers_refuse_all(p);
    link_listener_close(p->listener, peers_listener_closed, p);
    list_each_safe(it, &p->incoming)
        link_close(container_of(it, struct incoming, list)->link, E_CLOSED, "shutting down");
    for (unsigned i = 0; i < p->count; i++)
        if (p->outgoing[i].link) link_close(p->outgoing[i].link, E_CLOSED, "shutting down");
    uv_close((uv_handle_t *)&p->watch, peers_timer_closed);
    uv_close((uv_handle_t *)&p->later, peers_timer_closed);
}
