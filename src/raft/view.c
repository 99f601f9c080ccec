#include "raft/internal.h"

static uint64_t view_count(const struct raft_log *l)
{
    return l->front <= l->back ? l->back - l->front : l->size - l->front + l->back;
}

uint64_t view_last_index(const struct quorum *q)
{
    return q->raft.log.offset + view_count(&q->raft.log);
}

const struct raft_entry *view_entry(const struct quorum *q, uint64_t index)
{
    const struct raft_log *l = &q->raft.log;
    if (index <= l->offset || index > view_last_index(q)) return NULL;
    return &l->entries[(l->front + (index - 1 - l->offset)) % l->size];
}

uint64_t view_term(const struct quorum *q, uint64_t index)
{
    if (index == 0) return 0;
    if (index == q->raft.log.snapshot.last_index) return q->raft.log.snapshot.last_term;
    const struct raft_entry *e = view_entry(q, index);
    return e ? e->term : 0;
}

struct raft_progress *view_progress(struct quorum *q, uint64_t id)
{
    if (!is_leader(q) || !q->raft.leader_state.progress) return NULL;
    for (unsigned i = 0; i < q->raft.configuration.n; i++)
        if (q->raft.configuration.servers[i].id == id) return &q->raft.leader_state.progress[i];
    return NULL;
}

uint64_t view_leader(const struct quorum *q)
{
    switch (q->raft.state) {
    case RAFT_LEADER:
        return q->options.id;
    case RAFT_FOLLOWER:
        return q->raft.follower_state.current_leader.id;
    default:
        return 0;
    }
}

struct peer *peer_find(struct quorum *q, uint64_t id)
{
    for (unsigned i = 0; i < q->options.server_count; i++)
        if (q->peers[i].id == id) return i == q->self ? NULL : &q->peers[i];
    return NULL;
}
