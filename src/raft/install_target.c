/* The follower's side: completes its log up to the keyframe (backfill.h) and pulls the keyframe
 * from the leader into the store. */
#include "raft/install.h"

void install_target_free(struct keyframe_target *t)
{
    if (t->in) keyframe_receive_abandon(t->in);
    backfill_free(&t->backfill);
    mem_free(t->conf);
    mem_free(t);
}

void install_target_abandon(struct quorum *q)
{
    struct keyframe_target *t = q->target;
    q->target = NULL;
    if (!t) return;
    if (t->state == TARGET_WORKING)
        t->closed = true;
    else
        install_target_free(t);
}

/* Asks for what comes next. While the disk works, or the log does not stand still, a pull at the
 * end of the file tells the leader that we are alive. */
void install_target_pull(struct quorum *q, struct keyframe_target *t)
{
    t->pulled_ms = now_ms(q);
    if (t->state == TARGET_FETCHING && backfill_ask(q, &t->backfill, t->from, t->stream)) return;
    struct wire w = {.type = WIRE_PULL};
    w.chunk.stream = t->stream;
    w.chunk.offset = t->state == TARGET_PULLING ? t->offset : t->size;
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, &w);
    send_frame(q, t->from, &frame);
}

static int install_target_finish(struct keyframe_target *t)
{
    struct keyframe_meta meta = {0};
    struct keyframe_incoming *in = t->in;
    t->in = NULL;
    int rc = keyframe_receive_finish(in, &meta, &t->err);
    if (rc) return rc;
    if (meta.revision != t->revision || meta.index != t->index || meta.term != t->index_term)
        return error_set(&t->err, E_CORRUPT, "received keyframe is not the one that was offered");
    return 0;
}

static int install_target_work(struct disk_job *job, struct store *store)
{
    struct keyframe_target *t = container_of(job, struct keyframe_target, job);
    switch (t->step) {
    case STEP_STORE:
        return backfill_store(&t->backfill, store, &t->err);
    case STEP_OPEN:
        return keyframe_receive(store, t->size, &t->in, &t->err);
    case STEP_WRITE:
        return keyframe_receive_write(t->in, t->offset, t->bytes, t->n, &t->err);
    case STEP_FINISH:
        return install_target_finish(t);
    }
    return E_INVALID;
}

static void install_target_worked(struct disk_job *job, int status);

static void install_target_submit(struct keyframe_target *t, enum target_step step)
{
    t->step = step;
    t->state = TARGET_WORKING;
    if (step == STEP_STORE) t->q->storing++;
    t->job = (struct disk_job){
        .type = DISK_CALL, .call = install_target_work, .done = install_target_worked};
    turn_submit(t->q, &t->job);
}

void install_target_next(struct quorum *q, struct keyframe_target *t)
{
    if (!t->logged) {
        t->state = TARGET_FETCHING;
        install_target_pull(q, t);
    } else if (t->whole) {
        t->state = TARGET_READY;
        install_try_deliver(q);
    } else if (!t->in) {
        install_target_submit(t, STEP_OPEN);
    } else if (t->offset == t->size) {
        install_target_submit(t, STEP_FINISH);
    } else {
        t->state = TARGET_PULLING;
        install_target_pull(q, t);
    }
}

static void install_target_refuse(struct quorum *q, struct keyframe_target *t)
{
    mark(q, MARK_install_refused);
    if (q->target == t) q->target = NULL;
    install_target_free(t);
}

static void install_target_worked(struct disk_job *job, int status)
{
    struct keyframe_target *t = container_of(job, struct keyframe_target, job);
    struct quorum *q = t->q;
    turn_begin(q);
    turn_job_done(q);
    if (t->step == STEP_STORE) q->storing--;
    /* As after any write to the log that failed: nothing can be written before the next start. */
    if (status == E_IO && t->step == STEP_STORE && !q->closing)
        trace_fatal("quorum", "the log cannot be completed: %s", t->err.text);
    if (status) {
        trace_warn("quorum", "keyframe %llu was not taken: %s", (unsigned long long)t->revision,
                   t->err.text);
        install_target_refuse(q, t);
    } else if (t->closed) {
        install_target_free(t);
    } else {
        if (t->step == STEP_STORE) backfill_stored(&t->backfill);
        if (t->step == STEP_WRITE) t->offset += t->n;
        if (t->step == STEP_FINISH) t->whole = true;
        install_target_next(q, t);
    }
    turn_end(q);
}

void install_records(struct quorum *q, struct peer *from, const struct wire *w)
{
    struct keyframe_target *t = q->target;
    if (!t || t->from != from || t->stream != w->log.stream) return;
    t->heard_ms = now_ms(q);
    if (t->state != TARGET_FETCHING) return;
    enum backfill_next next = backfill_take(q, &t->backfill, w);
    if (next == BACKFILL_WAIT) return;
    if (next == BACKFILL_REFUSED) {
        install_target_refuse(q, t);
    } else if (next == BACKFILL_STORE) {
        install_target_submit(t, STEP_STORE);
    } else {
        t->logged = next != BACKFILL_ASK;
        t->settled = next == BACKFILL_WITHOUT;
        install_target_next(q, t);
    }
}

/* Raft writes the log: what was fetched is dropped, and what was asked means nothing any more. */
void install_log_changes(struct quorum *q)
{
    struct keyframe_target *t = q->target;
    if (!t || t->settled) return;
    t->logged = false;
    backfill_restart(&t->backfill);
    if (t->state != TARGET_WORKING) t->state = TARGET_FETCHING;
}

void install_chunk(struct quorum *q, struct peer *from, const struct wire *w)
{
    struct keyframe_target *t = q->target;
    if (!t || t->from != from || t->stream != w->chunk.stream) return;
    t->heard_ms = now_ms(q);
    size_t n = w->chunk.bytes.n;
    if (t->state != TARGET_PULLING || w->chunk.offset != t->offset || n == 0 ||
        n > sizeof t->bytes || n > t->size - t->offset)
        return;
    memcpy(t->bytes, w->chunk.bytes.p, n);
    t->n = n;
    install_target_submit(t, STEP_WRITE);
}

/* Asks again for what may have been lost, and lets go when the leader is gone. */
void install_target_tick(struct quorum *q)
{
    struct keyframe_target *t = q->target;
    if (!t) return;
    uint64_t now = now_ms(q);
    if (t->state == TARGET_READY) {
        install_try_deliver(q);
    } else if (t->state != TARGET_WORKING && now - t->heard_ms > 10ull * election_ms(q)) {
        mark(q, MARK_install_stalled);
        install_target_abandon(q);
    } else if (now - t->pulled_ms >= election_ms(q) / 2) {
        install_target_pull(q, t);
    }
}
