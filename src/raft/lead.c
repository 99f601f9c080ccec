/* Leadership: what changes when libraft's state changes, and how the others learn quickly. */
#include "raft/internal.h"

struct lead_note {
    struct deferred deferred;
    bool leads;
    uint64_t term;
};

/* The application hears of leadership on a turn of its own, in order. */
static void lead_tell(struct quorum *q, struct deferred *d)
{
    struct lead_note *note = container_of(d, struct lead_note, deferred);
    bool leads = note->leads;
    uint64_t term = note->term;
    mem_free(note);
    if (leads && (!is_leader(q) || q->raft.current_term != term)) return; /* already over */
    if (leads == q->leads && term == q->leads_term) return;
    if (!leads && !q->leads) return;
    q->leads = leads;
    q->leads_term = term;
    if (q->options.fsm.lead) q->options.fsm.lead(q->options.fsm.ctx, leads, term);
}

static void lead_defer(struct quorum *q, bool leads, uint64_t term)
{
    struct lead_note *note = mem_new(struct lead_note);
    note->leads = leads;
    note->term = term;
    turn_defer(q, &note->deferred, lead_tell);
}

static void lead_barrier_applied(struct raft_barrier *req, int status)
{
    struct quorum *q = req->data;
    if (status == 0 && !q->closing) lead_defer(q, true, q->barrier_term);
}

/* S1 and ReadIndex both need an entry of our own term: appended before anything else can happen. */
static void lead_begin(struct quorum *q)
{
    mark(q, MARK_became_leader);
    q->barrier_term = q->raft.current_term;
    q->barrier.data = q;
    for (unsigned i = 0; i < q->options.server_count; i++) q->peers[i].told_commit = 0;
    q->in_raft++;
    int rc = raft_barrier(&q->raft, &q->barrier, lead_barrier_applied);
    q->in_raft--;
    if (rc != 0) trace_fatal("quorum", "no barrier: %s", raft_strerror(rc));
    q->barrier_index = q->barrier.index;
    trace_info("quorum", "server %llu leads term %llu", (unsigned long long)q->holder,
               (unsigned long long)q->raft.current_term);
}

static void lead_end(struct quorum *q)
{
    mark(q, MARK_lost_leadership);
    io_sends_cancel(q);
    q->barrier_index = q->barrier_term = 0;
    lead_defer(q, false, q->seen_term);
    trace_info("quorum", "server %llu no longer leads term %llu", (unsigned long long)q->holder,
               (unsigned long long)q->seen_term);
}

/* Debian's libraft has its assertions compiled out; these are the ones that matter. */
static void lead_check(struct quorum *q)
{
    const struct raft *r = &q->raft;
    const char *broken = NULL;
    if (r->current_term < q->seen_term) broken = "the term went back";
    if (r->commit_index < q->seen_commit) broken = "the commit index went back";
    if (r->last_applied > r->commit_index) broken = "applied beyond the commit index";
    if (r->last_stored > view_last_index(q)) broken = "stored beyond the log";
    if (!q->installing && r->commit_index > r->last_stored)
        broken = "committed beyond what is stored";
    if (broken)
        trace_fatal("quorum", "%s: term %llu, commit %llu, applied %llu, stored %llu, last %llu",
                    broken, (unsigned long long)r->current_term,
                    (unsigned long long)r->commit_index, (unsigned long long)r->last_applied,
                    (unsigned long long)r->last_stored, (unsigned long long)view_last_index(q));
}

/* After every call into libraft. */
void lead_observe(struct quorum *q)
{
    if (q->closing || !q->started || q->in_raft > 0) return;
    unsigned short state = q->raft.state;
    if (state == RAFT_UNAVAILABLE)
        trace_fatal("quorum", "libraft gave up: %s", raft_errmsg(&q->raft));
    lead_check(q);
    bool led = q->seen_state == RAFT_LEADER, leads = state == RAFT_LEADER;
    bool other_term = q->seen_term != q->raft.current_term;
    if (led && (!leads || other_term)) lead_end(q);
    q->seen_state = state;
    q->seen_term = q->raft.current_term;
    q->seen_commit = q->raft.commit_index;
    if (leads && (!led || other_term)) lead_begin(q);
}

static void lead_announce_to(struct quorum *q, struct peer *p)
{
    const struct raft_progress *progress = view_progress(q, p->id);
    if (!progress || !p->up) return;
    uint64_t commit = q->raft.commit_index;
    if (commit > progress->match_index) commit = progress->match_index;
    if (commit <= p->told_commit || view_term(q, commit) == 0) return;
    p->told_commit = commit;
    struct wire w = {.type = WIRE_APPEND, .term = q->raft.current_term};
    w.append.prev_index = commit;
    w.append.prev_term = view_term(q, commit);
    w.append.commit = commit;
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, &w);
    send_frame(q, p, &frame);
    mark(q, MARK_commit_announced);
}

/* libraft tells followers of a commit with the next entry or heartbeat. When no entry follows at
 * once we send the heartbeat now: readers and watchers at followers should not wait for a tick. */
void lead_announce_commit(struct quorum *q)
{
    uint64_t commit = q->raft.commit_index;
    if (commit > q->committed_hint) {
        q->committed_hint = commit;
        store_committed_set(q->options.disk->store, commit);
    }
    if (!is_leader(q) || q->proposal.active) return;
    for (unsigned i = 0; i < q->options.server_count; i++)
        if (i != q->self) lead_announce_to(q, &q->peers[i]);
}

/* Advances our own election timer, staggered by rank so that survivors do not split the vote.
 * Elections are safe at any time, and the pre-vote keeps this from disturbing a leader that others
 * still hear. */
static void lead_hasten(struct quorum *q, uint64_t lost)
{
    struct raft *r = &q->raft;
    bool candidate = r->state == RAFT_CANDIDATE;
    unsigned timeout = candidate ? r->candidate_state.randomized_election_timeout
                                 : r->follower_state.randomized_election_timeout;
    unsigned rank = 0;
    for (unsigned i = 0; i < q->options.server_count; i++) {
        uint64_t other = q->peers[i].id;
        if (other != lost && other < q->options.id) rank++;
    }
    uint64_t wait = (q->options.heartbeat_ms / 2) + 3ull * rank * q->options.heartbeat_ms;
    r->election_timer_start = now_ms(q) - timeout + wait;
}

static void lead_forget(struct quorum *q)
{
    struct raft *r = &q->raft;
    raft_free(r->follower_state.current_leader.address);
    r->follower_state.current_leader.address = NULL;
    r->follower_state.current_leader.id = 0;
    mark(q, MARK_leader_forgotten);
}

/* The connection to the leader broke: most likely it died. Forgetting it lets us grant pre-votes at
 * once. If it is alive, its next heartbeat undoes all of this. */
void lead_peer_lost(struct quorum *q, uint64_t id)
{
    if (q->raft.state != RAFT_FOLLOWER || view_leader(q) != id) return;
    lead_forget(q);
    lead_hasten(q, id);
}

/* Frames that the leader had sent before it died may arrive after its connection was seen to break,
 * and bring it back to memory: disconnected and a heartbeat late, it is gone. And a leader that was
 * silent for an election timeout is no reason to refuse others: libraft would remember it until our
 * own, longer timer ends, so that a new leader needed the slowest timer of a quorum. */
void lead_tick(struct quorum *q)
{
    const struct peer *leader = peer_find(q, view_leader(q));
    if (!leader) return;
    uint64_t silent = now_ms(q) - leader->heard_ms;
    if (leader->lost && silent > q->options.heartbeat_ms * 3 / 2)
        lead_peer_lost(q, leader->id);
    else if (silent > election_ms(q))
        lead_forget(q);
}

/* A pre-vote was won and then the vote was not: somebody else campaigns in the same term. The next
 * try is staggered by rank, so that the vote is not split again, and does not wait for seconds. */
void lead_vote_refused(struct quorum *q, uint64_t term)
{
    if (q->raft.state != RAFT_CANDIDATE || q->raft.current_term != term) return;
    if (!q->raft.candidate_state.in_pre_vote) lead_hasten(q, 0);
}

/* At the start of a whole cluster nobody has to wait for an election timeout: as soon as a quorum
 * is connected and no leader has spoken, the first of them asks for votes. A vote that was lost
 * because its giver could not reach us yet is asked for again when the next connection comes up. */
void lead_peer_found(struct quorum *q)
{
    unsigned up = 1;
    for (unsigned i = 0; i < q->options.server_count; i++) up += q->peers[i].up;
    if (up <= q->options.server_count / 2 || is_leader(q) || view_leader(q) != 0) return;
    lead_hasten(q, 0);
}
