/* One entry at a time on its way to the quorum. */
#include "raft/internal.h"

#include <assert.h>
#include <endian.h>

static void proposal_finish(struct quorum *q, struct deferred *d)
{
    (void)d;
    struct proposal *p = &q->proposal;
    quorum_done_fn *done = p->done;
    p->active = false;
    done(p->arg, p->status, p->index);
}

static void proposal_end(struct quorum *q, int status)
{
    q->proposal.status = status;
    turn_defer(q, &q->proposal.finish, proposal_finish);
}

/* Runs inside libraft. Losing leadership leaves the outcome open: the entry may still commit. */
void proposal_done(struct raft_apply *req, int status, void *result)
{
    (void)result;
    struct quorum *q = req->data;
    q->proposal.index = req->index;
    proposal_end(q, status == 0 ? 0 : E_UNKNOWN);
}

static void proposal_submit(struct quorum *q, struct deferred *d)
{
    (void)d;
    struct proposal *p = &q->proposal;
    int rc = RAFT_NOTLEADER;
    if (is_ready(q))
        RAFT_CALL(q, rc = raft_apply(&q->raft, &p->apply, &p->buffer, 1, proposal_done));
    if (rc == 0) return;
    raft_free(p->buffer.base);
    proposal_end(q, E_NOTLEADER);
}

int quorum_propose(struct quorum *q, struct str payload, uint64_t first_revision, int64_t time_ms,
                   quorum_done_fn *done, void *arg)
{
    struct proposal *p = &q->proposal;
    if (q->closing || !q->started || !is_ready(q)) return E_NOTLEADER;
    if (p->active) return E_BUSY;
    assert(first_revision != SEAT_REVISION);
    if (payload.n > WIRE_ENTRY_MAX - ENTRY_HEADER) return E_TOOBIG;
    struct disk *disk = q->options.disk;
    if (disk->stuck_ms && disk->stuck_ms(disk) > election_ms(q)) return E_BUSY;
    turn_begin(q);
    uint64_t header[2] = {htole64(first_revision), htole64((uint64_t)time_ms)};
    p->buffer.len = ENTRY_HEADER + payload.n;
    p->buffer.base = raft_malloc(p->buffer.len);
    memcpy(p->buffer.base, header, ENTRY_HEADER);
    if (payload.n) memcpy((char *)p->buffer.base + ENTRY_HEADER, payload.p, payload.n);
    p->active = true;
    p->done = done;
    p->arg = arg;
    p->index = 0;
    p->apply.data = q;
    if (q->in_raft) /* from inside fsm.apply: libraft must not be entered again */
        turn_defer(q, &p->submit, proposal_submit);
    else
        proposal_submit(q, &p->submit);
    turn_quiet(q);
    return 0;
}
