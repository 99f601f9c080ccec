#include "raft/past.h"

#include <endian.h>
#include <stdio.h>

enum { NOTE_MS = 1000 };

/* On the wire, little-endian: first what the sender is, then what it has seen of the receiver. */
struct greeting {
    uint64_t boot, life, term, index;
    uint64_t seen_boot, seen_life, seen_term, seen_index;
};

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

static int past_note(struct quorum *q, struct error *err)
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
                         "remove server %llu from the cluster and join it, empty, under a new id",
                         (unsigned long long)q->options.id);
    *known = (struct store_past){.boot = old.boot + 1};
    q->options.host->random(q->options.host, &known->life, sizeof known->life);
    for (unsigned i = 0; i < q->options.server_count; i++) {
        if (i == q->self) continue;
        const struct store_peer *p = past_of(&old, q->peers[i].id);
        known->peers[known->count++] = p ? *p : (struct store_peer){.id = q->peers[i].id};
    }
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
    struct store_peer now = past_now(q), *seen = past_of(&q->past.known, to), none = {0};
    if (!seen) seen = &none;
    const uint64_t fields[] = {now.boot,   now.life,   now.term,   now.index,
                               seen->boot, seen->life, seen->term, seen->index};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint64_t field = htole64(fields[i]);
        buf_append(out, &field, sizeof field);
    }
}

/* Others count on what this copy does not have. */
static void past_end(struct quorum *q, uint64_t from, const struct error *why)
{
    struct error err;
    q->past.known.refused = 1;
    if (past_note(q, &err)) trace_error("quorum", "%s", err.text);
    trace_fatal("quorum",
                "server %llu was restored from an older copy of its data, or lost it: server %llu "
                "says %s; remove it from the cluster and join it, empty, under a new id",
                (unsigned long long)q->options.id, (unsigned long long)from, why->text);
}

int quorum_greeted(struct quorum *q, uint64_t from, struct str bytes, struct error *err)
{
    uint64_t f[sizeof(struct greeting) / sizeof(uint64_t)];
    struct store_peer *seen = past_of(&q->past.known, from);
    struct error why;
    if (!seen || bytes.n != sizeof f) return error_set(err, E_INVALID, "a greeting is damaged");
    memcpy(f, bytes.p, sizeof f);
    for (size_t i = 0; i < sizeof f / sizeof *f; i++) f[i] = le64toh(f[i]);
    const struct store_peer theirs = {from, f[0], f[1], f[2], f[3]},
                            ours = {q->options.id, f[4], f[5], f[6], f[7]}, now = past_now(q);
    if (past_behind(&now, &ours, &why)) past_end(q, from, &why);
    if (past_behind(&theirs, seen, &why)) {
        mark(q, MARK_past_refused);
        return error_set(err, E_DENIED,
                         "server %llu was restored from an older copy of its data, or lost it: %s; "
                         "remove it from the cluster and join it, empty, under a new id",
                         (unsigned long long)from, why.text);
    }
    bool new_life = theirs.boot != seen->boot;
    seen->boot = theirs.boot;
    seen->life = theirs.life;
    past_saw(q, peer_find(q, from), theirs.term, 0); /* its last entries may yet be replaced */
    return new_life ? past_note(q, err) : 0;
}

void past_saw(struct quorum *q, const struct peer *p, uint64_t term, uint64_t index)
{
    struct store_peer *seen = past_of(&q->past.known, p->id);
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
    const struct store_past *known = &q->past.known, *noted = &q->past.noted;
    if (q->past.noting || now_ms(q) - q->past.noted_ms < NOTE_MS) return false;
    for (uint32_t i = 0; i < known->count; i++)
        if (known->peers[i].term != noted->peers[i].term ||
            known->peers[i].index != noted->peers[i].index)
            return true;
    return false;
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
