/* The connections that we open, one to every other master, to send on. */
#include "base/trace.h"
#include "raft/peers_internal.h"

static void outgoing_open(struct link *l)
{
    struct outgoing *o = link_data(l);
    if (peers_seat(o->peers, hello_certified_id(link_peer(l))) != o->id) {
        link_close(l, E_DENIED, "another server's certificate at this address");
        return;
    }
    peers_hello(o->peers, l, o->id);
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
    if (peers_check_hello(o->peers, l, bytes, n, true, &theirs, &err)) {
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
                                   .connect_ms = PEERS_CONNECT_MS,
                                   .unacked_ms = PEERS_UNACKED_MS,
                                   .events = {.open = outgoing_open,
                                              .frame = outgoing_frame,
                                              .drained = outgoing_drained,
                                              .closed = outgoing_closed}};
    o->peers->links++;
    o->opened_at = uv_now(o->peers->loop);
    o->link = link_connect(o->peers->loop, o->address, &options, o);
}

/* One way: connects again when it is due, and lets go of a peer that says or takes nothing. */
void outgoing_watch(struct outgoing *o, uint64_t now)
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
