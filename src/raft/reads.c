/* Reads that wait: for the next round, in one, or for their index to be applied (read_index.c). */
#include "raft/internal.h"

void reads_init(struct quorum *q)
{
    struct reads *r = &q->reads;
    list_init(&r->waiting);
    list_init(&r->in_round);
    list_init(&r->confirmed);
    q->options.host->random(q->options.host, &r->boot, sizeof r->boot);
}

static void reads_answer(struct quorum *q, const struct read *read, int status)
{
    const struct peer *to = peer_find(q, read->asker);
    struct wire w = {.type = WIRE_ANSWER};
    w.read.boot = read->asker_boot;
    w.read.nonce = read->asker_nonce;
    w.read.status = status;
    w.read.index = read->index;
    if (to) reads_send(q, to, &w);
}

/* The read, which is in no list any more, is answered and gone. */
static void reads_finish(struct quorum *q, struct read *read, int status)
{
    quorum_read_fn *done = read->done;
    void *arg = read->arg;
    if (!done) reads_answer(q, read, status);
    mem_free(read);
    if (done) done(arg, status);
}

void reads_move(struct list *from, struct list *to)
{
    struct list *link;
    while ((link = list_shift(from))) list_push(to, link);
}

/* Callbacks may change the quorum's lists, so they never see this one. */
void reads_finish_all(struct quorum *q, struct list *reads, int status)
{
    struct list ending;
    list_init(&ending);
    reads_move(reads, &ending);
    list_each_safe(it, &ending) reads_finish(q, container_of(it, struct read, link), status);
}

void reads_take(struct list *link, struct list *to)
{
    list_remove(link);
    list_push(to, link);
}

static void reads_take_expired(struct list *reads, uint64_t now, struct list *to)
{
    list_each_safe(it, reads) if (now >= container_of(it, struct read, link)->deadline_ms)
        reads_take(it, to);
}

void reads_expire(struct quorum *q)
{
    struct reads *r = &q->reads;
    struct list expired;
    list_init(&expired);
    reads_take_expired(&r->waiting, now_ms(q), &expired);
    reads_take_expired(&r->in_round, now_ms(q), &expired);
    reads_take_expired(&r->confirmed, now_ms(q), &expired);
    if (list_empty(&expired)) return;
    mark(q, MARK_read_timeout);
    reads_finish_all(q, &expired, view_leader(q) ? E_TIMEOUT : E_NOTLEADER);
}

void reads_fail_all(struct quorum *q, int status)
{
    struct reads *r = &q->reads;
    r->round.active = false;
    reads_finish_all(q, &r->waiting, status);
    reads_finish_all(q, &r->in_round, status);
    reads_finish_all(q, &r->confirmed, status);
}

struct read *reads_add(struct quorum *q)
{
    struct read *read = mem_new(struct read);
    read->deadline_ms = now_ms(q) + 3ull * election_ms(q);
    if (q->reads.round.active) mark(q, MARK_read_joined);
    list_push(&q->reads.waiting, &read->link);
    return read;
}

static void reads_no_op(struct quorum *q, struct deferred *d)
{
    (void)q;
    mem_free(d);
}

void quorum_read(struct quorum *q, quorum_read_fn *done, void *arg)
{
    turn_begin(q);
    struct read *read = reads_add(q);
    read->done = done;
    read->arg = arg;
    if (q->depth == 1) {
        /* Ask at once. A round that needs nobody else is over already: then a turn has to be asked
         * for. */
        if (!q->in_raft) reads_begin_round(q);
        if (q->options.server_count == 1) turn_defer(q, mem_new(struct deferred), reads_no_op);
    }
    turn_quiet(q);
}
