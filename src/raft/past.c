#include "raft/past.h"

#include "raft/lives.h"
#include "raft/seats.h"

#include <endian.h>
#include <stdio.h>

/* On the wire, little-endian: first what the sender is, then what it has seen of the receiver (of
 * the one that it knows there), then who sits where (seats.h). */
enum { NOTE_MS = 1000, GREETING = 8 };

static struct store_peer *past_of(struct store_past *p, uint64_t id)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->peers[i].id == id) return &p->peers[i];
    return NULL;
}

static struct store_peer past_now(const struct quorum *q)
{
    return (struct store_peer){.boot = q->past.known.boot,
                               .life = q->past.known.life,
                               .term = q->raft.current_term,
                               .index = q->installing ? q->past.stored : q->raft.last_stored};
}

int past_note(struct quorum *q, struct error *err)
{
    int rc = store_past_set(q->options.disk->store, &q->past.known, ++q->past.version, err);
    if (!rc) q->past.noted = q->past.known;
    return rc;
}

int past_begin(struct quorum *q, struct error *err)
{
    struct store_past *known = &q->past.known, old = {0};
    int rc = store_past_get(q->options.disk->store, &old, err);
    if (rc && rc != E_NOTFOUND) return rc;
    if (old.refused)
        return error_set(err, E_CORRUPT,
                         "this is an older copy of the master's data, the others have refused it: "
                         "'logship master replace' replaces m%llu by an empty one under a new id",
                         (unsigned long long)q->holder);
    *known = (struct store_past){.boot = old.boot + 1};
    q->options.host->random(q->options.host, &known->life, sizeof known->life);
    lives_begin(q);
    seats_load(q, &old);
    return past_note(q, err);
}

static int past_behind(const struct store_peer *is, const struct store_peer *seen,
                       struct error *err)
{
    if (is->boot < seen->boot)
        return error_set(err, E_DENIED, "it starts for time %llu, but start %llu was seen",
                         (unsigned long long)is->boot, (unsigned long long)seen->boot);
    if (is->boot == seen->boot && is->life != seen->life)
        return error_set(err, E_DENIED, "start %llu was another one", (unsigned long long)is->boot);
    if (is->term < seen->term)
        return error_set(err, E_DENIED, "it is in term %llu, but was seen in term %llu",
                         (unsigned long long)is->term, (unsigned long long)seen->term);
    if (is->term == seen->term && is->index < seen->index)
        return error_set(err, E_DENIED, "in term %llu it has entries up to %llu, but had %llu",
                         (unsigned long long)is->term, (unsigned long long)is->index,
                         (unsigned long long)seen->index);
    return 0;
}

void quorum_greet(struct quorum *q, uint64_t to, struct buf *out)
{
    struct store_peer now = past_now(q), none = {0},
                      *seen = past_of(&q->past.known, quorum_holder(q, to));
    if (!seen) seen = &none;
    const uint64_t fields[] = {now.boot,   now.life,   now.term,   now.index,
                               seen->boot, seen->life, seen->term, seen->index};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint64_t field = htole64(fields[i]);
        buf_append(out, &field, sizeof field);
    }
    seats_put(q, out);
}

/* Others count on what this copy does not have. */
static void past_end(struct quorum *q, uint64_t from, const struct error *why)
{
    struct error err;
    q->past.known.refused = 1;
    if (past_note(q, &err)) trace_error("quorum", "%s", err.text);
    trace_fatal("quorum",
                "server %llu was restored from an older copy of its data, or lost it: server %llu "
                "says %s; 'logship master replace' replaces it by an empty one under a new id",
                (unsigned long long)q->holder, (unsigned long long)from, why->text);
}

/* Have they seen more of us than we have, or a start that was not ours? */
static int past_lost(const struct quorum *q, const struct store_peer *seen, struct error *err)
{
    const struct store_peer now = past_now(q);
    uint64_t life = seen->boot < now.boot ? lives_at(q, seen->boot) : 0;
    if (life && life != seen->life)
        return error_set(err, E_DENIED, "start %llu was another one",
                         (unsigned long long)seen->boot);
    return past_behind(&now, seen, err);
}

/* Their part. A start counts as seen when it has answered us: then it has looked at what we had
 * seen before, and found that to be its own. */
static int past_greeted(struct quorum *q, uint64_t from, const uint64_t f[GREETING], bool answer,
                        struct error *err)
{
    uint64_t id = quorum_holder(q, from);
    struct store_peer *seen = past_of(&q->past.known, id);
    const struct store_peer theirs = {id, f[0], f[1], f[2], f[3]};
    struct error why;
    if (past_behind(&theirs, seen, &why)) {
        mark(q, MARK_past_refused);
        return error_set(err, E_DENIED,
                         "server %llu was restored from an older copy of its data, or lost it: %s; "
                         "'logship master replace' replaces it by an empty one under a new id",
                         (unsigned long long)id, why.text);
    }
    if (answer) {
        seen->boot = theirs.boot;
        seen->life = theirs.life;
    }
    past_saw(q, peer_find(q, from), theirs.term, 0); /* its last entries may yet be replaced */
    return 0;
}

int quorum_greeted(struct quorum *q, uint64_t from, struct str bytes, bool answer,
                   struct error *err)
{
    uint64_t f[GREETING], holder;
    struct str seats = {bytes.p + sizeof f, bytes.n - sizeof f};
    if (!peer_find(q, from) || bytes.n != sizeof f + q->options.server_count * 2 * sizeof(uint64_t))
        return error_set(err, E_INVALID, "a greeting is damaged");
    memcpy(f, bytes.p, sizeof f);
    for (size_t i = 0; i < GREETING; i++) f[i] = le64toh(f[i]);
    memcpy(&holder, seats.p + q->self * 2 * sizeof holder, sizeof holder);
    /* Of whoever held our seat before us it is not ours. */
    const struct store_peer ours = {q->holder, f[4], f[5], f[6], f[7]};
    struct error why;
    if (le64toh(holder) == q->holder && past_lost(q, &ours, &why)) past_end(q, from, &why);
    struct store_past before = q->past.known;
    bool changed = false;
    int rc = seats_told(q, from, seats, &changed, err);
    if (!rc) rc = past_greeted(q, from, f, answer, err);
    const struct store_peer *seen = past_of(&q->past.known, quorum_holder(q, from)),
                            *old = past_of(&before, quorum_holder(q, from));
    if (!rc) changed |= !old || old->boot != seen->boot;
    int noted = changed ? past_note(q, rc ? NULL : err) : 0;
    return rc ? rc : noted;
}

void past_saw(struct quorum *q, const struct peer *p, uint64_t term, uint64_t index)
{
    struct store_peer *seen = past_of(&q->past.known, p->holder);
    if (!seen || term < seen->term) return;
    if (term > seen->term) seen->index = 0;
    seen->term = term;
    if (seen->index < index) seen->index = index;
}

struct noting {
    struct disk_job job;
    struct quorum *q;
    struct store_past past;
    uint64_t version;
};

static int past_noting(struct disk_job *job, struct store *s)
{
    struct noting *n = container_of(job, struct noting, job);
    struct error err;
    int rc = store_past_set(s, &n->past, n->version, &err);
    if (rc) trace_warn("quorum", "what was seen of the others is not noted: %s", err.text);
    return rc;
}

static void past_was_noted(struct disk_job *job, int status)
{
    struct noting *n = container_of(job, struct noting, job);
    struct quorum *q = n->q;
    (void)status; /* what is not noted now is with the next */
    turn_begin(q);
    turn_job_done(q);
    q->past.noting = false;
    mem_free(n);
    turn_end(q);
}

static bool past_is_due(const struct quorum *q)
{
    if (q->past.noting || now_ms(q) - q->past.noted_ms < NOTE_MS) return false;
    return memcmp(&q->past.known, &q->past.noted, sizeof q->past.known) != 0;
}

void past_tick(struct quorum *q)
{
    if (!past_is_due(q)) return;
    struct noting *n = mem_new(struct noting);
    *n = (struct noting){.q = q, .past = q->past.known, .version = ++q->past.version};
    n->job = (struct disk_job){.type = DISK_CALL, .call = past_noting, .done = past_was_noted};
    q->past.noted = q->past.known;
    q->past.noted_ms = now_ms(q);
    q->past.noting = true;
    turn_submit(q, &n->job);
}
