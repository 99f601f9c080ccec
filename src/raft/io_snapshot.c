/* struct raft_io: snapshots. Taking one (trailing > 0) lets the application write a keyframe;
 * installing one (trailing == 0) goes on behind a keyframe that has been received already: the log
 * ends there too (backfill.h), or is replaced as a whole. */
#include "raft/internal.h"

struct reset {
    struct disk_job job;
    struct quorum *q;
    struct raft_io_snapshot_put *req;
    raft_io_snapshot_put_cb cb;
    struct raft_buffer *bufs;
};

static void io_install_done(struct disk_job *job, int status)
{
    struct reset *r = container_of(job, struct reset, job);
    struct quorum *q = r->q;
    if (status != 0 && !q->closing)
        trace_fatal("quorum", "cannot note that the log is Raft's: %s", error_name(status));
    turn_begin(q);
    turn_job_done(q);
    RAFT_CALL(q, r->cb(r->req, q->closing ? RAFT_CANCELED : 0));
    if (q->closing) raft_free(r->bufs); /* libraft forgets this array when it cancels */
    q->installing = false;
    mem_free(r);
    receive_retry_held(q);
    turn_end(q);
}

static int io_install_settle(struct disk_job *job, struct store *s)
{
    (void)job;
    struct error err;
    int rc = store_backfill_end(s, &err);
    if (rc) trace_error("quorum", "%s", err.text);
    return rc;
}

static void io_install_end(struct reset *r)
{
    r->q->ahead = false;
    r->job =
        (struct disk_job){.type = DISK_CALL, .call = io_install_settle, .done = io_install_done};
    turn_submit(r->q, &r->job);
}

static void io_reset_done(struct disk_job *job, int status)
{
    struct reset *r = container_of(job, struct reset, job);
    struct quorum *q = r->q;
    if (status != 0) trace_fatal("quorum", "the log cannot be replaced: %s", error_name(status));
    turn_begin(q);
    turn_job_done(q);
    io_install_end(r);
    turn_end(q);
}

/* The descriptor names a keyframe that is whole on our disk (install_target.c). */
static void io_install(struct quorum *q, struct raft_io_snapshot_put *req,
                       const struct raft_snapshot *snapshot, raft_io_snapshot_put_cb cb)
{
    uint64_t revision;
    memcpy(&revision, snapshot->bufs[0].base, sizeof revision);
    struct keyframe *k;
    struct error err;
    if (keyframe_open(q->options.disk->store, revision, &k, &err))
        trace_fatal("quorum", "a received keyframe is gone: %s", err.text);
    struct reset *r = mem_new(struct reset);
    r->q = q;
    r->req = req;
    r->cb = cb;
    r->bufs = snapshot->bufs;
    r->job.type = DISK_RESET;
    r->job.index = keyframe_meta(k)->index;
    r->job.term = keyframe_meta(k)->term;
    r->job.chain = keyframe_meta(k)->chain;
    r->job.done = io_reset_done;
    keyframe_close(k);
    q->installing = true;
    q->log_last = snapshot->index;
    struct log_bounds log = store_bounds(q->options.disk->store);
    if (log.last_index == r->job.index && digest_equal(&log.chain, &r->job.chain)) {
        io_install_end(r);
        return;
    }
    mark(q, MARK_install_reset);
    turn_submit(q, &r->job);
}

/* How many entries behind the keyframe stay in memory for followers that are a little behind. */
static unsigned io_trailing(struct quorum *q, uint64_t index)
{
    if (q->options.trailing_entries) return (unsigned)q->options.trailing_entries;
    size_t bytes = 0;
    unsigned n = 0;
    for (const struct raft_entry *e; n < index && (e = view_entry(q, index - n)); n++) {
        bytes += e->buf.len + sizeof *e;
        if (bytes > TRAILING_BYTES) break;
    }
    return n ? n : 1;
}

static void io_put_done(struct quorum *q, struct deferred *d)
{
    (void)d;
    struct raft_io_snapshot_put *req = q->put;
    q->put = NULL;
    q->put_ending = false;
    if (q->put_status == 0) {
        mark(q, MARK_keyframe_done);
        raft_set_snapshot_trailing(&q->raft, io_trailing(q, q->put_index));
        q->keyframe_index = q->put_index;
        q->renew = false;
    } else {
        mark(q, MARK_keyframe_failed);
        q->retry_keyframe_ms = now_ms(q) + 10ull * election_ms(q);
    }
    RAFT_CALL(q, q->put_cb(req, q->put_status ? RAFT_IOERR : 0));
    install_try_deliver(q);
}

void io_put_end(struct quorum *q, int status)
{
    if (!q->put || q->put_ending) return;
    q->put_ending = true;
    q->put_status = status;
    turn_defer(q, &q->put_done, io_put_done);
}

/* Called by libraft right after it applied up to snapshot->index: the application's state is that
 * of this index now, which is the moment to freeze it. */
static void io_take(struct quorum *q, struct raft_io_snapshot_put *req,
                    const struct raft_snapshot *snapshot, raft_io_snapshot_put_cb cb)
{
    struct keyframe_meta meta = {.index = snapshot->index,
                                 .term = snapshot->term,
                                 .configuration_index = snapshot->configuration_index};
    struct error err;
    q->put = req;
    q->put_cb = cb;
    q->put_index = snapshot->index;
    raft_set_snapshot_threshold(&q->raft, UINT32_MAX);
    if (store_chain_at(q->options.disk->store, meta.index, &meta.chain, &err)) {
        trace_error("quorum", "no keyframe: %s", err.text);
        io_put_end(q, E_CORRUPT);
        return;
    }
    size_t n;
    void *conf = configuration_write(&snapshot->configuration, &n);
    meta.configuration = (struct str){conf, n};
    mark(q, MARK_keyframe_begun);
    q->since_bytes = 0;
    q->options.fsm.keyframe(q->options.fsm.ctx, &meta);
    raft_free(conf);
}

int io_snapshot_put(struct raft_io *io, unsigned trailing, struct raft_io_snapshot_put *req,
                    const struct raft_snapshot *snapshot, raft_io_snapshot_put_cb cb)
{
    struct quorum *q = io_quorum(io);
    if (trailing == 0)
        io_install(q, req, snapshot, cb);
    else
        io_take(q, req, snapshot, cb);
    return 0;
}

void quorum_keyframe_done(struct quorum *q, const struct keyframe_meta *meta, int status)
{
    if (!q->put || meta->index != q->put_index) return;
    turn_begin(q);
    io_put_end(q, status);
    turn_quiet(q);
}

struct get {
    struct deferred deferred;
    struct raft_io_snapshot_get *req;
    raft_io_snapshot_get_cb cb;
};

/* Raft's entries begin behind its keyframe. When that one has rotted, an older one leaves a gap in
 * which a follower would stand for ever. */
static struct raft_snapshot *io_newest(struct quorum *q)
{
    struct keyframe *k;
    if (keyframe_open(q->options.disk->store, UINT64_MAX, &k, NULL)) return NULL;
    const struct keyframe_meta *meta = keyframe_meta(k);
    if (meta->index < q->raft.log.snapshot.last_index) {
        keyframe_close(k);
        return NULL;
    }
    struct raft_snapshot *snapshot = raft_calloc(1, sizeof *snapshot);
    uint64_t revision = meta->revision;
    snapshot->index = meta->index;
    snapshot->term = meta->term;
    snapshot->configuration_index = meta->configuration_index;
    int rc = configuration_read(meta->configuration, &snapshot->configuration, NULL);
    keyframe_close(k);
    if (rc) {
        raft_free(snapshot);
        return NULL;
    }
    snapshot->bufs = raft_malloc(sizeof *snapshot->bufs);
    snapshot->bufs[0] = (struct raft_buffer){raft_malloc(sizeof revision), sizeof revision};
    memcpy(snapshot->bufs[0].base, &revision, sizeof revision);
    snapshot->n_bufs = 1;
    return snapshot;
}

static void io_get_done(struct quorum *q, struct deferred *d)
{
    struct get *g = container_of(d, struct get, deferred);
    q->gets--;
    struct raft_snapshot *snapshot = q->closing ? NULL : io_newest(q);
    if (!snapshot && !q->closing) keyframes_renew(q);
    RAFT_CALL(q, g->cb(g->req, snapshot,
                       snapshot     ? 0
                       : q->closing ? RAFT_CANCELED
                                    : RAFT_NOTFOUND));
    mem_free(g);
}

int io_snapshot_get(struct raft_io *io, struct raft_io_snapshot_get *req,
                    raft_io_snapshot_get_cb cb)
{
    struct quorum *q = io_quorum(io);
    struct get *g = mem_new(struct get);
    g->req = req;
    g->cb = cb;
    q->gets++;
    turn_defer(q, &g->deferred, io_get_done);
    return 0;
}
