/* struct raft_io: what libraft remembers (term, vote, log, newest keyframe), time and randomness.
 */
#include "raft/backfill.h"
#include "raft/seats.h"

#include <endian.h>

static int io_init(struct raft_io *io, raft_id id, const char *address)
{
    (void)io, (void)id, (void)address;
    return 0;
}

/* Term and vote are synced when this returns, or the process ends: libraft cannot bear a failure
 * here. */
static void io_slot_set(struct quorum *q, uint64_t term, uint64_t vote)
{
    struct error err;
    if (store_slot_set(q->options.disk->store, term, vote, &err))
        trace_fatal("quorum", "cannot store term %llu and vote: %s", (unsigned long long)term,
                    err.text);
}

static int io_set_term(struct raft_io *io, raft_term term)
{
    io_slot_set(io_quorum(io), term, 0);
    return 0;
}

static int io_set_vote(struct raft_io *io, raft_id id)
{
    struct quorum *q = io_quorum(io);
    if (guard_s5_second_vote(q, id))
        trace_fatal("quorum", "a second vote in one term, for server %llu", (unsigned long long)id);
    if (id && seats_abstains(q)) trace_fatal("quorum", "a vote before it is one's to give");
    uint64_t term, vote;
    store_slot_get(q->options.disk->store, &term, &vote);
    io_slot_set(q, term, id);
    return 0;
}

/* The first entry, equal on every master: the members. */
int io_bootstrap(struct raft_io *io, const struct raft_configuration *conf)
{
    struct quorum *q = io_quorum(io);
    size_t n;
    void *bytes = configuration_write(conf, &n);
    struct record first = {.index = 1, .term = 1, .type = RAFT_CHANGE, .payload = {bytes, n}};
    struct error err;
    io_slot_set(q, 1, 0);
    int rc = store_append(q->options.disk->store, &first, 1, &err);
    raft_free(bytes);
    if (rc) {
        snprintf(io->errmsg, sizeof io->errmsg, "bootstrap: %.200s", err.text);
        return RAFT_IOERR;
    }
    return 0;
}

/* Not offered: after the loss of a quorum a cluster is restored from a keyframe, not patched. */
int io_recover(struct raft_io *io, const struct raft_configuration *conf)
{
    (void)io, (void)conf;
    return RAFT_INVALID;
}

/* An entry in memory is what goes over the wire: a command bears its record's revision and time in
 * front. */
static struct raft_entry io_entry_of(const struct record *r)
{
    bool seat = r->type == RECORD_SEAT;
    size_t head = r->type == RAFT_COMMAND || seat ? ENTRY_HEADER : 0;
    size_t n = r->type == RAFT_BARRIER ? 8 : head + r->payload.n;
    char *bytes = raft_malloc(n);
    if (r->type == RAFT_BARRIER) {
        memset(bytes, 0, n);
    } else {
        uint64_t header[2] = {seat ? SEAT_REVISION : htole64(r->first_revision),
                              htole64((uint64_t)r->time_ms)};
        memcpy(bytes, header, head);
        if (r->payload.n) memcpy(bytes + head, r->payload.p, r->payload.n);
    }
    return (struct raft_entry){
        .term = r->term, .type = seat ? RAFT_COMMAND : r->type, .buf = {.base = bytes, .len = n}};
}

struct loading {
    struct raft_entry *entries;
    size_t count, room;
};

static int io_load_entries(struct store *s, uint64_t start, uint64_t last, struct loading *out,
                           struct error *err)
{
    struct store_cursor *c;
    int rc = last >= start ? store_cursor_open(s, start, &c, err) : E_NOTFOUND;
    if (last < start) return 0;
    if (rc) return rc;
    uint64_t expected = start;
    struct record r;
    while (expected <= last && (rc = store_cursor_next(c, &r, err)) == 0) {
        if (r.index != expected) {
            rc = error_set(err, E_CORRUPT, "log: record %llu where %llu was expected",
                           (unsigned long long)r.index, (unsigned long long)expected);
            break;
        }
        if (out->count == out->room) {
            out->room = out->room ? out->room * 2 : 256;
            out->entries = raft_realloc(out->entries, out->room * sizeof *out->entries);
        }
        out->entries[out->count++] = io_entry_of(&r);
        expected++;
    }
    store_cursor_close(c);
    if (rc == E_NOTFOUND)
        rc = error_set(err, E_CORRUPT, "log: ends before record %llu", (unsigned long long)last);
    return rc;
}

static struct raft_snapshot *io_snapshot_of(const struct keyframe_meta *meta, struct error *err)
{
    struct raft_snapshot *snapshot = raft_calloc(1, sizeof *snapshot);
    if (configuration_read(meta->configuration, &snapshot->configuration, err)) {
        raft_free(snapshot);
        return NULL;
    }
    snapshot->index = meta->index;
    snapshot->term = meta->term;
    snapshot->configuration_index = meta->configuration_index;
    snapshot->bufs = raft_malloc(sizeof *snapshot->bufs);
    snapshot->bufs[0] = (struct raft_buffer){raft_malloc(sizeof(uint64_t)), sizeof(uint64_t)};
    memcpy(snapshot->bufs[0].base, &meta->revision, sizeof meta->revision);
    snapshot->n_bufs = 1;
    return snapshot;
}

/* The newest keyframe that the start restored, and the log behind it (with a few entries before it,
 * for followers that are only a little behind). keyframes_restore_at_start has made the two fit
 * together. */
static int io_load_all(struct quorum *q, struct raft_snapshot **snapshot, uint64_t *start,
                       struct loading *loading, struct error *err)
{
    struct store *s = q->options.disk->store;
    struct log_bounds bounds = store_bounds(s);
    *start = bounds.first_index ? bounds.first_index : 1;
    if (q->loaded_revision != UINT64_MAX) {
        struct keyframe *k;
        int rc = keyframe_open(s, q->loaded_revision, &k, err);
        if (rc) return rc;
        const struct keyframe_meta *meta = keyframe_meta(k);
        uint64_t trailing =
            q->options.trailing_entries ? q->options.trailing_entries : TRAILING_AT_START;
        uint64_t wanted = meta->index >= trailing ? meta->index - trailing + 1 : 1;
        if (*start < wanted) *start = wanted;
        *snapshot = io_snapshot_of(meta, err);
        q->keyframe_index = meta->index;
        keyframe_close(k);
        if (!*snapshot) return E_CORRUPT;
        if (*start > (*snapshot)->index + 1)
            return error_set(err, E_CORRUPT, "log: begins at %llu, after keyframe %llu",
                             (unsigned long long)*start, (unsigned long long)(*snapshot)->index);
    }
    uint64_t last;
    int rc = backfill_at_start(q, *snapshot ? (*snapshot)->index : 0, &last, err);
    if (rc) return rc;
    q->log_last = last;
    if (*snapshot && q->log_last < (*snapshot)->index) q->log_last = (*snapshot)->index;
    return io_load_entries(s, *start, last, loading, err);
}

int io_load(struct raft_io *io, raft_term *term, raft_id *vote, struct raft_snapshot **out_snapshot,
            raft_index *out_start, struct raft_entry *out_entries[], size_t *out_n)
{
    struct quorum *q = io_quorum(io);
    struct loading loading = {0};
    struct raft_snapshot *snapshot = NULL;
    uint64_t start = 1, slot_term, slot_vote;
    struct error err = {0};
    if (io_load_all(q, &snapshot, &start, &loading, &err)) {
        snprintf(io->errmsg, sizeof io->errmsg, "%.250s", err.text);
        q->load_status = err.code; /* a disk that fails is not one that is damaged */
        for (size_t i = 0; i < loading.count; i++) raft_free(loading.entries[i].buf.base);
        raft_free(loading.entries);
        if (snapshot) {
            raft_configuration_close(&snapshot->configuration);
            raft_free(snapshot->bufs[0].base);
            raft_free(snapshot->bufs);
            raft_free(snapshot);
        }
        return RAFT_CORRUPT;
    }
    if (loading.count == 0 && snapshot) start = snapshot->index + 1;
    store_slot_get(q->options.disk->store, &slot_term, &slot_vote);
    *term = slot_term;
    *vote = slot_vote;
    *out_snapshot = snapshot;
    *out_start = start;
    *out_entries = loading.entries;
    *out_n = loading.count;
    return 0;
}

static int io_start(struct raft_io *io, unsigned ms, raft_io_tick_cb tick, raft_io_recv_cb recv)
{
    struct quorum *q = io_quorum(io);
    (void)ms; /* our caller ticks */
    q->tick = tick;
    q->recv = recv;
    return 0;
}

static raft_time io_time(struct raft_io *io)
{
    return now_ms(io_quorum(io));
}

static int io_random(struct raft_io *io, int min, int max)
{
    struct quorum *q = io_quorum(io);
    uint32_t r;
    q->options.host->random(q->options.host, &r, sizeof r);
    return max <= min ? min : min + (int)(r % (uint32_t)(max - min + 1));
}

/* libraft may only be closed once it has every callback back; the jobs at the disk are waited for.
 */
static void io_close(struct raft_io *io, raft_io_close_cb cb)
{
    struct quorum *q = io_quorum(io);
    q->io_closed = cb;
    io_sends_cancel(q);
}

void io_fill(struct quorum *q)
{
    q->io = (struct raft_io){
        .version = 1,
        .impl = q,
        .init = io_init,
        .close = io_close,
        .load = io_load,
        .start = io_start,
        .bootstrap = io_bootstrap,
        .recover = io_recover,
        .set_term = io_set_term,
        .set_vote = io_set_vote,
        .send = io_send,
        .append = io_append,
        .truncate = io_truncate,
        .snapshot_put = io_snapshot_put,
        .snapshot_get = io_snapshot_get,
        .time = io_time,
        .random = io_random,
    };
}
