/* What Raft promises about its own state, looked at after every event of a master: no server votes
 * twice in a term, logs match, what is committed stays as it is and is on the disks of a quorum, a
 * leader has all of it on its own, and it counts nobody for what he does not have. One leader in a
 * term is in truth.c, the order of the indexes in src/raft/lead.c. */
#include "sim.h"

#include "raft/internal.h"

#include <xxhash.h>

struct disk_terms { /* of a master that is down: the end of the log that it has on disk */
    uint64_t before, count, term;
    uint64_t *terms;
};

struct seen { /* of a life, so that only what changed is looked at */
    uint64_t life, term, vote, commit, last, last_term, stored;
    bool led;
    uint64_t match[MASTERS_MAX];
};

struct rules {
    uint64_t *committed; /* terms, by index; 0: not known yet */
    size_t room;
    uint64_t last, last_by; /* the highest that is known, and in which term it was committed */
    struct map entries, votes;
    struct seen seen[MASTERS_MAX];
    struct disk_terms down[MASTERS_MAX];
};

typedef unsigned long long ull;

static struct raft *rules_raft(const struct life *l)
{
    return &l->core.quorum->raft;
}

/* Is the entry on this master's disk, whether it runs or not? */
static bool rules_stored(struct sim *s, unsigned position, uint64_t index, uint64_t term)
{
    const struct sim_master *m = &s->masters[position];
    const struct disk_terms *d = &s->rules->down[position];
    if (m->lost || m->replaced) return true; /* what it had was counted before */
    if (!m->life)
        return index <= d->before ||
               (index - d->before <= d->count && d->terms[index - d->before - 1] == term);
    const struct raft *r = rules_raft(m->life);
    if (index <= r->log.snapshot.last_index) return true;
    return index <= r->last_stored && view_term(m->life->core.quorum, index) == term;
}

struct pair {
    uint64_t a, b;
};

/* What is known under a pair of numbers; `value` when nothing was. */
static uint64_t rules_fact(struct map *map, uint64_t a, uint64_t b, uint64_t value)
{
    struct known {
        struct pair key;
        uint64_t value;
    };
    struct pair key = {a, b};
    struct known *k = map_get(map, &key, sizeof key);
    if (!k) {
        k = mem_new(struct known);
        *k = (struct known){key, value};
        map_put(map, &k->key, sizeof k->key, k);
    }
    return k->value;
}

/* Log matching: index and term name one entry, and what comes before it. */
static void rules_logs_match(struct life *l, struct seen *seen)
{
    enum { AT_MOST = 16 };
    struct sim *s = l->m->sim;
    struct quorum *q = l->core.quorum;
    uint64_t last = view_last_index(q), term = view_term(q, last);
    if (last == seen->last && term == seen->last_term) return;
    uint64_t from = last > AT_MOST ? last - AT_MOST : 1;
    if (seen->last_term && view_term(q, seen->last) == seen->last_term && seen->last >= from)
        from = seen->last + 1;
    for (uint64_t i = from; i <= last; i++) {
        const struct raft_entry *e = view_entry(q, i);
        uint64_t before = view_term(q, i - 1);
        if (!e || (i > 1 && !before)) continue;
        uint64_t content = XXH3_64bits(&before, sizeof before) + e->type;
        if (e->type == RAFT_COMMAND) content += XXH3_64bits(e->buf.base, e->buf.len);
        if (lie_now(s, LIE_LOG_OTHER)) content++;
        if (rules_fact(&s->rules->entries, i, e->term, content) != content)
            sim_fail(s, "%s has another entry %llu of term %llu, or another before it", l->m->name,
                     (ull)i, (ull)e->term);
    }
    seen->last = last;
    seen->last_term = term;
}

static void rules_votes(struct life *l, struct seen *seen)
{
    struct sim *s = l->m->sim;
    const struct raft *r = rules_raft(l);
    const struct disk_terms *down = &s->rules->down[l->m->position];
    if (r->current_term == seen->term && r->voted_for == seen->vote) return;
    if (lie_now(s, LIE_TERM_BACK)) seen->term = r->current_term + 1;
    if (r->current_term < seen->term || r->current_term < down->term)
        sim_fail(s, "%s goes back to term %llu from %llu", l->m->name, (ull)r->current_term,
                 (ull)(seen->term > down->term ? seen->term : down->term));
    seen->term = r->current_term;
    seen->vote = r->voted_for;
    if (!r->voted_for) return;
    if (lie_now(s, LIE_VOTE_TWICE))
        rules_fact(&s->rules->votes, l->m->id, r->current_term, r->voted_for + 1);
    uint64_t vote = rules_fact(&s->rules->votes, l->m->id, r->current_term, r->voted_for);
    if (vote != r->voted_for)
        sim_fail(s, "%s votes for m%llu and for m%llu in term %llu", l->m->name, (ull)vote,
                 (ull)r->voted_for, (ull)r->current_term);
}

static void rules_commit_entry(struct life *l, uint64_t index, uint64_t term)
{
    struct sim *s = l->m->sim;
    struct rules *rules = s->rules;
    if (index >= rules->room) {
        size_t room = rules->room ? rules->room * 2 : 4096;
        while (room <= index) room *= 2;
        rules->committed = mem_resize(rules->committed, room * sizeof *rules->committed);
        memset(rules->committed + rules->room, 0, (room - rules->room) * sizeof *rules->committed);
        rules->room = room;
    }
    if (rules->committed[index] && lie_now(s, LIE_COMMIT_CHANGES)) rules->committed[index]++;
    uint64_t known = rules->committed[index];
    if (known && known != term)
        sim_fail(s,
                 "what is committed changes: entry %llu was of term %llu, %s commits one of %llu",
                 (ull)index, (ull)known, l->m->name, (ull)term);
    if (known) return;
    rules->committed[index] = term;
    if (rules->last < index) {
        rules->last = index;
        rules->last_by = rules_raft(l)->current_term;
    }
    unsigned have = 0;
    for (unsigned i = 0; i < s->master_count; i++) have += rules_stored(s, i, index, term);
    if (lie_now(s, LIE_COMMIT_ALONE)) have = 1;
    if (have <= s->master_count / 2)
        sim_fail(s, "%s commits entry %llu of term %llu, which is on %u of %u disks", l->m->name,
                 (ull)index, (ull)term, have, s->master_count);
}

static void rules_commits(struct life *l, struct seen *seen)
{
    uint64_t commit = rules_raft(l)->commit_index;
    for (uint64_t i = seen->commit + 1; i <= commit; i++) {
        uint64_t term = view_term(l->core.quorum, i);
        if (term) rules_commit_entry(l, i, term);
    }
    seen->commit = commit;
}

/* Leader completeness, of what a crash cannot take away: with the last entry that is committed a
 * leader has all that come before it. */
static void rules_new_leader(struct life *l)
{
    struct sim *s = l->m->sim;
    const struct rules *rules = s->rules;
    if (rules->last_by >= rules_raft(l)->current_term) return; /* elected in the past */
    bool has =
        !rules->last || rules_stored(s, l->m->position, rules->last, rules->committed[rules->last]);
    if (lie_now(s, LIE_LEADER_LACKS)) has = false;
    if (!has)
        sim_fail(s, "%s leads term %llu without entry %llu of term %llu on its disk: committed",
                 l->m->name, (ull)rules_raft(l)->current_term, (ull)rules->last,
                 (ull)rules->committed[rules->last]);
}

/* A leader counts a follower for what this one has stored, equal to its own: as long as the
 * follower has not gone on to a later leader. */
static void rules_counted(struct life *l, struct seen *seen)
{
    struct sim *s = l->m->sim;
    for (unsigned i = 0; i < s->master_count; i++) {
        const struct raft_progress *p = view_progress(l->core.quorum, i + 1);
        if (!p || i == l->m->position || p->match_index == seen->match[i]) continue;
        const struct life *other = s->masters[i].life;
        uint64_t its_term = other ? rules_raft(other)->current_term : s->rules->down[i].term;
        uint64_t index = p->match_index, term = view_term(l->core.quorum, index);
        seen->match[i] = index;
        if (!index || !term || its_term > rules_raft(l)->current_term) continue;
        if (lie_now(s, LIE_COUNTED_WRONG) || !rules_stored(s, i, index, term))
            sim_fail(
                s,
                "%s, leader of term %llu, counts m%u for entry %llu of term %llu, which it does "
                "not have",
                l->m->name, (ull)rules_raft(l)->current_term, i + 1, (ull)index, (ull)term);
    }
}

void rules_check(struct life *l)
{
    struct sim *s = l->m->sim;
    if (!s->rules) s->rules = mem_new(struct rules);
    if (l->m->replaced) return; /* of whoever it was before, nothing is left */
    struct seen *seen = &s->rules->seen[l->m->position];
    const struct raft *r = rules_raft(l);
    if (seen->life != l->number)
        *seen = (struct seen){.life = l->number, .commit = r->log.snapshot.last_index};
    bool leads = r->state == RAFT_LEADER,
         began = leads && (!seen->led || seen->term != r->current_term);
    rules_votes(l, seen);
    rules_logs_match(l, seen);
    if (began) {
        rules_new_leader(l);
        memset(seen->match, 0, sizeof seen->match);
    }
    seen->led = leads;
    seen->stored = r->last_stored;
    if (leads) rules_counted(l, seen);
    rules_commits(l, seen);
}

/* As it was after the last event: of the one that is going on nothing may have happened. */
void rules_life_ends(struct life *l)
{
    struct rules *rules = l->m->sim->rules;
    if (!rules || rules->seen[l->m->position].life != l->number) return;
    const struct seen *seen = &rules->seen[l->m->position];
    struct disk_terms *d = &rules->down[l->m->position];
    struct quorum *q = l->core.quorum;
    const struct raft *r = rules_raft(l);
    uint64_t before = r->log.offset;
    if (before < r->log.snapshot.last_index) before = r->log.snapshot.last_index;
    *d = (struct disk_terms){before, 0, seen->term,
                             mem_resize(d->terms, (view_last_index(q) + 1) * sizeof *d->terms)};
    for (uint64_t i = before + 1; i <= r->last_stored && i <= seen->stored; i++)
        d->terms[d->count++] = view_term(q, i);
}

void rules_forget(struct sim *s, unsigned position)
{
    if (!s->rules) return;
    mem_free(s->rules->down[position].terms);
    s->rules->down[position] = (struct disk_terms){0};
    s->rules->seen[position] = (struct seen){0};
    for (unsigned i = 0; i < s->master_count; i++) s->rules->seen[i].match[position] = 0;
}
