/* The follower's side: pulls a keyframe from the leader into the store, and only then, when nothing
 * else is on its way to the disk, gives libraft its InstallSnapshot. So the time in which libraft
 * is "installing" is that of one log reset and one restore, and the defects around long installs
 * have no room (A2). */
#include "raft/internal.h"

enum target_state { TARGET_WORKING, TARGET_PULLING, TARGET_READY };
enum target_step { STEP_OPEN, STEP_WRITE, STEP_FINISH };

struct keyframe_target {
    struct quorum *q;
    struct peer *from;
    enum target_state state;
    enum target_step step; /* of the job at the disk, while WORKING */
    bool closed;
    uint64_t term, stream, revision, index, index_term, size, conf_index;
    char *conf; /* as on the wire */
    size_t conf_n;
    uint64_t offset;    /* pulled so far */
    uint64_t heard_ms;  /* of the leader */
    uint64_t pulled_ms; /* the last pull went out */
    struct keyframe_incoming *in;
    struct disk_job job;
    struct error err;
    size_t n;
    char bytes[CHUNK_BYTES];
};

static void install_target_free(struct keyframe_target *t)
{
    if (t->in) keyframe_receive_abandon(t->in);
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

static void install_target_pull(struct quorum *q, struct keyframe_target *t)
{
    struct wire w = {.type = WIRE_PULL};
    w.chunk.stream = t->stream;
    w.chunk.offset = t->offset;
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, &w);
    send_frame(q, t->from, &frame);
    t->pulled_ms = now_ms(q);
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
    case STEP_OPEN:
        return keyframe_receive(store, t->size, &t->in, &t->err);
    case STEP_WRITE:
        return keyframe_receive_write(t->in, t->offset, t->bytes, t->n, &t->err);
    case STEP_FINISH:
        return install_target_finish(t);
    }
    return E_INVALID;
}

static void install_target_submit(struct keyframe_target *t, enum target_step step);

static void install_target_worked(struct disk_job *job, int status)
{
    struct keyframe_target *t = container_of(job, struct keyframe_target, job);
    struct quorum *q = t->q;
    turn_begin(q);
    turn_job_done(q);
    t->state = TARGET_PULLING;
    if (t->closed || status) {
        if (status) {
            trace_warn("quorum", "keyframe %llu was not taken: %s", (unsigned long long)t->revision,
                       t->err.text);
            mark(q, MARK_install_refused);
        }
        if (q->target == t) q->target = NULL;
        install_target_free(t);
    } else if (t->step == STEP_FINISH) {
        t->state = TARGET_READY;
        install_try_deliver(q);
    } else {
        if (t->step == STEP_WRITE) t->offset += t->n;
        if (t->offset == t->size)
            install_target_submit(t, STEP_FINISH);
        else
            install_target_pull(q, t);
    }
    turn_end(q);
}

static void install_target_submit(struct keyframe_target *t, enum target_step step)
{
    t->step = step;
    t->state = TARGET_WORKING;
    t->job = (struct disk_job){
        .type = DISK_CALL, .call = install_target_work, .done = install_target_worked};
    turn_submit(t->q, &t->job);
}

/* InstallSnapshot as libraft expects it; everything in it is libraft's to free. */
static void install_give(struct quorum *q, struct peer *from, const struct keyframe_target *t)
{
    struct raft_message m = {
        .type = RAFT_IO_INSTALL_SNAPSHOT, .server_id = from->id, .server_address = from->address};
    struct raft_install_snapshot *s = &m.install_snapshot;
    *s = (struct raft_install_snapshot){.term = t->term,
                                        .last_index = t->index,
                                        .last_term = t->index_term,
                                        .conf_index = t->conf_index};
    if (configuration_read((struct str){t->conf, t->conf_n}, &s->conf, NULL)) return;
    s->data = (struct raft_buffer){raft_malloc(sizeof t->revision), sizeof t->revision};
    memcpy(s->data.base, &t->revision, sizeof t->revision);
    bool conflict = guard_s7_conflict(q, t->index, t->index_term);
    if (t->term >= q->raft.current_term) {
        if (q->accepted.term != t->term) q->accepted = (struct accepted){.term = t->term};
        if (q->accepted.match < t->index) q->accepted.match = t->index;
    }
    /* S7: libraft keeps its log when it has a newer term there; for the length of the call the
     * snapshot claims one that is newer still. */
    if (conflict) s->last_term = view_term(q, t->index) + 1;
    mark(q, MARK_install_delivered);
    q->in_raft++;
    q->recv(&q->io, &m);
    q->in_raft--;
    if (conflict && q->raft.log.snapshot.last_index == t->index)
        q->raft.log.snapshot.last_term = t->index_term;
    lead_observe(q);
}

void install_try_deliver(struct quorum *q)
{
    struct keyframe_target *t = q->target;
    if (!t || t->state != TARGET_READY || q->closing) return;
    bool busy = q->writes || q->cuts || q->installing || q->put || q->raft.snapshot.put.data ||
                q->raft.snapshot.pending.term != 0;
    if (busy || q->in_raft) return;
    q->target = NULL;
    if (is_leader(q) && t->term <= q->raft.current_term)
        mark(q, MARK_install_refused); /* it is ours to offer now */
    else
        install_give(q, t->from, t);
    install_target_free(t);
}

/* We have what it offers (an offer is repeated when our confirmation was lost): libraft says so. */
static bool install_have(struct quorum *q, const struct wire *w)
{
    return q->raft.log.snapshot.last_index >= w->offer.index ||
           view_term(q, w->offer.index) == w->offer.index_term;
}

static struct keyframe_target *install_target_new(struct quorum *q, struct peer *from,
                                                  const struct wire *w)
{
    struct keyframe_target *t = mem_new(struct keyframe_target);
    t->q = q;
    t->from = from;
    t->term = w->term;
    t->stream = w->offer.stream;
    t->revision = w->offer.revision;
    t->index = w->offer.index;
    t->index_term = w->offer.index_term;
    t->size = w->offer.size;
    t->conf_index = w->offer.conf_index;
    t->conf = mem_copy(w->offer.conf.p, w->offer.conf.n);
    t->conf_n = w->offer.conf.n;
    t->heard_ms = now_ms(q);
    return t;
}

static bool install_conf_foreign(struct quorum *q, struct str bytes)
{
    struct raft_configuration conf;
    if (configuration_read(bytes, &conf, NULL)) return true;
    bool foreign = guard_s8_foreign_change(q, &conf);
    raft_configuration_close(&conf);
    return foreign;
}

void install_offer(struct quorum *q, struct peer *from, const struct wire *w)
{
    from->heard_ms = now_ms(q);
    if (w->term < q->raft.current_term || install_conf_foreign(q, w->offer.conf)) {
        mark(q, MARK_install_refused);
        return;
    }
    struct keyframe_target *t = q->target;
    if (t && t->from == from && t->revision == w->offer.revision && t->size == w->offer.size &&
        t->index == w->offer.index) {
        t->term = w->term;
        t->stream = w->offer.stream;
        t->heard_ms = now_ms(q);
        mark(q, MARK_install_resumed);
        if (t->state == TARGET_PULLING) install_target_pull(q, t);
        return;
    }
    install_target_abandon(q);
    if (q->installing) return; /* the offer comes again */
    t = install_target_new(q, from, w);
    q->target = t;
    if (install_have(q, w)) {
        t->state = TARGET_READY;
        install_try_deliver(q);
    } else {
        install_target_submit(t, STEP_OPEN);
    }
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

/* Pulls again what may have been lost, and lets go when the leader is gone. While the disk works
 * the same pull tells the leader that we are alive. */
void install_target_tick(struct quorum *q)
{
    struct keyframe_target *t = q->target;
    if (!t) return;
    uint64_t now = now_ms(q);
    if (t->state == TARGET_READY) {
        install_try_deliver(q);
    } else if (t->state == TARGET_PULLING && now - t->heard_ms > 10ull * election_ms(q)) {
        mark(q, MARK_install_stalled);
        install_target_abandon(q);
    } else if (now - t->pulled_ms >= election_ms(q) / 2) {
        install_target_pull(q, t);
    }
}
