/* The leader gives the seat of a lost master to the next one. */
#include "raft/seats.h"

#include <endian.h>

static void giving_finish(struct quorum *q, struct deferred *d)
{
    (void)d;
    struct giving *g = &q->giving;
    g->active = false;
    g->done(g->arg, g->status, g->index);
}

static void giving_end(struct quorum *q, int status)
{
    q->giving.status = status;
    turn_defer(q, &q->giving.finish, giving_finish);
}

/* Runs inside libraft. */
static void giving_done(struct raft_apply *req, int status, void *result)
{
    struct quorum *q = req->data;
    (void)result;
    q->giving.index = req->index;
    giving_end(q, status == 0 ? 0 : E_UNKNOWN);
}

static void giving_submit(struct quorum *q, struct deferred *d)
{
    (void)d;
    struct giving *g = &q->giving;
    int rc = RAFT_NOTLEADER;
    if (is_ready(q)) RAFT_CALL(q, rc = raft_apply(&q->raft, &g->apply, &g->buffer, 1, giving_done));
    if (rc == 0) return;
    raft_free(g->buffer.base);
    giving_end(q, E_NOTLEADER);
}

static void giving_begin(struct quorum *q, uint64_t holder, uint64_t lost, int64_t time_ms)
{
    struct giving *g = &q->giving;
    uint64_t words[] = {SEAT_REVISION, 0, htole64(holder), htole64(lost),
                        htole64((uint64_t)time_ms)};
    g->buffer = (struct raft_buffer){raft_malloc(sizeof words), sizeof words};
    memcpy(g->buffer.base, words, sizeof words);
    g->active = true;
    g->apply.data = q;
    if (q->in_raft)
        turn_defer(q, &g->submit, giving_submit);
    else
        giving_submit(q, &g->submit);
}

static unsigned giving_in_touch(const struct quorum *q)
{
    unsigned up = 1;
    for (unsigned i = 0; i < q->options.server_count; i++)
        up += i != q->self && q->peers[i].up && seats_taken(q, &q->peers[i]);
    return up;
}

/* Whatever is refused here would be harmless: the operator is told before he has changed anything.
 */
static int giving_check(struct quorum *q, uint64_t lost, const struct peer *p, struct error *err)
{
    typedef unsigned long long ull;
    unsigned n = q->options.server_count, up = giving_in_touch(q);
    if (lost == 0 || lost > p->holder)
        return error_set(err, E_NOTFOUND, "there is no master m%llu", (ull)lost);
    if (p->id == q->options.id)
        return error_set(err, E_CONFLICT, "m%llu is alive: it leads", (ull)lost);
    if (lost < p->holder) return 0; /* it has gone on already, or half way */
    if (p->up && seats_taken(q, p))
        return error_set(err, E_CONFLICT,
                         "m%llu is alive and in touch; stop it first if it is to be replaced",
                         (ull)lost);
    if (up <= n / 2)
        return error_set(err, E_CLOSED,
                         "%u of %u masters are in touch: start others first, a majority must "
                         "agree",
                         up, n);
    return 0;
}

int quorum_replace(struct quorum *q, uint64_t lost, int64_t time_ms, uint64_t *out_holder,
                   quorum_done_fn *done, void *arg, struct error *err)
{
    if (q->closing || !q->started || !is_ready(q))
        return error_set(err, E_NOTLEADER, "this master does not lead");
    unsigned n = q->options.server_count, position = (unsigned)((lost + n - 1) % n);
    const struct peer *p = &q->peers[position];
    int rc = giving_check(q, lost, p, err);
    if (rc) return rc;
    if (q->giving.active)
        return error_set(err, E_BUSY, "another master is being replaced just now");
    *out_holder = lost == p->holder ? lost + n : p->holder;
    bool given =
        lost < p->holder && q->past.known.seats[position < q->self ? position : position - 1];
    if (given) return E_EXISTS;
    q->giving.done = done;
    q->giving.arg = arg;
    turn_begin(q);
    giving_begin(q, *out_holder, lost, time_ms);
    turn_quiet(q);
    return 0;
}

uint64_t quorum_holder(const struct quorum *q, uint64_t seat)
{
    return seat == 0 || seat > q->options.server_count ? 0 : q->peers[seat - 1].holder;
}

bool quorum_votes(const struct quorum *q)
{
    return !seats_abstains(q);
}
