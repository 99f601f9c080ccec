#include "raft/backfill.h"

enum { RECORDS_BYTES = PIECE_BYTES };

void backfill_restart(struct backfill *b)
{
    b->placed = b->asked = false;
    b->high = 0;
}

void backfill_free(struct backfill *b)
{
    buf_free(&b->frame);
    mem_free(b->records);
}

static void backfill_place(struct quorum *q, struct backfill *b)
{
    struct store *s = q->options.disk->store;
    uint64_t end = store_bounds(s).last_index, hint = store_committed_get(s);
    b->after = end < b->last ? end : b->last;
    b->low = q->raft.commit_index > hint ? q->raft.commit_index : hint;
    b->high = 0;
    b->placed = true;
    mark(q, MARK_backfill_begun);
}

/* False: not now. The log must stand still, and the term of every record must be on disk first. */
bool backfill_ask(struct quorum *q, struct backfill *b, const struct peer *to, uint64_t stream)
{
    if (q->writes || q->cuts || q->storing || q->installing || is_leader(q)) return false;
    if (q->raft.current_term < b->last_term) return false;
    if (!b->placed) backfill_place(q, b);
    struct digest chain;
    struct error err;
    if (store_chain_at(q->options.disk->store, b->after, &chain, &err)) {
        trace_error("quorum", "the log cannot be completed: %s", err.text);
        return false;
    }
    struct wire w = {.type = WIRE_FETCH};
    w.log.stream = stream;
    w.log.after = b->after;
    w.log.last = b->last;
    w.log.limit = b->high ? 0 : RECORDS_BYTES;
    w.log.chain = (struct str){(const char *)&chain, sizeof chain};
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, &w);
    send_frame(q, to, &frame);
    b->asked = true;
    return true;
}

/* Halves what lies between an entry that both logs have and one that they have not. */
static enum backfill_next backfill_search(struct quorum *q, struct backfill *b)
{
    b->asked = false;
    b->after = b->low + (b->high - b->low) / 2;
    if (b->high - b->low <= 1) b->high = 0;
    mark(q, MARK_backfill_searched);
    return BACKFILL_ASK;
}

static enum backfill_next backfill_differs(struct quorum *q, struct backfill *b)
{
    b->conflict = true;
    if (b->after <= b->low) {
        trace_error("quorum", "our log and the leader's differ at index %llu, which is committed",
                    (unsigned long long)b->after);
        return BACKFILL_REFUSED;
    }
    b->high = b->after;
    return backfill_search(q, b);
}

/* The entries behind `after` go: were they never committed, or fetched and not told to Raft? */
static bool backfill_may_cut(struct quorum *q, const struct backfill *b)
{
    uint64_t fetched = 0;
    if (b->after < b->low || store_backfill_get(q->options.disk->store, &fetched, NULL))
        return false;
    return b->conflict || b->after >= (fetched ? fetched : q->log_last);
}

static bool backfill_foreign(struct quorum *q, const struct record *r)
{
    struct raft_configuration conf;
    if (r->type != RAFT_CHANGE || configuration_read(r->payload, &conf, NULL)) return false;
    bool foreign = guard_s8_foreign_change(q, &conf);
    raft_configuration_close(&conf);
    return foreign;
}

/* Copies the records of a frame; false: not what was asked for. */
static bool backfill_read(struct quorum *q, struct backfill *b, const struct wire *w)
{
    buf_clear(&b->frame);
    buf_append(&b->frame, w->log.records.raw.p, w->log.records.raw.n);
    b->records = mem_resize(b->records, (w->log.count + 1) * sizeof *b->records);
    b->count = 0;
    struct mp_iter it = mp_items(mp_read(b->frame.data, b->frame.len));
    for (struct record r; wire_record_next(&it, &r);) {
        r.index = b->after + b->count + 1;
        if (r.index > b->last || r.term > b->last_term || backfill_foreign(q, &r)) return false;
        b->records[b->count++] = r;
    }
    return true;
}

static enum backfill_next backfill_follows(struct quorum *q, struct backfill *b,
                                           const struct wire *w)
{
    uint64_t end = store_bounds(q->options.disk->store).last_index;
    b->asked = false;
    if (!backfill_read(q, b, w) || (end > b->after && !backfill_may_cut(q, b)))
        return BACKFILL_REFUSED;
    if (b->after == b->last && end == b->last) {
        mark(q, MARK_backfill_done);
        return BACKFILL_DONE;
    }
    if (b->count == 0 && b->after < b->last) { /* an old answer that came again */
        b->asked = true;
        return BACKFILL_WAIT;
    }
    b->raft_last = b->after < q->log_last ? b->after : q->log_last;
    q->ahead = true;
    mark(q, MARK_backfill_stored);
    return BACKFILL_STORE;
}

enum backfill_next backfill_take(struct quorum *q, struct backfill *b, const struct wire *w)
{
    if (!b->asked || w->log.after != b->after) return BACKFILL_WAIT;
    switch ((enum wire_verdict)w->log.verdict) {
    case RECORDS_GONE:
        mark(q, MARK_backfill_without);
        return BACKFILL_WITHOUT;
    case RECORDS_DIFFER:
        return backfill_differs(q, b);
    case RECORDS_FOLLOW:
        break;
    }
    if (!b->high) return backfill_follows(q, b, w);
    b->low = b->after;
    return backfill_search(q, b);
}

/* First away with what conflicts, then the note whose part is whose, then the records: whatever
 * interrupts this, a start finds a log that Raft may be given up to the note. */
int backfill_store(struct backfill *b, struct store *s, struct error *err)
{
    uint64_t noted;
    int rc = store_backfill_get(s, &noted, err);
    if (!rc && store_bounds(s).last_index > b->after) rc = store_truncate(s, b->after + 1, err);
    if (!rc && (noted == 0 || noted > b->raft_last))
        rc = store_backfill_begin(s, b->raft_last, err);
    if (!rc) rc = store_append(s, b->records, b->count, err);
    return rc;
}

void backfill_stored(struct backfill *b)
{
    if (!b->placed) return; /* dropped meanwhile */
    b->after += b->count;
    b->low = b->after;
}

struct ending {
    struct disk_job job;
    struct quorum *q;
};

static int backfill_end(struct disk_job *job, struct store *s)
{
    (void)job;
    struct error err;
    int rc = store_backfill_end(s, &err);
    if (rc) trace_error("quorum", "%s", err.text);
    return rc;
}

static void backfill_ended(struct disk_job *job, int status)
{
    struct ending *e = container_of(job, struct ending, job);
    struct quorum *q = e->q;
    if (status && !q->closing)
        trace_fatal("quorum", "cannot note that the log is Raft's: %s", error_name(status));
    mem_free(e);
    turn_begin(q);
    turn_job_done(q);
    turn_end(q);
}

void backfill_yield(struct quorum *q, uint64_t from)
{
    install_log_changes(q);
    if (!q->ahead) return;
    q->ahead = false;
    mark(q, MARK_backfill_dropped);
    io_cut(q, from);
    struct ending *e = mem_new(struct ending);
    e->q = q;
    e->job = (struct disk_job){.type = DISK_CALL, .call = backfill_end, .done = backfill_ended};
    turn_submit(q, &e->job);
}

/* A note that cannot be read costs memory only: all of the log is committed behind it. */
int backfill_at_start(struct quorum *q, uint64_t keyframe_index, uint64_t *out_last,
                      struct error *err)
{
    struct store *s = q->options.disk->store;
    uint64_t end = store_bounds(s).last_index, noted = 0;
    *out_last = end;
    int rc = store_backfill_get(s, &noted, err);
    if (rc && rc != E_CORRUPT) return rc;
    if (rc) trace_warn("quorum", "%s", err->text);
    uint64_t last = noted > keyframe_index ? noted : keyframe_index;
    if (rc || noted == 0 || last >= end) return store_backfill_end(s, err);
    if (last > noted && (rc = store_backfill_begin(s, last, err))) return rc;
    trace_info("quorum", "the log is being completed: Raft goes on at %llu of %llu",
               (unsigned long long)last, (unsigned long long)end);
    mark(q, MARK_backfill_resumed);
    q->ahead = true;
    *out_last = last;
    return 0;
}
