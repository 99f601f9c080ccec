/* The follower's side, its ends: an offer is looked at, and when log and keyframe are here, and
 * only then, when nothing else is on its way to the disk, libraft gets its InstallSnapshot. So the
 * time in which libraft is "installing" is that of one log reset at most and one restore, and the
 * defects around long installs have no room (A2). */
#include "raft/install.h"
#include "raft/seats.h"

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
    q->past.stored = q->raft.last_stored;
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
    t->backfill.last = t->index;
    t->backfill.last_term = t->index_term;
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
    if (w->term < q->raft.current_term || install_conf_foreign(q, w->offer.conf) ||
        seats_offered(q, w->offer.seats, NULL)) {
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
        if (t->state == TARGET_PULLING || t->state == TARGET_FETCHING) install_target_pull(q, t);
        return;
    }
    install_target_abandon(q);
    if (q->installing) return; /* the offer comes again */
    t = install_target_new(q, from, w);
    q->target = t;
    if (install_have(q, w)) {
        t->settled = true;
        t->state = TARGET_READY;
        install_try_deliver(q);
    } else {
        install_target_next(q, t);
    }
}
