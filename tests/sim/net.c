/* The masters' connections: one each way between two. In order and complete like TCP's, unless the
 * seed draws a network that loses, repeats or reorders frames. */
#include "medium.h"

struct frame {
    struct sim *sim;
    unsigned from, to;
    uint64_t epoch;
    struct life *life;
    size_t n;
    char bytes[];
};

struct sent {
    struct life *life;
    void (*done)(void *arg, int status);
    void *arg;
    int status;
};

struct link_event {
    struct sim *sim;
    unsigned from, to;
    uint64_t epoch;
};

struct peer_news {
    struct life *life;
    unsigned peer;
    bool up;
};

static void net_try_connect(void *arg);

static void peer_news_arrives(void *arg)
{
    struct peer_news *n = arg;
    quorum_peer_up(n->life->core.quorum, n->peer + 1, n->up);
    life_wake(n->life);
    mem_free(n);
}

static void net_report(struct life *l, unsigned peer, bool up)
{
    struct peer_news *n = mem_new(struct peer_news);
    *n = (struct peer_news){l, peer, up};
    sim_after(l->m->sim, l, 1, peer_news_arrives, n);
}

static void frame_arrives(void *arg)
{
    struct frame *f = arg;
    struct sim *s = f->sim;
    struct wire_link *link = &s->links[f->from][f->to];
    if (link->epoch == f->epoch) link->queued -= f->n;
    struct life *to = s->masters[f->to].life;
    if (to && to == f->life && link->epoch == f->epoch && !link->cut) {
        s->counts.frames++;
        sim_mix(s, "frame", f->bytes, f->n);
        quorum_deliver(to->core.quorum, f->from + 1, f->bytes, f->n);
        life_wake(to);
    }
    mem_free(f);
}

static void net_sent(void *arg)
{
    struct sent *sent = arg;
    sent->done(sent->arg, sent->status);
    life_wake(sent->life);
    mem_free(sent);
}

static void net_put(struct sim *s, unsigned from, unsigned to, const void *bytes, size_t n)
{
    struct wire_link *link = &s->links[from][to];
    const struct profile *p = &s->profile;
    uint64_t at = s->now_us +
                  (s->calm ? sim_between(s, 50, 300) : sim_between(s, p->delay_min, p->delay_max));
    if (at < link->hole_until) at = link->hole_until;
    bool reorder = p->reorder && !s->calm;
    if (!reorder && at < link->last_at) at = link->last_at;
    if (at > link->last_at) link->last_at = at;
    link->queued += n;
    struct frame *f = mem_alloc(sizeof *f + n);
    *f = (struct frame){s, from, to, link->epoch, s->masters[to].life, n};
    memcpy(f->bytes, bytes, n);
    sim_after(s, s->masters[to].life, at - s->now_us, frame_arrives, f);
}

static void net_send(struct quorum_net *net, uint64_t to_id, const void *bytes, size_t n,
                     void (*done)(void *arg, int status), void *arg)
{
    struct life *l = container_of(net, struct life, net);
    struct sim *s = l->m->sim;
    unsigned from = l->m->position, to = (unsigned)to_id - 1;
    struct wire_link *link = &s->links[from][to];
    const struct profile *p = &s->profile;
    bool gone = !link->up || l->m->medium->frozen;
    bool lost = gone || link->cut || (!s->calm && sim_chance(s, p->loss));
    if (!lost) net_put(s, from, to, bytes, n);
    if (!lost && !s->calm && sim_chance(s, p->repeat)) net_put(s, from, to, bytes, n);
    if (!done) return;
    struct sent *sent = mem_new(struct sent);
    *sent = (struct sent){l, done, arg, gone ? E_CLOSED : 0};
    uint64_t wait = link->hole_until > s->now_us ? link->hole_until - s->now_us : 0;
    sim_after(s, l, wait + sim_between(s, 1, 200), net_sent, sent);
}

static size_t net_queued(struct quorum_net *net, uint64_t to_id)
{
    struct life *l = container_of(net, struct life, net);
    return l->m->sim->links[l->m->position][to_id - 1].queued;
}

void net_init(struct life *l)
{
    l->net = (struct quorum_net){net_send, net_queued};
}

static void net_retry(struct sim *s, unsigned from, unsigned to, uint64_t us)
{
    struct link_event *e = mem_new(struct link_event);
    *e = (struct link_event){s, from, to, s->links[from][to].epoch};
    sim_after(s, NULL, us, net_try_connect, e);
}

/* One side's greeting to the other; its process may end over it. */
static bool net_greets(struct life *from, struct life *to, bool answer)
{
    struct sim *s = from->m->sim;
    struct error err = {0};
    struct buf buf_auto bytes = BUF_INIT;
    quorum_greet(from->core.quorum, to->m->position + 1, &bytes);
    s->running = to;
    int rc = quorum_greeted(to->core.quorum, from->m->position + 1,
                            (struct str){bytes.data, bytes.len}, answer, &err);
    life_wake(to);
    if (rc) sim_tell(s, "    [%s] refuses a connection: %s", to->m->name, err.text);
    if (rc && !from->m->tainted && !disk_excuses(to->m))
        sim_fail(s, "%s refuses %s: %s", to->m->name, from->m->name, err.text);
    return rc == 0;
}

static void net_try_connect(void *arg)
{
    struct link_event *e = arg;
    struct sim *s = e->sim;
    struct wire_link *link = &s->links[e->from][e->to];
    struct life *from = s->masters[e->from].life, *to = s->masters[e->to].life;
    bool stale = link->epoch != e->epoch || link->up || !from;
    if (!stale && to && !link->cut && !s->links[e->to][e->from].cut &&
        from->paused_until <= s->now_us && to->paused_until <= s->now_us &&
        net_greets(from, to, false) && net_greets(to, from, true)) {
        link->up = true;
        link->epoch++;
        link->queued = 0;
        link->last_at = s->now_us;
        link->hole_until = 0;
        net_report(from, e->to, true);
    } else if (!stale) {
        net_retry(s, e->from, e->to, sim_between(s, 50 * MS, 500 * MS));
    }
    mem_free(e);
}

void net_break(struct sim *s, unsigned from, unsigned to)
{
    struct wire_link *link = &s->links[from][to];
    bool was_up = link->up;
    link->up = false;
    link->epoch++;
    link->queued = 0;
    struct life *l = s->masters[from].life;
    if (!l) return;
    if (was_up) net_report(l, to, false);
    net_retry(s, from, to, sim_between(s, 20 * MS, 200 * MS));
}

static void net_notices(void *arg)
{
    struct link_event *e = arg;
    struct wire_link *link = &e->sim->links[e->from][e->to];
    if (link->epoch == e->epoch && link->up && (link->cut || !e->sim->masters[e->to].life))
        net_break(e->sim, e->from, e->to);
    mem_free(e);
}

/* The other side is seen to be gone after a moment (a reset), or only after seconds (silence). */
static void net_will_notice(struct sim *s, unsigned from, unsigned to, bool soon)
{
    struct link_event *e = mem_new(struct link_event);
    *e = (struct link_event){s, from, to, s->links[from][to].epoch};
    sim_after(s, NULL, soon ? sim_between(s, 100, 5000) : sim_between(s, 2 * US, 8 * US),
              net_notices, e);
}

/* The other side reads nothing for a while: what is sent waits, and whoever sends it too. */
void net_hole(struct sim *s, unsigned from, unsigned to, uint64_t us)
{
    s->links[from][to].hole_until = s->now_us + us;
}

void net_cut(struct sim *s, unsigned from, unsigned to, bool cut)
{
    s->links[from][to].cut = cut;
    if (cut) net_will_notice(s, from, to, false);
}

void net_life_begins(struct sim_master *m)
{
    struct sim *s = m->sim;
    for (unsigned i = 0; i < s->master_count; i++) {
        if (i == m->position) continue;
        /* A port that forgot it; and whoever ended over a greeting left nobody who tries again. */
        if (s->links[i][m->position].up || m->renewed) net_break(s, i, m->position);
        s->links[m->position][i].up = false;
        s->links[m->position][i].epoch++;
        net_retry(s, m->position, i, sim_between(s, 1 * MS, 100 * MS));
    }
}

void net_life_ends(struct sim_master *m)
{
    struct sim *s = m->sim;
    bool silent = sim_chance(s, 200);
    for (unsigned i = 0; i < s->master_count; i++) {
        if (i == m->position) continue;
        s->links[m->position][i].up = false;
        s->links[m->position][i].epoch++;
        s->links[m->position][i].queued = 0;
        if (s->links[i][m->position].up) net_will_notice(s, i, m->position, !silent);
    }
}
