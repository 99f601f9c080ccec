#include "raft/internal.h"

#include <assert.h>

static bool guard_on(const struct quorum *q, unsigned number)
{
    return !(q->options.guards_off & (1u << (number - 1)));
}

/* S1. libraft lets a leader commit by counting replicas of whatever its last stored entry is, also
 * one of an older term, which a later leader may still replace. As leader we append a barrier at
 * once (lead.c) and let no confirmation through before that barrier is on our disk: then the entry
 * that is counted is always one of our own term. */
bool guard_s1_holds(struct quorum *q)
{
    if (!guard_on(q, 1) || !is_leader(q)) return false;
    bool durable = q->barrier_term == q->raft.current_term && q->barrier_index != 0 &&
                   q->raft.last_stored >= q->barrier_index;
    if (!durable) mark(q, MARK_S1_held);
    return !durable;
}

/* S2. A follower's success says "all I have stored", which may reach beyond what this leader has
 * checked. We lower it to the highest entry that one of this leader's messages has proved. Nothing
 * proved: 0, which confirms nothing but still tells the leader that we are there. */
void guard_s2_clamp(struct quorum *q, struct raft_append_entries_result *result)
{
    if (!guard_on(q, 2) || result->rejected != 0 || q->accepted.term != q->raft.current_term)
        return;
    if (result->last_log_index <= q->accepted.match) return;
    result->last_log_index = q->accepted.match;
    mark(q, MARK_S2_clamped);
}

/* S3. The write of an old leader's entries may finish after a new leader has come; libraft then
 * confirms them to the new one. What was proved to another term confirms nothing in this one. */
void guard_s3_other_term(struct quorum *q, struct raft_append_entries_result *result)
{
    if (!guard_on(q, 3) || result->rejected != 0 || q->accepted.term == q->raft.current_term)
        return;
    if (result->last_log_index == 0) return;
    result->last_log_index = 0;
    mark(q, MARK_S3_other_term);
}

/* S4. A follower must not campaign on entries that a crash could still take from it: it gets no
 * ticks while something is on its way to the disk. */
bool guard_s4_withholds_tick(struct quorum *q)
{
    if (!guard_on(q, 4) || is_leader(q)) return false;
    if (q->writes == 0 && q->cuts == 0 && !q->installing) return false;
    mark(q, MARK_S4_tick_withheld);
    return true;
}

/* S4, second half: whatever libraft thinks its last entry is, others hear of the last one on our
 * disk. */
void guard_s4_request_vote(struct quorum *q, struct raft_request_vote *vote)
{
    uint64_t stored = q->raft.last_stored;
    if (!guard_on(q, 4) || vote->last_log_index <= stored) return;
    vote->last_log_index = stored;
    vote->last_log_term = stored ? view_term(q, stored) : 0;
    mark(q, MARK_S4_vote_rewritten);
}

/* S5. A vote is given once a term. (libraft makes an exception for leadership transfer, which we
 * never use.) The caller stops the process. */
bool guard_s5_second_vote(struct quorum *q, uint64_t candidate)
{
    uint64_t term, vote;
    store_slot_get(q->options.disk->store, &term, &vote);
    if (!guard_on(q, 5) || candidate == 0 || vote == 0 || vote == candidate) return false;
    mark(q, MARK_S5_second_vote);
    return true;
}

/* L1. A refused pre-vote must tell our term when it is the higher one. libraft answers with the
 * candidate's own: if the only server whose log can win is behind in terms, it never learns of it,
 * the others cannot win, and nobody's term moves any more. */
void guard_l1_hidden_term(struct quorum *q, struct raft_request_vote_result *result)
{
    bool refused = result->pre_vote == raft_tribool_true && !result->vote_granted;
    if (!refused || q->raft.current_term <= result->term) return;
    result->term = q->raft.current_term;
    mark(q, MARK_L1_term_told);
}

/* S6. A message proves our log only up to its own last entry; a commit index beyond that may point
 * at entries of ours that the leader does not have. */
void guard_s6_clamp(struct quorum *q, struct raft_append_entries *args)
{
    uint64_t proved = args->prev_log_index + args->n_entries;
    if (!guard_on(q, 6) || args->leader_commit <= proved) return;
    args->leader_commit = proved;
    mark(q, MARK_S6_clamped);
}

/* S7. libraft takes a newer term at the snapshot's last index for "I have all of it", although it
 * is a conflict: everything in the snapshot is committed, so ours is not. */
bool guard_s7_conflict(struct quorum *q, uint64_t index, uint64_t term)
{
    uint64_t local = view_term(q, index);
    if (!guard_on(q, 7) || local == 0 || local <= term) return false;
    mark(q, MARK_S7_conflict);
    return true;
}

/* S8. The members are fixed at bootstrap. A change entry that says anything else is refused at the
 * door, and stops the process that would write one of its own: so libraft never holds, and no
 * keyframe ever carries, a configuration that could be rolled back. */
bool guard_s8_foreign_change(struct quorum *q, const struct raft_configuration *conf)
{
    if (!guard_on(q, 8)) return false;
    bool same = conf->n == q->options.server_count;
    for (unsigned i = 0; same && i < conf->n; i++) {
        bool known = false;
        for (unsigned k = 0; k < q->options.server_count; k++)
            known |= q->options.servers[k].id == conf->servers[i].id;
        same = known && conf->servers[i].role == RAFT_VOTER;
    }
    if (!same) mark(q, MARK_S8_foreign_change);
    return !same;
}
