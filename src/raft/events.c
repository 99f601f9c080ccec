/* What happens to a running quorum: ticks, frames, connections; and what can be asked of it. */
#include "raft/past.h"
#include "raft/seats.h"

/* A process that was stopped for a while looks at what came in before it believes its clock. */
static bool quorum_stalled(struct quorum *q, uint64_t now)
{
    bool stalled = now - q->last_tick_ms > 3ull * q->options.heartbeat_ms;
    q->last_tick_ms = now;
    if (stalled) mark(q, MARK_stalled_tick_skipped);
    return stalled;
}

/* Followers still answer the heartbeats of a leader whose disk is stuck, so nothing else would
 * dethrone it. */
static bool quorum_leads_without_disk(struct quorum *q)
{
    struct disk *d = q->options.disk;
    if (!is_leader(q) || !d->stuck_ms || d->stuck_ms(d) <= election_ms(q)) return false;
    mark(q, MARK_leader_disk_stuck);
    return true;
}

void quorum_tick(struct quorum *q)
{
    if (!q->started || q->closing) return;
    turn_begin(q);
    bool stalled = quorum_stalled(q, now_ms(q));
    receive_retry_held(q);
    if (!stalled) lead_tick(q);
    if (!stalled && !quorum_leads_without_disk(q) && !guard_s4_withholds_tick(q) &&
        !seats_abstains(q))
        RAFT_CALL(q, q->tick(&q->io));
    io_sends_expire(q);
    install_sources_tick(q);
    install_target_tick(q);
    reads_tick(q);
    seats_tick(q);
    past_tick(q);
    turn_end(q);
}

void quorum_deliver(struct quorum *q, uint64_t from, const void *bytes, size_t n)
{
    if (!q->started || q->closing) return;
    struct peer *peer = peer_find(q, from);
    if (!peer || !seats_taken(q, peer)) {
        mark(q, MARK_unknown_sender);
        return;
    }
    turn_begin(q);
    receive_frame(q, peer, (struct str){bytes, n});
    turn_end(q);
}

void quorum_peer_up(struct quorum *q, uint64_t id, bool up)
{
    struct peer *peer = peer_find(q, id);
    if (q->closing || !peer || peer->up == up) return;
    peer->up = up;
    peer->lost = !up;
    if (!q->started) return;
    turn_begin(q);
    struct raft_progress *progress = view_progress(q, id);
    if (up && progress) progress->last_send = 0; /* the next tick speaks to it */
    if (up)
        lead_peer_found(q);
    else
        lead_peer_lost(q, id);
    turn_end(q);
}

int quorum_tell(struct quorum *q, uint64_t to, struct str bytes)
{
    const struct peer *peer = q->closing ? NULL : peer_find(q, to);
    if (!peer || !peer->up) return E_CLOSED;
    if (bytes.n > WIRE_ENTRY_MAX) return E_TOOBIG;
    struct wire w = {.type = WIRE_TELL};
    w.tell = bytes;
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, &w);
    send_frame(q, peer, &frame);
    return 0;
}

struct quorum_status quorum_status(const struct quorum *q)
{
    static const char *const roles[] = {[RAFT_UNAVAILABLE] = "unavailable",
                                        [RAFT_FOLLOWER] = "follower",
                                        [RAFT_CANDIDATE] = "candidate",
                                        [RAFT_LEADER] = "leader"};
    return (struct quorum_status){.role = roles[q->raft.state],
                                  .leads = q->leads,
                                  .leader_id = view_leader(q),
                                  .term = q->raft.current_term,
                                  .commit_index = q->raft.commit_index,
                                  .applied_index = q->raft.last_applied,
                                  .last_index = view_last_index(q),
                                  .stored_index = q->raft.last_stored,
                                  .keyframe_index = q->keyframe_index};
}

bool quorum_is_up(const struct quorum *q, uint64_t id)
{
    for (unsigned i = 0; i < q->options.server_count; i++)
        if (q->peers[i].id == id) return q->peers[i].up || id == q->options.id;
    return false;
}

unsigned quorum_marks(const struct quorum *q, const char *const **names, const uint64_t **counts)
{
    static const char *const texts[] = {
#define X(name) #name,
        MARKS(X)
#undef X
    };
    *names = texts;
    *counts = q->marks;
    return MARK_COUNT;
}
