/* The leader's side of a backfill: each question is answered from the log on disk, by a job of its
 * own, and then forgotten. One at a time for a peer. */
#include "raft/backfill.h"

enum {
    UNREAD_MAX = 8
}; /* then the follower goes on without: half its patience (install_target.c) */

struct fetch {
    struct disk_job job;
    struct quorum *q;
    struct peer *peer;
    uint64_t stream, after, last, limit;
    struct digest chain;
    enum wire_verdict verdict;
    struct buf records;
};

static int fetch_records(struct fetch *f, struct store *s, uint32_t *count, struct error *err)
{
    if (f->limit == 0 || f->after >= f->last) return 0;
    struct store_cursor *c;
    struct record r;
    size_t bytes = 0;
    int rc = store_cursor_open(s, f->after + 1, &c, err);
    if (rc) return rc;
    while (bytes < f->limit && *count < WIRE_ENTRIES_MAX && f->after + *count < f->last) {
        rc = store_cursor_next(c, &r, err);
        if (rc || (*count && bytes + r.payload.n > f->limit)) break;
        wire_put_record(&f->records, &r);
        bytes += r.payload.n + 64;
        ++*count;
    }
    store_cursor_close(c);
    return *count ? 0 : rc;
}

/* What is damaged here is gone for the follower too; what a disk fails to read may be readable the
 * next time, and the follower keeps its log until then. */
static int fetch_read(struct disk_job *job, struct store *s)
{
    struct fetch *f = container_of(job, struct fetch, job);
    struct digest chain;
    struct error err;
    uint32_t count = 0;
    size_t begin = mp_begin(&f->records);
    int rc = store_chain_at(s, f->after, &chain, &err);
    f->verdict = RECORDS_FOLLOW;
    bool differs = rc == E_NOTFOUND || (rc == 0 && !digest_equal(&chain, &f->chain));
    if (!rc && !differs) rc = fetch_records(f, s, &count, &err);
    if (differs) {
        f->verdict = RECORDS_DIFFER;
    } else if (rc) {
        trace_warn("quorum", "no history for server %llu: %s", (unsigned long long)f->peer->id,
                   err.text);
        f->verdict = RECORDS_GONE;
        count = 0;
        f->records.len = begin;
        begin = mp_begin(&f->records);
    }
    mp_end_array(&f->records, begin, count);
    return rc == E_IO ? rc : 0;
}

static void fetch_have_read(struct disk_job *job, int status)
{
    struct fetch *f = container_of(job, struct fetch, job);
    struct quorum *q = f->q;
    turn_begin(q);
    turn_job_done(q);
    f->peer->fetching = false;
    f->peer->unread = status == E_IO ? f->peer->unread + 1 : 0;
    if (f->peer->unread > UNREAD_MAX) status = 0;
    if (status == 0 && !q->closing && install_source_heard(q, f->peer, f->stream)) {
        struct wire w = {.type = WIRE_RECORDS};
        w.log.stream = f->stream;
        w.log.after = f->after;
        w.log.verdict = f->verdict;
        w.log.records = mp_read(f->records.data, f->records.len);
        struct buf buf_auto frame = BUF_INIT;
        wire_write(&frame, &w);
        send_frame(q, f->peer, &frame);
    }
    buf_free(&f->records);
    mem_free(f);
    turn_end(q);
}

void backfill_fetch(struct quorum *q, struct peer *from, const struct wire *w)
{
    if (!install_source_heard(q, from, w->log.stream) || from->fetching) return;
    struct fetch *f = mem_new(struct fetch);
    f->q = q;
    f->peer = from;
    f->stream = w->log.stream;
    f->after = w->log.after;
    f->last = w->log.last < q->raft.commit_index ? w->log.last : q->raft.commit_index;
    f->limit = w->log.limit < PIECE_BYTES ? w->log.limit : PIECE_BYTES;
    memcpy(&f->chain, w->log.chain.p, sizeof f->chain);
    f->job = (struct disk_job){.type = DISK_CALL, .call = fetch_read, .done = fetch_have_read};
    from->fetching = true;
    turn_submit(q, &f->job);
}
