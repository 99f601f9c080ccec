/* Linearizable reads without touching the disk (reliability notes, A5).
 *
 * On the leader a round takes the commit index, then pings the peers with a nonce; when a quorum
 * (with us) has answered this nonce with our term, no newer leader existed when the round began, so
 * the index covers everything acknowledged before. On a follower a round asks the leader for such
 * an index. Either way the read is served when the index is applied here. One round at a time;
 * reads that arrive meanwhile join the next. A nonce is never used again, not for a retry either:
 * late answers confirm nothing. */
#include "raft/internal.h"

void reads_send(struct quorum *q, const struct peer *to, struct wire *w)
{
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, w);
    send_frame(q, to, &frame);
}

static void reads_confirm(struct quorum *q, uint64_t index)
{
    struct reads *r = &q->reads;
    list_each(it, &r->in_round) container_of(it, struct read, link)->index = index;
    reads_move(&r->in_round, &r->confirmed);
    r->round.active = false;
}

/* The round failed or is too old: its reads go first into the next one. */
static void reads_abandon_round(struct quorum *q)
{
    struct reads *r = &q->reads;
    if (!r->round.active) return;
    mark(q, MARK_read_retried);
    reads_move(&r->waiting, &r->in_round);
    reads_move(&r->in_round, &r->waiting);
    r->round.active = false;
    r->paused =
        true; /* until the next tick: whoever refused will not have changed its mind sooner */
}

static unsigned reads_quorum(const struct quorum *q)
{
    return q->options.server_count / 2 + 1;
}

static void reads_tally(struct quorum *q)
{
    struct read_round *round = &q->reads.round;
    if ((unsigned)__builtin_popcountll(round->answered) < reads_quorum(q)) return;
    if (!is_ready(q) || q->raft.current_term != round->term)
        reads_abandon_round(q);
    else
        reads_confirm(q, round->index);
}

static void reads_round_lead(struct quorum *q, struct read_round *round)
{
    round->asking = false;
    round->index = q->raft.commit_index;
    round->answered = 1ull << q->self;
    struct wire w = {.type = WIRE_PING, .term = round->term};
    w.read.boot = q->reads.boot;
    w.read.nonce = round->nonce;
    for (unsigned i = 0; i < q->options.server_count; i++)
        if (i != q->self) reads_send(q, &q->peers[i], &w);
    reads_tally(q);
}

static void reads_round_ask(struct quorum *q, struct read_round *round, const struct peer *leader)
{
    round->asking = true;
    round->leader = leader->id;
    struct wire w = {.type = WIRE_ASK};
    w.read.boot = q->reads.boot;
    w.read.nonce = round->nonce;
    reads_send(q, leader, &w);
}

/* A follower that asked us was wrong about who leads. */
static void reads_refuse_askers(struct quorum *q)
{
    struct list refused;
    list_init(&refused);
    list_each_safe(it, &q->reads.waiting) if (!container_of(it, struct read, link)->done)
        reads_take(it, &refused);
    reads_finish_all(q, &refused, E_NOTLEADER);
}

void reads_begin_round(struct quorum *q)
{
    struct reads *r = &q->reads;
    if (r->round.active || r->paused || list_empty(&r->waiting)) return;
    const struct peer *leader = peer_find(q, view_leader(q));
    if (!is_leader(q)) reads_refuse_askers(q);
    if (!is_ready(q) && !leader) return; /* the tick looks again */
    if (list_empty(&r->waiting)) return;
    r->round = (struct read_round){.active = true,
                                   .nonce = ++r->last_nonce,
                                   .term = q->raft.current_term,
                                   .started_ms = now_ms(q)};
    reads_move(&r->waiting, &r->in_round);
    mark(q, MARK_read_round);
    if (is_ready(q))
        reads_round_lead(q, &r->round);
    else
        reads_round_ask(q, &r->round, leader);
}

/* At the end of every turn. True: callbacks ran, which may have brought more to do. */
bool reads_step(struct quorum *q)
{
    struct reads *r = &q->reads;
    reads_begin_round(q);
    struct list ready;
    list_init(&ready);
    list_each_safe(it, &r->confirmed)
    {
        struct read *read = container_of(it, struct read, link);
        if (!read->done || read->index <= q->raft.last_applied) reads_take(it, &ready);
    }
    bool any = !list_empty(&ready);
    reads_finish_all(q, &ready, 0);
    return any;
}

void reads_tick(struct quorum *q)
{
    struct reads *r = &q->reads;
    reads_expire(q);
    bool lost = r->round.asking ? view_leader(q) != r->round.leader
                                : !is_leader(q) || q->raft.current_term != r->round.term;
    bool old = now_ms(q) - r->round.started_ms >= election_ms(q) / 2;
    if (r->round.active && (lost || old)) reads_abandon_round(q);
    r->paused = false;
    reads_begin_round(q);
}

static void reads_asked(struct quorum *q, const struct peer *from, const struct wire *w)
{
    struct read *read = reads_add(q);
    read->asker = from->id;
    read->asker_boot = w->read.boot;
    read->asker_nonce = w->read.nonce;
}

static void reads_answered(struct quorum *q, const struct peer *from, const struct wire *w)
{
    struct read_round *round = &q->reads.round;
    bool ours = round->active && w->read.boot == q->reads.boot && w->read.nonce == round->nonce;
    if (!ours || round->asking != (w->type == WIRE_ANSWER)) {
        mark(q, MARK_read_late_answer);
        return;
    }
    if (w->type == WIRE_ANSWER) {
        if (from->id != round->leader) return;
        if (w->read.status == 0)
            reads_confirm(q, w->read.index);
        else
            reads_abandon_round(q);
        return;
    }
    if (w->term != round->term) return;
    round->answered |= 1ull << (from - q->peers);
    reads_tally(q);
}

void reads_message(struct quorum *q, struct peer *from, const struct wire *w)
{
    if (w->type == WIRE_PING) {
        struct wire pong = *w;
        pong.type = WIRE_PONG;
        pong.term = q->raft.current_term;
        reads_send(q, from, &pong);
    } else if (w->type == WIRE_ASK) {
        reads_asked(q, from, w);
    } else {
        reads_answered(q, from, w);
    }
}
