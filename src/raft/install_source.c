/* The leader's side of a keyframe on its way to a follower: offers it, then answers pulls of 256
 * KiB. One per peer; libraft's send request is completed when the follower has confirmed (its
 * progress left the snapshot state), or failed when the follower went quiet, so that libraft tries
 * again at once and not after minutes. */
#include "raft/seats.h"

struct keyframe_source {
    struct quorum *q;
    struct peer *peer;
    struct raft_io_send *req;
    raft_io_send_cb cb;
    struct keyframe *k;
    uint64_t stream, revision, size;
    uint64_t active_ms;
    bool closed;  /* freed when the job is back */
    bool reading; /* job is at the disk */
    struct disk_job job;
    uint64_t offset;
    size_t n;
    int status;
    char bytes[CHUNK_BYTES];
};

static uint64_t install_stall_ms(const struct quorum *q)
{
    return 5ull * election_ms(q);
}

static void install_source_free(struct keyframe_source *s)
{
    if (s->k) keyframe_close(s->k);
    mem_free(s);
}

static void install_source_end(struct quorum *q, struct keyframe_source *s, int status)
{
    s->peer->source = NULL;
    io_send_finish(q, s->req, s->cb, status);
    if (s->reading)
        s->closed = true;
    else
        install_source_free(s);
}

static void install_source_offer(struct quorum *q, struct keyframe_source *s,
                                 const struct raft_install_snapshot *args)
{
    size_t n;
    void *conf = configuration_write(&args->conf, &n);
    struct wire w = {.type = WIRE_OFFER, .term = args->term};
    w.offer.stream = s->stream;
    w.offer.revision = s->revision;
    w.offer.index = args->last_index;
    w.offer.index_term = args->last_term;
    w.offer.size = s->size;
    w.offer.conf_index = args->conf_index;
    w.offer.conf = (struct str){conf, n};
    struct buf buf_auto frame = BUF_INIT, seats = BUF_INIT;
    seats_put(q, &seats);
    w.offer.seats = (struct str){seats.data, seats.len};
    wire_write(&frame, &w);
    raft_free(conf);
    send_frame(q, s->peer, &frame);
    mark(q, MARK_install_offered);
}

static struct keyframe_source *install_source_open(struct quorum *q, struct peer *to,
                                                   uint64_t revision)
{
    struct error err;
    struct keyframe_source *s = mem_new(struct keyframe_source);
    s->q = q;
    s->peer = to;
    s->revision = revision;
    s->stream = (q->reads.boot & ~0xffffffffull) | (++q->last_stream & 0xffffffff);
    int rc = keyframe_open(q->options.disk->store, revision, &s->k, &err);
    if (rc == 0 && keyframe_meta(s->k)->revision != revision)
        rc = error_set(&err, E_GONE, "keyframe %llu is gone", (unsigned long long)revision);
    if (rc == 0) rc = keyframe_file_size(s->k, &s->size, &err);
    if (rc == 0) return s;
    trace_warn("quorum", "cannot offer a keyframe: %s", err.text);
    install_source_free(s);
    return NULL;
}

/* libraft repeats itself when a heartbeat is refused at the snapshot's index: the stream that is
 * going on takes the new request over, the old one ends well. */
static bool install_source_again(struct quorum *q, struct peer *to, uint64_t revision,
                                 struct raft_io_send *req, raft_io_send_cb cb)
{
    struct keyframe_source *s = to->source;
    if (!s) return false;
    if (s->revision != revision) {
        install_source_end(q, s, 0);
        return false;
    }
    mark(q, MARK_install_again);
    io_send_finish(q, s->req, s->cb, 0);
    s->req = req;
    s->cb = cb;
    return true;
}

void install_send(struct quorum *q, struct peer *to, struct raft_io_send *req,
                  const struct raft_install_snapshot *args, raft_io_send_cb cb)
{
    uint64_t revision;
    memcpy(&revision, args->data.base, sizeof revision);
    if (install_source_again(q, to, revision, req, cb)) {
        install_source_offer(q, to->source, args);
        return;
    }
    struct keyframe_source *s = install_source_open(q, to, revision);
    if (!s) {
        io_send_finish(q, req, cb, RAFT_NOCONNECTION);
        return;
    }
    s->req = req;
    s->cb = cb;
    s->active_ms = now_ms(q);
    to->source = s;
    trace_info("quorum", "server %llu is far behind: keyframe %llu (%llu bytes) is offered",
               (unsigned long long)to->id, (unsigned long long)revision,
               (unsigned long long)s->size);
    install_source_offer(q, s, args);
}

static int install_source_read(struct disk_job *job, struct store *store)
{
    struct keyframe_source *s = container_of(job, struct keyframe_source, job);
    (void)store;
    struct error err;
    s->status =
        keyframe_file_read(s->k, s->offset, s->bytes, s->q->options.chunk_bytes, &s->n, &err);
    if (s->status)
        trace_warn("quorum", "keyframe %llu: %s", (unsigned long long)s->revision, err.text);
    return s->status;
}

static void install_source_have_read(struct disk_job *job, int status)
{
    struct keyframe_source *s = container_of(job, struct keyframe_source, job);
    struct quorum *q = s->q;
    (void)status;
    turn_begin(q);
    turn_job_done(q);
    s->reading = false;
    if (s->closed) {
        install_source_free(s);
    } else if (s->status) {
        install_source_end(q, s, RAFT_IOERR);
    } else {
        struct wire w = {.type = WIRE_CHUNK};
        w.chunk.stream = s->stream;
        w.chunk.offset = s->offset;
        w.chunk.bytes = (struct str){s->bytes, s->n};
        struct buf buf_auto frame = BUF_INIT;
        wire_write(&frame, &w);
        send_frame(q, s->peer, &frame);
    }
    turn_end(q);
}

bool install_source_heard(struct quorum *q, struct peer *from, uint64_t stream)
{
    if (!from->source || from->source->stream != stream) return false;
    from->source->active_ms = now_ms(q);
    return true;
}

/* A pull at the end of the file only says that the follower is still busy with it. */
void install_pull(struct quorum *q, struct peer *from, const struct wire *w)
{
    if (!install_source_heard(q, from, w->chunk.stream)) return;
    struct keyframe_source *s = from->source;
    if (s->reading || w->chunk.offset >= s->size) return;
    s->offset = w->chunk.offset;
    s->job = (struct disk_job){
        .type = DISK_CALL, .call = install_source_read, .done = install_source_have_read};
    s->reading = true;
    turn_submit(q, &s->job);
}

/* After a result of this peer: has libraft seen the install succeed? */
void install_source_settled(struct quorum *q, struct peer *p)
{
    const struct raft_progress *progress = view_progress(q, p->id);
    if (!p->source || !progress || progress->state == PROGRESS_SNAPSHOT) return;
    install_source_end(q, p->source, 0);
}

/* When the keyframe could not be read, libraft waits for the follower's answer all the same, for
 * minutes, and sends it no entries: it is made to look where the follower stands, and tries again.
 */
static void install_unstick(struct quorum *q, const struct peer *p)
{
    struct raft_progress *progress = view_progress(q, p->id);
    if (!progress || progress->state != PROGRESS_SNAPSHOT || p->source || q->gets) return;
    progress->state = PROGRESS_PROBE;
    progress->snapshot_index = 0;
    mark(q, MARK_install_unstuck);
}

void install_sources_tick(struct quorum *q)
{
    for (unsigned i = 0; i < q->options.server_count; i++) {
        install_unstick(q, &q->peers[i]);
        struct keyframe_source *s = q->peers[i].source;
        if (!s || now_ms(q) - s->active_ms < install_stall_ms(q)) continue;
        mark(q, MARK_install_stalled);
        install_source_end(q, s, RAFT_NOCONNECTION);
    }
}

void install_sources_cancel(struct quorum *q)
{
    for (unsigned i = 0; i < q->options.server_count; i++)
        if (q->peers[i].source) install_source_end(q, q->peers[i].source, RAFT_CANCELED);
}
