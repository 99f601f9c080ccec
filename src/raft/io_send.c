/* struct raft_io: messages to peers. Nothing here fails synchronously and no callback runs inside:
 * a failure is told on a later turn, which makes libraft go back to probing that peer. */
#include "raft/internal.h"

/* An AppendEntries whose fate libraft waits for. It may be told before the socket knows (step-down,
 * time out); then q is NULL and the operation only waits to be freed. */
struct send_op {
    struct list link; /* in peer->sends */
    struct quorum *q;
    struct raft_io_send *req;
    raft_io_send_cb cb;
    uint64_t since_ms;
};

struct send_finish {
    struct deferred deferred;
    struct raft_io_send *req;
    raft_io_send_cb cb;
    int status;
};

static void io_send_finished(struct quorum *q, struct deferred *d)
{
    struct send_finish *f = container_of(d, struct send_finish, deferred);
    if (f->cb) RAFT_CALL(q, f->cb(f->req, f->status));
    mem_free(f);
}

void io_send_finish(struct quorum *q, struct raft_io_send *req, raft_io_send_cb cb, int status)
{
    if (!cb) return;
    struct send_finish *f = mem_new(struct send_finish);
    *f = (struct send_finish){.req = req, .cb = cb, .status = status};
    turn_defer(q, &f->deferred, io_send_finished);
}

static void io_send_written(void *arg, int status)
{
    struct send_op *op = arg;
    struct quorum *q = op->q;
    if (!q) {
        mem_free(op);
        return;
    }
    list_remove(&op->link);
    turn_begin(q);
    if (status != 0) mark(q, MARK_send_failed);
    io_send_finish(q, op->req, op->cb, status ? RAFT_NOCONNECTION : 0);
    mem_free(op);
    turn_end(q);
}

/* libraft gets its request back now; the socket's answer, if it comes, is for nobody. */
static void io_send_release(struct send_op *op, int status)
{
    list_remove(&op->link);
    io_send_finish(op->q, op->req, op->cb, status);
    op->q = NULL;
}

/* On leaving leadership and at close. libraft's log must not be referenced by old sends when the
 * same index and term is appended again (A2), and nobody wants to know any more. */
void io_sends_cancel(struct quorum *q)
{
    for (unsigned i = 0; i < q->options.server_count; i++)
        list_each_safe(it, &q->peers[i].sends)
            io_send_release(container_of(it, struct send_op, link), RAFT_CANCELED);
    install_sources_cancel(q);
}

/* A black hole: the socket takes nothing and says nothing. */
void io_sends_expire(struct quorum *q)
{
    uint64_t now = now_ms(q);
    for (unsigned i = 0; i < q->options.server_count; i++) {
        list_each_safe(it, &q->peers[i].sends)
        {
            struct send_op *op = container_of(it, struct send_op, link);
            if (now - op->since_ms < 5ull * election_ms(q)) break;
            mark(q, MARK_send_expired);
            io_send_release(op, RAFT_NOCONNECTION);
        }
    }
}

void send_frame(struct quorum *q, const struct peer *to, const struct buf *frame)
{
    q->options.net->send(q->options.net, to->id, frame->data, frame->len, NULL, NULL);
}

/* How many of the entries go now: libraft always hands over the whole tail of its log. */
static unsigned io_send_fit(struct quorum *q, const struct peer *to,
                            const struct raft_append_entries *args)
{
    if (args->n_entries == 0) return 0;
    if (q->options.net->queued(q->options.net, to->id) > q->options.window_bytes) {
        mark(q, MARK_window_full);
        return 0;
    }
    size_t bytes = args->entries[0].buf.len;
    unsigned n = 1;
    while (n < args->n_entries && n < WIRE_ENTRIES_MAX &&
           bytes + args->entries[n].buf.len <= q->options.piece_bytes)
        bytes += args->entries[n++].buf.len;
    return n;
}

struct rewind {
    struct deferred deferred;
    uint64_t peer, term, from, to;
};

/* libraft believes that the whole tail is on its way. Told where the piece ended, it sends the next
 * one when this one is confirmed: pieces clock themselves, with about one in flight. */
static void io_send_rewind(struct quorum *q, struct deferred *d)
{
    struct rewind *r = container_of(d, struct rewind, deferred);
    struct raft_progress *p = q->raft.current_term == r->term ? view_progress(q, r->peer) : NULL;
    if (p && p->next_index == r->from && p->match_index < r->to) p->next_index = r->to;
    mem_free(r);
}

static void io_send_append(struct quorum *q, struct peer *to, struct raft_io_send *req,
                           const struct raft_append_entries *args, raft_io_send_cb cb)
{
    unsigned n = io_send_fit(q, to, args);
    struct wire w = {.type = WIRE_APPEND, .term = args->term};
    w.append.prev_index = args->prev_log_index;
    w.append.prev_term = args->prev_log_term;
    w.append.commit = args->leader_commit;
    uint64_t proved = args->prev_log_index + n;
    struct raft_progress *progress = view_progress(q, to->id);
    if (progress && progress->match_index >= w.append.commit && to->told_commit < w.append.commit)
        to->told_commit = w.append.commit;
    if (n < args->n_entries) {
        mark(q, MARK_piece_cut);
        struct rewind *r = mem_new(struct rewind);
        *r = (struct rewind){.peer = to->id, .term = args->term};
        r->from = args->prev_log_index + args->n_entries + 1;
        r->to = proved + 1;
        turn_defer(q, &r->deferred, io_send_rewind);
    }
    struct buf buf_auto frame = BUF_INIT;
    wire_write_append(&frame, &w, args->entries, n);
    struct send_op *op = mem_new(struct send_op);
    *op = (struct send_op){.q = q, .req = req, .cb = cb, .since_ms = now_ms(q)};
    list_push(&to->sends, &op->link);
    q->options.net->send(q->options.net, to->id, frame.data, frame.len, io_send_written, op);
}

/* Votes and results: small, and libraft does not care what becomes of them. */
static void io_send_small(struct quorum *q, const struct peer *to, const struct raft_message *m)
{
    struct wire w = {0};
    if (m->type == RAFT_IO_APPEND_ENTRIES_RESULT) {
        struct raft_append_entries_result r = m->append_entries_result;
        guard_s2_clamp(q, &r);
        guard_s3_other_term(q, &r);
        w = (struct wire){.type = WIRE_APPENDED, .term = r.term};
        w.appended.rejected = r.rejected;
        w.appended.last_index = r.last_log_index;
    } else if (m->type == RAFT_IO_REQUEST_VOTE) {
        struct raft_request_vote v = m->request_vote;
        guard_s4_request_vote(q, &v);
        w = (struct wire){.type = WIRE_VOTE, .term = v.term};
        w.vote.last_index = v.last_log_index;
        w.vote.last_term = v.last_log_term;
        w.vote.pre = v.pre_vote;
    } else if (m->type == RAFT_IO_REQUEST_VOTE_RESULT) {
        struct raft_request_vote_result v = m->request_vote_result;
        guard_l1_hidden_term(q, &v);
        w = (struct wire){.type = WIRE_VOTED, .term = v.term};
        w.voted.granted = v.vote_granted;
        w.voted.pre = v.pre_vote == raft_tribool_true;
    } else {
        return; /* TimeoutNow: leadership is never transferred (S5) */
    }
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, &w);
    send_frame(q, to, &frame);
}

int io_send(struct raft_io *io, struct raft_io_send *req, const struct raft_message *m,
            raft_io_send_cb cb)
{
    struct quorum *q = io_quorum(io);
    struct peer *to = q->closing ? NULL : peer_find(q, m->server_id);
    if (!to) { /* a reply while no leader is known has id 0 */
        io_send_finish(q, req, cb, RAFT_NOCONNECTION);
        return 0;
    }
    switch (m->type) {
    case RAFT_IO_APPEND_ENTRIES:
        io_send_append(q, to, req, &m->append_entries, cb);
        break;
    case RAFT_IO_INSTALL_SNAPSHOT:
        install_send(q, to, req, &m->install_snapshot, cb);
        break;
    default:
        io_send_small(q, to, m);
        io_send_finish(q, req, cb, 0);
    }
    return 0;
}
