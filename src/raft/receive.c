/* Frames from peers: checked, held back where a guard says so, then given to libraft or to our own
 * parts. */
#include "raft/backfill.h"
#include "raft/past.h"
#include "raft/seats.h"

#define TERM_JUMP                                                                                  \
    (1ull << 32) /* no honest server is ever so far ahead; one bogus term must not be the last */

/* A message that waits for the disk. */
struct held_message {
    struct list link;
    struct raft_message m;
};

static void receive_free(struct raft_message *m)
{
    if (m->type != RAFT_IO_APPEND_ENTRIES || m->append_entries.n_entries == 0) return;
    raft_free(m->append_entries.entries[0].batch);
    raft_free(m->append_entries.entries);
}

/* What this message proves about our log, if libraft accepts it: S2 and S3 rest on it. */
static void receive_note_accepted(struct quorum *q, const struct raft_append_entries *a)
{
    if (a->term < q->raft.current_term || (q->installing && a->n_entries > 0)) return;
    if (a->prev_log_index != 0 && view_term(q, a->prev_log_index) != a->prev_log_term) return;
    uint64_t proved = a->prev_log_index + a->n_entries;
    if (q->accepted.term != a->term) q->accepted = (struct accepted){.term = a->term};
    if (q->accepted.match < proved) q->accepted.match = proved;
}

/* A message may reach back before the entries that we still have in memory (an old refusal that
 * came late made the leader probe too far). libraft then takes what it has forgotten for what it
 * never had, and appends it again. Everything up to our commit index is in every later leader's log
 * as it is in ours, so the message is read from there on. */
static void receive_trim_committed(struct quorum *q, struct raft_append_entries *a)
{
    uint64_t commit = q->raft.commit_index, prev = a->prev_log_index;
    bool forgotten = prev == 0 ? q->raft.log.offset > 0 : view_term(q, prev) == 0;
    if (prev >= commit || !forgotten || a->term < q->raft.current_term || q->installing) return;
    unsigned known = a->n_entries;
    if (known > commit - prev) known = (unsigned)(commit - prev);
    a->n_entries -= known;
    if (a->n_entries == 0 && a->entries) {
        raft_free(a->entries[0].batch);
        raft_free(a->entries);
        a->entries = NULL;
    } else if (known > 0) {
        memmove(a->entries, a->entries + known, a->n_entries * sizeof *a->entries);
    }
    a->prev_log_index = commit;
    a->prev_log_term = view_term(q, commit);
    mark(q, MARK_append_trimmed);
}

static void receive_raft(struct quorum *q, struct raft_message *m)
{
    if (m->type == RAFT_IO_APPEND_ENTRIES) {
        struct raft_append_entries *a = &m->append_entries;
        if (is_leader(q) && a->term == q->raft.current_term)
            trace_fatal("quorum", "server %llu leads term %llu, and so do we",
                        (unsigned long long)m->server_id, (unsigned long long)a->term);
        receive_trim_committed(q, a);
        guard_s6_clamp(q, a);
        receive_note_accepted(q, a);
    }
    if (m->type == RAFT_IO_APPEND_ENTRIES_RESULT && m->append_entries_result.rejected) {
        /* Otherwise libraft waits for the next tick before it probes further back. */
        struct raft_progress *p = view_progress(q, m->server_id);
        if (p) p->last_send = 0;
    }
    RAFT_CALL(q, q->recv(&q->io, m));
}

/* Entries wait while a truncation is on its way to the disk: libraft tells writes apart by index
 * and term only, so an entry must not come again before the fate of its first copy is known (A2).
 * Results wait for the barrier (S1). */
static bool receive_must_wait(struct quorum *q, const struct raft_message *m)
{
    if (m->type == RAFT_IO_APPEND_ENTRIES) return m->append_entries.n_entries > 0 && q->cuts > 0;
    if (m->type == RAFT_IO_APPEND_ENTRIES_RESULT)
        return m->append_entries_result.term == q->raft.current_term && guard_s1_holds(q);
    return false;
}

static void receive_hold(struct quorum *q, struct raft_message *m)
{
    if (q->held_count >= HELD_MAX) {
        mark(q, MARK_held_dropped);
        receive_free(m);
        return;
    }
    struct held_message *h = mem_new(struct held_message);
    h->m = *m;
    list_push(&q->held, &h->link);
    q->held_count++;
    mark(q, MARK_held_for_disk);
}

static void receive_dispatch(struct quorum *q, struct raft_message *m)
{
    bool entries = m->type == RAFT_IO_APPEND_ENTRIES && m->append_entries.n_entries > 0;
    if (q->installing && entries) { /* libraft would drop them too */
        receive_free(m);
        return;
    }
    if ((entries && q->held_count > 0) || receive_must_wait(q, m))
        receive_hold(q, m);
    else
        receive_raft(q, m);
}

void receive_retry_held(struct quorum *q)
{
    if (q->closing) return;
    for (unsigned n = q->held_count; n > 0 && !list_empty(&q->held); n--) {
        struct list *first = q->held.next;
        struct held_message *h = container_of(first, struct held_message, link);
        if (receive_must_wait(q, &h->m)) break;
        list_remove(first);
        q->held_count--;
        receive_raft(q, &h->m);
        mem_free(h);
    }
    install_try_deliver(q);
}

void receive_drop_held(struct quorum *q)
{
    list_each_safe(it, &q->held)
    {
        struct held_message *h = container_of(it, struct held_message, link);
        receive_free(&h->m);
        mem_free(h);
    }
    list_init(&q->held);
    q->held_count = 0;
}

static bool receive_has_foreign_change(struct quorum *q, const struct raft_append_entries *a)
{
    for (unsigned i = 0; i < a->n_entries; i++) {
        const struct raft_entry *e = &a->entries[i];
        struct raft_configuration conf;
        if (e->type != RAFT_CHANGE) continue;
        if (configuration_read((struct str){e->buf.base, e->buf.len}, &conf, NULL)) return true;
        bool foreign = guard_s8_foreign_change(q, &conf);
        raft_configuration_close(&conf);
        if (foreign) return true;
    }
    return false;
}

static void receive_append_frame(struct quorum *q, struct peer *from, const struct wire *w)
{
    if (w->term >= q->raft.current_term) from->heard_ms = now_ms(q);
    past_saw(q, from, w->term, w->append.commit);
    struct raft_message m = {
        .type = RAFT_IO_APPEND_ENTRIES, .server_id = from->id, .server_address = from->address};
    m.append_entries = (struct raft_append_entries){.term = w->term,
                                                    .prev_log_index = w->append.prev_index,
                                                    .prev_log_term = w->append.prev_term,
                                                    .leader_commit = w->append.commit,
                                                    .entries = wire_entries(w),
                                                    .n_entries = w->append.count};
    if (receive_has_foreign_change(q, &m.append_entries)) {
        trace_warn("quorum", "server %llu sent a change of members; refused",
                   (unsigned long long)from->id);
        receive_free(&m);
        return;
    }
    receive_dispatch(q, &m);
}

/* What a confirmation, a vote or its request says of its sender's disk. The term of a pre-vote is
 * not on it. */
static void receive_note_past(struct quorum *q, const struct peer *from, const struct wire *w)
{
    bool pre = (w->type == WIRE_VOTE && w->vote.pre) || (w->type == WIRE_VOTED && w->voted.pre);
    bool confirms = w->type == WIRE_APPENDED && w->appended.rejected == 0;
    if (!pre) past_saw(q, from, w->term, confirms ? w->appended.last_index : 0);
}

static void receive_small_frame(struct quorum *q, struct peer *from, const struct wire *w)
{
    if (w->type == WIRE_VOTE && seats_abstains(q)) {
        mark(q, MARK_seat_abstained);
        return;
    }
    receive_note_past(q, from, w);
    struct raft_message m = {.server_id = from->id, .server_address = from->address};
    if (w->type == WIRE_APPENDED) {
        m.type = RAFT_IO_APPEND_ENTRIES_RESULT;
        m.append_entries_result =
            (struct raft_append_entries_result){.term = w->term,
                                                .rejected = w->appended.rejected,
                                                .last_log_index = w->appended.last_index};
    } else if (w->type == WIRE_VOTE) {
        m.type = RAFT_IO_REQUEST_VOTE;
        m.request_vote = (struct raft_request_vote){.term = w->term,
                                                    .candidate_id = from->id,
                                                    .last_log_index = w->vote.last_index,
                                                    .last_log_term = w->vote.last_term,
                                                    .pre_vote = w->vote.pre};
    } else {
        m.type = RAFT_IO_REQUEST_VOTE_RESULT;
        m.request_vote_result = (struct raft_request_vote_result){
            .term = w->term,
            .vote_granted = w->voted.granted,
            .pre_vote = w->voted.pre ? raft_tribool_true : raft_tribool_false};
    }
    receive_dispatch(q, &m);
    if (w->type == WIRE_APPENDED) install_source_settled(q, from);
    if (w->type == WIRE_VOTED && !w->voted.pre && !w->voted.granted) lead_vote_refused(q, w->term);
}

static void receive_complain(struct quorum *q, struct peer *from, const char *what)
{
    mark(q, MARK_bad_frame);
    uint64_t now = now_ms(q);
    if (from->complained_at && now - from->complained_at < 1000) return;
    from->complained_at = now;
    trace_warn("quorum", "bad frame from server %llu: %s", (unsigned long long)from->id, what);
}

void receive_frame(struct quorum *q, struct peer *from, struct str frame)
{
    struct wire w;
    struct error err;
    if (wire_read(frame, &w, &err)) {
        receive_complain(q, from, err.text);
        return;
    }
    if (w.term > q->raft.current_term + TERM_JUMP) {
        mark(q, MARK_term_jump);
        receive_complain(q, from, "a term from far in the future");
        return;
    }
    switch (w.type) {
    case WIRE_APPEND:
        receive_append_frame(q, from, &w);
        break;
    case WIRE_APPENDED:
    case WIRE_VOTE:
    case WIRE_VOTED:
        receive_small_frame(q, from, &w);
        break;
    case WIRE_OFFER:
        install_offer(q, from, &w);
        break;
    case WIRE_PULL:
        install_pull(q, from, &w);
        break;
    case WIRE_CHUNK:
        install_chunk(q, from, &w);
        break;
    case WIRE_FETCH:
        backfill_fetch(q, from, &w);
        break;
    case WIRE_RECORDS:
        install_records(q, from, &w);
        break;
    case WIRE_PING:
    case WIRE_PONG:
    case WIRE_ASK:
    case WIRE_ANSWER:
        reads_message(q, from, &w);
        break;
    case WIRE_TELL:
        if (q->options.fsm.told) q->options.fsm.told(q->options.fsm.ctx, from->id, w.tell);
        break;
    }
}
