/* libraft's snapshots are our keyframes: the application writes them, raft holds only a descriptor
 * (the revision). When one is written raft frees its memory before it; the log on disk stays, it is
 * the history. */
#include "raft/seats.h"

static uint64_t keyframes_bytes_due(const struct quorum *q)
{
    return q->options.keyframe_bytes;
}

static bool keyframes_may(const struct quorum *q)
{
    return !q->put && now_ms(q) >= q->retry_keyframe_ms;
}

/* Before libraft looks at its threshold, after every applied command: is a keyframe due? */
void keyframes_consider(struct quorum *q)
{
    uint64_t entries = q->raft.last_applied + 1 - q->raft.log.snapshot.last_index;
    bool due = q->renew || entries >= q->options.keyframe_entries ||
               q->since_bytes >= keyframes_bytes_due(q);
    raft_set_snapshot_threshold(&q->raft, due && keyframes_may(q) ? 1 : UINT32_MAX);
}

static void keyframes_renewing(struct raft_barrier *req, int status)
{
    struct quorum *q = req->data;
    (void)status; /* asked again, if need be */
    q->renewing = false;
}

void keyframes_renew(struct quorum *q)
{
    if (!q->renew) {
        mark(q, MARK_keyframe_renewed);
        trace_warn("quorum", "no keyframe can be offered: a new one is made");
    }
    q->renew = true;
    if (!keyframes_may(q) || q->renewing || !is_ready(q)) return;
    keyframes_consider(q);
    q->renewal.data = q;
    int rc;
    RAFT_CALL(q, rc = raft_barrier(&q->raft, &q->renewal, keyframes_renewing));
    q->renewing = rc == 0;
}

static int fsm_apply(struct raft_fsm *fsm, const struct raft_buffer *buf, void **result)
{
    struct quorum *q = fsm->data;
    uint64_t index = q->raft.last_applied + 1;
    struct str payload = {(const char *)buf->base + ENTRY_HEADER, buf->len - ENTRY_HEADER};
    if (wire_is_seat((struct str){buf->base, buf->len}))
        seats_applied(q, index, payload);
    else
        q->options.fsm.apply(q->options.fsm.ctx, index, view_term(q, index), payload);
    q->since_bytes += buf->len;
    keyframes_consider(q);
    *result = NULL;
    return 0;
}

static int fsm_snapshot(struct raft_fsm *fsm, struct raft_buffer *bufs[], unsigned *n_bufs)
{
    struct quorum *q = fsm->data;
    if (!q->options.fsm.keyframe) return RAFT_BUSY;
    *bufs = raft_malloc(sizeof **bufs);
    (*bufs)[0] = (struct raft_buffer){raft_calloc(1, sizeof(uint64_t)), sizeof(uint64_t)};
    *n_bufs = 1;
    return 0;
}

static int keyframes_restore(struct quorum *q, uint64_t revision, struct error *err)
{
    struct keyframe *k;
    int rc = keyframe_open(q->options.disk->store, revision, &k, err);
    if (rc) return rc;
    uint64_t found = keyframe_meta(k)->revision, index = keyframe_meta(k)->index;
    rc = q->options.fsm.restore(q->options.fsm.ctx, k, err);
    keyframe_close(k);
    if (rc) return error_wrap(err, rc, "keyframe %llu", (unsigned long long)found);
    q->loaded_revision = found;
    q->keyframe_index = index;
    q->since_bytes = 0;
    return 0;
}

/* Called by libraft at start and after an install; it owns nothing but the descriptor. */
static int fsm_restore(struct raft_fsm *fsm, struct raft_buffer *buf)
{
    struct quorum *q = fsm->data;
    uint64_t revision;
    memcpy(&revision, buf->base, sizeof revision);
    raft_free(buf->base);
    if (q->restored_early) {
        q->restored_early = false;
        return 0;
    }
    struct error err;
    if (keyframes_restore(q, revision, &err))
        trace_fatal("quorum", "a received keyframe cannot be restored: %s", err.text);
    q->installing = false;
    return 0;
}

void keyframes_fill(struct quorum *q)
{
    q->fsm = (struct raft_fsm){.version = 1,
                               .data = q,
                               .apply = fsm_apply,
                               .snapshot = fsm_snapshot,
                               .restore = fsm_restore};
}

/* Keyframe and log must fit together. E_GONE: the keyframe is beyond the log, or the log
 * contradicts it, as a crash between receiving it and installing it leaves them. Equal term but
 * unequal chain is damage. */
static int keyframes_fit(struct quorum *q, const struct keyframe_meta *meta, struct error *err)
{
    struct store *s = q->options.disk->store;
    struct log_bounds bounds = store_bounds(s);
    bool empty = bounds.last_index < bounds.first_index;
    uint64_t term = 0;
    struct digest chain;
    if (!empty && bounds.first_index == meta->index + 1)
        return 0; /* reset at this keyframe before */
    if (!empty && meta->index >= bounds.first_index && meta->index <= bounds.last_index) {
        int rc = store_term_at(s, meta->index, &term, err);
        if (rc == 0 && term == meta->term) {
            rc = store_chain_at(s, meta->index, &chain, err);
            if (rc == 0 && !digest_equal(&chain, &meta->chain))
                rc = error_set(err, E_CORRUPT, "log and keyframe %llu differ at index %llu",
                               (unsigned long long)meta->revision, (unsigned long long)meta->index);
            return rc;
        }
        if (rc) return rc;
    } else if (empty && bounds.last_index == meta->index) {
        return 0;
    } else if (!empty && meta->index < bounds.first_index) {
        return error_set(err, E_CORRUPT, "log: begins at %llu, after keyframe at index %llu",
                         (unsigned long long)bounds.first_index, (unsigned long long)meta->index);
    }
    return error_set(err, E_GONE, "keyframe %llu is beyond the log",
                     (unsigned long long)meta->revision);
}

/* With a log that can start by itself the keyframe is left for later: it comes again, and the log
 * is completed before it, so no history is lost. Without one the log goes on after the keyframe,
 * which is committed state. */
static int keyframes_beyond(struct quorum *q, uint64_t revision, bool untouched, struct error *err)
{
    struct store *s = q->options.disk->store;
    struct log_bounds bounds = store_bounds(s);
    if (untouched && bounds.first_index == 1 && bounds.last_index >= 1) {
        mark(q, MARK_keyframe_passed_over);
        return 0;
    }
    struct keyframe *k;
    int rc = keyframe_open(s, revision, &k, err);
    if (rc) return rc;
    const struct keyframe_meta *meta = keyframe_meta(k);
    mark(q, MARK_keyframe_ahead_of_log);
    trace_warn("quorum", "the log goes on after keyframe %llu (index %llu)",
               (unsigned long long)meta->revision, (unsigned long long)meta->index);
    rc = store_reset(s, meta->index, meta->term, &meta->chain, err);
    keyframe_close(k);
    if (!rc) rc = keyframes_restore(q, revision, err);
    if (!rc) q->restored_early = true;
    return rc;
}

/* No keyframe is whole. The history is kept from the first entry on, unless the log was ever
 * replaced: then folding all of it gives the same state, as long as nothing was restored half. */
static int keyframes_do_without(struct quorum *q, int why, bool untouched, struct error *err)
{
    struct log_bounds bounds = store_bounds(q->options.disk->store);
    if (!untouched || bounds.first_index != 1 || bounds.last_index == 0) {
        if (why == E_NOTFOUND) return error_set(err, E_CORRUPT, "no keyframe can be restored");
        return why;
    }
    trace_error("quorum", "no keyframe is whole: the log is folded from its first entry");
    return 0;
}

/* The newest keyframe that restores; a damaged one is named and the one before it taken, at the
 * price of a longer log to fold. */
int keyframes_restore_at_start(struct quorum *q, struct error *err)
{
    uint64_t at_most = UINT64_MAX, beyond = 0;
    unsigned damaged = 0;
    q->loaded_revision = UINT64_MAX;
    for (;;) {
        struct keyframe *k;
        int rc = keyframe_open(q->options.disk->store, at_most, &k, err);
        if ((rc == E_NOTFOUND || rc == E_CORRUPT) && beyond)
            return keyframes_beyond(q, beyond, damaged == 0, err);
        if (rc == E_NOTFOUND && damaged == 0) return 0;
        if (rc == E_NOTFOUND || rc == E_CORRUPT)
            return keyframes_do_without(q, rc, damaged == 0, err);
        if (rc) return rc;
        uint64_t revision = keyframe_meta(k)->revision;
        rc = keyframes_fit(q, keyframe_meta(k), err);
        keyframe_close(k);
        if (rc == E_GONE && revision > 0) {
            beyond = beyond ? beyond : revision;
            at_most = revision - 1;
            continue;
        }
        if (rc) return rc;
        rc = keyframes_restore(q, revision, err);
        if (rc == 0) {
            q->restored_early = true;
            return 0;
        }
        if (rc != E_CORRUPT || revision == 0) return rc;
        trace_error("quorum", "%s", err ? err->text : "a keyframe is damaged");
        damaged++;
        at_most = revision - 1;
    }
}
