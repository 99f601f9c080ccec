#include "raft/seats.h"

#include "raft/past.h"

#include <endian.h>

struct claim { /* who sits there; the committed entry that gave him the seat, 0: none is known */
    uint64_t holder, index;
};

/* The committed entry that is known for a seat: noted beside the past of its holder, which leaves
 * ourselves out. */
static uint64_t *seats_index(struct quorum *q, unsigned position)
{
    if (position == q->self) return &q->past.known.seat;
    return &q->past.known.seats[position < q->self ? position : position - 1];
}

static bool seats_is_original(const struct quorum *q, uint64_t holder)
{
    return holder <= q->options.server_count;
}

static void seats_note(struct quorum *q)
{
    struct error err;
    if (past_note(q, &err)) trace_fatal("quorum", "cannot note who sits where: %s", err.text);
}

void seats_load(struct quorum *q, const struct store_past *noted)
{
    struct store_past *known = &q->past.known;
    unsigned n = q->options.server_count;
    for (unsigned i = 0; i < n; i++) {
        if (i == q->self) continue;
        struct store_peer *p = &known->peers[known->count];
        *p = (struct store_peer){.id = q->peers[i].id};
        for (uint32_t k = 0; k < noted->count; k++)
            if (noted->peers[k].id && (noted->peers[k].id - 1) % n == i) {
                *p = noted->peers[k];
                known->seats[known->count] = noted->seats[k];
            }
        q->peers[i].holder = p->id;
        known->count++;
    }
    q->peers[q->self].holder = q->holder;
    known->seat = noted->seat;
    known->seated = noted->seated;
}

bool seats_abstains(const struct quorum *q)
{
    return !seats_is_original(q, q->holder) && !q->past.known.seated;
}

bool seats_taken(const struct quorum *q, const struct peer *p)
{
    return seats_is_original(q, p->holder) || p->met == p->holder;
}

/* What the earlier holder confirmed to us as leader is his: the next one is asked from the start.
 */
static void seats_lose(struct quorum *q, struct peer *p)
{
    struct raft_progress *progress = view_progress(q, p->id);
    if (progress) {
        progress->match_index = progress->snapshot_index = 0;
        progress->next_index = view_last_index(q) + 1;
        progress->state = PROGRESS_PROBE;
        progress->recent_recv = false;
    }
    p->met = 0;
    p->up = false;
    receive_drop_held(q); /* what he sent may be among it; the others repeat theirs */
    mark(q, MARK_seat_lost);
    trace_info("quorum", "server %llu takes the seat of a server before it",
               (unsigned long long)p->holder);
}

/* True: something is known better now. */
static bool seats_merge(struct quorum *q, unsigned position, struct claim c)
{
    struct peer *p = &q->peers[position];
    uint64_t *index = seats_index(q, position);
    if (c.holder < p->holder || (c.holder == p->holder && (!c.index || *index))) return false;
    if (position == q->self && c.holder != q->holder) return false; /* seats_own */
    if (c.holder != p->holder) {
        p->holder = c.holder;
        q->past.known.peers[index - q->past.known.seats] = (struct store_peer){.id = c.holder};
        seats_lose(q, p);
    }
    *index = c.index;
    return true;
}

/* Somebody else sits where we do: for good, if that is committed. */
static int seats_own(struct quorum *q, struct claim c, struct error *err)
{
    if (c.holder <= q->holder) return 0;
    if (c.index) {
        q->past.known.refused = 1;
        seats_note(q);
        trace_fatal("quorum", "server %llu was replaced by server %llu: it must not run any more",
                    (unsigned long long)q->holder, (unsigned long long)c.holder);
    }
    return error_set(err, E_DENIED, "server %llu is to take our seat",
                     (unsigned long long)c.holder);
}

void seats_put(const struct quorum *q, struct buf *out)
{
    const struct store_past *known = &q->past.known;
    for (unsigned i = 0, k = 0; i < q->options.server_count; i++) {
        uint64_t ours = known->seated ? known->seat : 0;
        uint64_t claim[2] = {htole64(q->peers[i].holder),
                             htole64(i == q->self ? ours : known->seats[k])};
        if (i != q->self) k++;
        buf_append(out, claim, sizeof claim);
    }
}

static int seats_read(const struct quorum *q, struct str bytes, struct claim *out,
                      struct error *err)
{
    unsigned n = q->options.server_count;
    if (bytes.n != n * sizeof *out) return error_set(err, E_INVALID, "seats: length");
    memcpy(out, bytes.p, bytes.n);
    for (unsigned i = 0; i < n; i++) {
        out[i] = (struct claim){le64toh(out[i].holder), le64toh(out[i].index)};
        if (out[i].holder == 0 || (out[i].holder - 1) % n != i)
            return error_set(err, E_INVALID, "seats: a holder of another seat");
    }
    return 0;
}

/* Who says that it sits there, against what we know. */
static int seats_admit(struct quorum *q, unsigned position, uint64_t holder, struct error *err)
{
    struct peer *p = &q->peers[position];
    int rc = 0;
    if (holder < p->holder)
        rc = error_set(err, E_DENIED, "server %llu was replaced by server %llu",
                       (unsigned long long)holder, (unsigned long long)p->holder);
    else if (holder > p->holder || (!seats_is_original(q, holder) && !*seats_index(q, position)))
        rc = error_set(err, E_DENIED, "server %llu has not been given its seat yet",
                       (unsigned long long)holder);
    if (rc)
        mark(q, holder < p->holder ? MARK_seat_refused : MARK_seat_waits);
    else
        p->met = holder;
    return rc;
}

int seats_told(struct quorum *q, uint64_t from, struct str bytes, bool *changed, struct error *err)
{
    struct claim claims[SEATS_MAX];
    int rc = seats_read(q, bytes, claims, err);
    if (!rc) rc = seats_own(q, claims[q->self], err);
    if (rc) return rc;
    for (unsigned i = 0; i < q->options.server_count; i++)
        if (q->peers[i].id != from || claims[i].index) *changed |= seats_merge(q, i, claims[i]);
    const struct peer *p = peer_find(q, from);
    if (!p) return 0;
    unsigned position = (unsigned)(p - q->peers);
    return seats_admit(q, position, claims[position].holder, err);
}

int seats_offered(struct quorum *q, struct str bytes, struct error *err)
{
    bool changed = false;
    int rc = seats_told(q, 0, bytes, &changed, err);
    if (changed) seats_note(q);
    return rc;
}

bool seats_is_entry(const struct raft_entry *e)
{
    return e->type == RAFT_COMMAND && wire_is_seat((struct str){e->buf.base, e->buf.len});
}

static uint64_t seats_holder_of(const struct quorum *q, struct str payload, unsigned *position)
{
    uint64_t holder;
    memcpy(&holder, payload.p, sizeof holder);
    holder = le64toh(holder);
    *position = (unsigned)((holder - 1) % q->options.server_count);
    return holder;
}

void seats_stored(struct quorum *q, const struct raft_entry *e)
{
    unsigned position;
    uint64_t holder =
        seats_holder_of(q, (struct str){(char *)e->buf.base + ENTRY_HEADER, SEAT_BYTES}, &position);
    if (holder && seats_merge(q, position, (struct claim){holder, 0})) seats_note(q);
}

void seats_applied(struct quorum *q, uint64_t index, struct str payload)
{
    unsigned position;
    uint64_t holder = seats_holder_of(q, payload, &position);
    if (!holder) return;
    mark(q, MARK_seat_given);
    if (position == q->self) (void)seats_own(q, (struct claim){holder, index}, NULL);
    if (seats_merge(q, position, (struct claim){holder, index})) seats_note(q);
}

void seats_tick(struct quorum *q)
{
    struct store_past *known = &q->past.known;
    if (!seats_abstains(q) || !known->seat || q->raft.last_applied < known->seat) return;
    known->seated = 1;
    seats_note(q);
    mark(q, MARK_seat_held);
    trace_info("quorum", "server %llu has everything that was there before it: it votes",
               (unsigned long long)q->holder);
}
