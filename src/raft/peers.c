#include "raft/peers_internal.h"

#include "base/mem.h"
#include "base/trace.h"

#include <assert.h>

void peers_report(struct peers *p, uint64_t id, bool up)
{
    if (p->quorum) quorum_peer_up(p->quorum, id, up);
}

void peers_hello(struct peers *p, struct link *l, uint64_t to)
{
    struct buf buf_auto frame = BUF_INIT, past = BUF_INIT;
    struct hello own = p->own;
    if (p->quorum) quorum_greet(p->quorum, to, &past);
    own.past = (struct str){past.data, past.len};
    hello_write(&frame, &own);
    link_send(l, frame.data, frame.len, NULL, NULL);
}

uint64_t peers_seat(const struct peers *p, uint64_t id)
{
    return id == 0 ? 0 : quorum_seat_of(id, p->count);
}

int peers_check_hello(struct peers *p, struct link *l, const void *bytes, size_t n, bool answer,
                      struct hello *theirs, struct error *err)
{
    int rc = hello_read(theirs, bytes, n, err);
    if (rc == 0) rc = hello_check(&p->own, theirs, hello_certified_id(link_peer(l)), err);
    uint64_t seat = rc ? 0 : peers_seat(p, theirs->id);
    if (rc == 0 && p->quorum) rc = quorum_greeted(p->quorum, seat, theirs->past, answer, err);
    if (rc == 0 && p->quorum && quorum_holder(p->quorum, seat) != theirs->id)
        rc = error_set(err, E_DENIED, "greets as somebody else");
    return rc;
}

void peers_try_finish(struct peers *p)
{
    if (!p->closing || p->links > 0 || p->handles > 0 || p->listener) return;
    for (unsigned i = 0; i < p->count; i++) mem_free(p->outgoing[i].address);
    mem_free(p->outgoing);
    void (*closed)(void *) = p->closed;
    void *arg = p->closed_arg;
    mem_free(p);
    if (closed) closed(arg);
}

static struct outgoing *peers_to(struct peers *p, uint64_t id)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->outgoing[i].id == id && id != p->seat) return &p->outgoing[i];
    return NULL;
}

/* Who hears of a failure may send again, and fail again: that is for the next turn. */
static void peers_refuse_all(struct peers *p)
{
    struct list ending, *link;
    list_init(&ending);
    while ((link = list_shift(&p->refusals))) list_push(&ending, link);
    list_each_safe(it, &ending)
    {
        struct refusal *r = container_of(it, struct refusal, list);
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

static void peers_watch(uv_timer_t *timer)
{
    struct peers *p = timer->data;
    uint64_t now = uv_now(p->loop);
    bool waiting = false;
    for (unsigned i = 0; i < p->count; i++) {
        if (p->outgoing[i].id == p->seat) continue;
        outgoing_watch(&p->outgoing[i], now);
        waiting |= !p->outgoing[i].link;
    }
    incoming_watch(p, now);
    uv_timer_set_repeat(timer, waiting ? PEERS_BACKOFF_MIN_MS : PEERS_WATCH_MS);
}

int peers_open(struct peers **out, const struct peers_options *options, struct error *err)
{
    struct peers *p = mem_new(struct peers);
    p->net = (struct quorum_net){.send = peers_send, .queued = peers_queued};
    p->loop = options->loop;
    p->tls = options->tls;
    p->own.id = options->id;
    p->count = options->server_count;
    p->seat = p->count ? peers_seat(p, options->id) : 0;
    p->own.configuration = hello_configuration(options->servers, options->server_count);
    snprintf(p->own.cluster, sizeof p->own.cluster, "%s", options->cluster);
    list_init(&p->incoming);
    list_init(&p->refusals);
    const char *address = NULL;
    for (unsigned i = 0; i < options->server_count; i++)
        if (options->servers[i].id == p->seat) address = options->servers[i].address;
    int rc = address ? incoming_listen(p, address, err)
                     : error_set(err, E_INVALID, "our own id is not among the masters");
    if (rc) {
        mem_free(p);
        return error_wrap(err, rc, "peer listener %s", address ? address : "");
    }
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
