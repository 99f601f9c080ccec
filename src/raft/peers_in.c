/* The connections that others open to us: a hello first, then frames for the quorum. */
#include "base/mem.h"
#include "base/trace.h"
#include "raft/peers_internal.h"

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
    if (peers_check_hello(in->peers, in->link, bytes, n, false, &theirs, &err)) {
        link_close(in->link, E_DENIED, err.text);
        return;
    }
    in->id = peers_seat(in->peers, theirs.id);
    incoming_replace(in);
    peers_hello(in->peers, in->link, in->id);
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

void incoming_watch(struct peers *p, uint64_t now)
{
    list_each_safe(it, &p->incoming)
    {
        struct incoming *in = container_of(it, struct incoming, list);
        if (in->id == 0 && now - in->opened_at > PEERS_HELLO_MS)
            link_close(in->link, E_TIMEOUT, "no hello");
    }
}

int incoming_listen(struct peers *p, const char *address, struct error *err)
{
    struct link_options options = {
        .tls = p->tls,
        .frame_max = PEERS_FRAME_MAX,
        .events = {.open = incoming_open, .frame = incoming_frame, .closed = incoming_closed}};
    return link_listen(&p->listener, p->loop, address, false, &options, incoming_accepted, p, err);
}
