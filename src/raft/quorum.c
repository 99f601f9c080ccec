#include "raft/past.h"
#include "raft/seats.h"

#include <assert.h>

enum {
    HEARTBEAT_MS = 100,
    ELECTION_MS = 1000,
    INSTALL_TIMEOUT_MS =
        10 * 60 * 1000, /* libraft's own; install_source.c notices a stall long before */
    KEYFRAME_BYTES = 32 * 1024 * 1024,
    KEYFRAME_ENTRIES = 100000,
    WINDOW_BYTES = 4 * 1024 * 1024,
};

static int quorum_check(const struct quorum_options *o, struct error *err)
{
    if (o->server_count == 0 || o->server_count > SEATS_MAX)
        return error_set(err, E_INVALID, "%u masters; 1 to %d are possible", o->server_count,
                         SEATS_MAX);
    for (unsigned i = 0; i < o->server_count; i++) {
        if (o->servers[i].id != i + 1)
            return error_set(err, E_INVALID, "the masters' seats are numbered from 1");
        for (unsigned k = 0; k < i; k++)
            if (strcmp(o->servers[k].address, o->servers[i].address) == 0)
                return error_set(err, E_INVALID, "two masters with one address");
    }
    bool replaces = o->server_count > 1 && o->id > o->server_count; /* seats.h */
    if (o->id == 0 || (o->id > o->server_count && !replaces))
        return error_set(err, E_INVALID, "server %llu is not among the masters",
                         (unsigned long long)o->id);
    if (o->heartbeat_ms >= o->election_ms)
        return error_set(err, E_INVALID, "heartbeat must be shorter than the election timeout");
    return 0;
}

static void quorum_defaults(struct quorum_options *o)
{
    if (!o->heartbeat_ms) o->heartbeat_ms = HEARTBEAT_MS;
    if (!o->election_ms) o->election_ms = ELECTION_MS;
    if (!o->keyframe_bytes) o->keyframe_bytes = KEYFRAME_BYTES;
    if (!o->keyframe_entries) o->keyframe_entries = KEYFRAME_ENTRIES;
    if (!o->piece_bytes) o->piece_bytes = PIECE_BYTES;
    if (!o->chunk_bytes || o->chunk_bytes > CHUNK_BYTES) o->chunk_bytes = CHUNK_BYTES;
    if (!o->window_bytes) o->window_bytes = WINDOW_BYTES;
}

static void quorum_peers(struct quorum *q)
{
    unsigned n = q->options.server_count;
    struct quorum_server *servers = mem_copy(q->options.servers, n * sizeof *servers);
    q->peers = mem_zalloc(n * sizeof *q->peers);
    q->holder = q->options.id;
    q->options.id = quorum_seat_of(q->holder, n);
    for (unsigned i = 0; i < n; i++) {
        servers[i].address = mem_strdup(servers[i].address);
        q->peers[i].id = q->peers[i].holder = servers[i].id;
        q->peers[i].address = servers[i].address;
        list_init(&q->peers[i].sends);
        if (servers[i].id == q->options.id) q->self = i;
    }
    q->peers[q->self].holder = q->holder;
    q->options.servers = servers;
}

static void quorum_free(struct quorum *q)
{
    for (unsigned i = 0; i < q->options.server_count; i++)
        mem_free((char *)q->options.servers[i].address);
    mem_free((struct quorum_server *)q->options.servers);
    mem_free(q->peers);
    mem_free((char *)q->options.cluster);
    mem_free(q);
}

int quorum_open(struct quorum **out, const struct quorum_options *options, struct error *err)
{
    struct quorum_options o = *options;
    quorum_defaults(&o);
    int rc = quorum_check(&o, err);
    if (rc) return rc;
    heap_install();
    struct quorum *q = mem_new(struct quorum);
    q->options = o;
    q->options.cluster = mem_strdup(o.cluster ? o.cluster : "");
    quorum_peers(q);
    list_init(&q->deferred);
    list_init(&q->held);
    q->loaded_revision = UINT64_MAX;
    reads_init(q);
    io_fill(q);
    keyframes_fill(q);
    if (raft_init(&q->raft, &q->io, &q->fsm, q->options.id, q->peers[q->self].address)) {
        rc = error_set(err, E_INVALID, "libraft: %s", q->io.errmsg);
        quorum_free(q);
        return rc;
    }
    raft_set_heartbeat_timeout(&q->raft, o.heartbeat_ms);
    raft_set_election_timeout(&q->raft, o.election_ms);
    raft_set_install_snapshot_timeout(&q->raft, INSTALL_TIMEOUT_MS);
    raft_set_snapshot_threshold(&q->raft, UINT32_MAX);
    raft_set_snapshot_trailing(&q->raft, TRAILING_AT_START);
    raft_set_pre_vote(&q->raft, true);
    *out = q;
    return 0;
}

/* The directory belongs to one server of one cluster, for ever. */
static int quorum_identify(struct quorum *q, struct error *err)
{
    struct store *s = q->options.disk->store;
    struct store_identity identity;
    int rc = store_identity_get(s, &identity, err);
    if (rc == E_NOTFOUND) {
        identity = (struct store_identity){.server_id = q->holder};
        snprintf(identity.cluster, sizeof identity.cluster, "%s", q->options.cluster);
        return store_identity_set(s, &identity, err);
    }
    if (rc) return rc;
    if (identity.server_id != q->holder || strcmp(identity.cluster, q->options.cluster) != 0)
        return error_set(err, E_CONFLICT, "the directory belongs to server %llu of cluster %s",
                         (unsigned long long)identity.server_id, identity.cluster);
    return 0;
}

static int quorum_bootstrap(struct quorum *q, struct error *err)
{
    struct store *s = q->options.disk->store;
    struct log_bounds bounds = store_bounds(s);
    if (bounds.last_index >= bounds.first_index && bounds.last_index > 0) return 0;
    struct keyframe *k;
    int found = keyframe_open(s, UINT64_MAX, &k, err);
    if (found == 0) keyframe_close(k);
    if (found != E_NOTFOUND && found != E_CORRUPT) return found;
    uint64_t term, vote;
    store_slot_get(s, &term, &vote);
    if (term > 1) /* it has taken part before: what it promised is lost, it must not vote again */
        return error_set(err, E_CORRUPT,
                         "the log is gone but term %llu is remembered: add this server anew",
                         (unsigned long long)term);
    struct raft_configuration conf;
    raft_configuration_init(&conf);
    for (unsigned i = 0; i < q->options.server_count; i++)
        raft_configuration_add(&conf, q->options.servers[i].id, q->options.servers[i].address,
                               RAFT_VOTER);
    int rc = raft_bootstrap(&q->raft, &conf);
    raft_configuration_close(&conf);
    return rc ? error_set(err, E_IO, "%s", q->io.errmsg) : 0;
}

int quorum_start(struct quorum *q, struct error *err)
{
    int rc = quorum_identify(q, err);
    if (rc == 0) rc = past_begin(q, err);
    if (rc == 0) rc = quorum_bootstrap(q, err);
    if (rc == 0) rc = keyframes_restore_at_start(q, err);
    if (rc) return rc;
    q->depth++;
    q->in_raft++;
    rc = raft_start(&q->raft);
    q->in_raft--;
    q->depth--;
    if (rc) return error_set(err, q->load_status ? q->load_status : E_CORRUPT, "%s", q->io.errmsg);
    q->started = true;
    /* The hint may be older than the keyframe: it is not synced, and the power may have failed. */
    q->committed_hint = store_committed_get(q->options.disk->store);
    q->last_tick_ms = now_ms(q);
    q->seen_state = RAFT_FOLLOWER;
    q->seen_term = q->raft.current_term;
    turn_begin(q);
    lead_observe(q); /* a single master leads at once */
    lead_peer_found(q);
    turn_quiet(q);
    return 0;
}

static void quorum_raft_closed(struct raft *r)
{
    (void)r;
}

static void quorum_fail_reads(struct quorum *q, struct deferred *d)
{
    (void)d;
    reads_fail_all(q, E_CLOSED);
}

/* Every job is back and every request of libraft answered: now its memory may go. */
void io_try_close(struct quorum *q)
{
    if (q->depth > 0 || q->jobs > 0 || !list_empty(&q->deferred) || !q->io_closed) return;
    q->io_closed(&q->io);
    void (*closed)(void *) = q->closed;
    void *arg = q->closed_arg;
    quorum_free(q);
    if (closed) closed(arg);
}

void quorum_close(struct quorum *q, void (*closed)(void *arg), void *arg)
{
    assert(!q->closing);
    q->closed = closed;
    q->closed_arg = arg;
    q->closing = true;
    turn_begin(q);
    receive_drop_held(q);
    install_target_abandon(q);
    q->in_raft++;
    raft_close(&q->raft, quorum_raft_closed);
    q->in_raft--;
    io_put_end(q, E_CLOSED);
    turn_defer(q, &q->close_reads, quorum_fail_reads);
    turn_quiet(q);
}
