/* What was committed: the first master that folds an entry says, all others are held to it. */
#include "sim.h"

static void *truth_room(void *array, size_t *room, size_t need, size_t size)
{
    if (need < *room) return array;
    size_t more = *room ? *room * 2 : 1024;
    while (more <= need) more *= 2;
    array = mem_resize(array, more * size);
    memset((char *)array + *room * size, 0, (more - *room) * size);
    *room = more;
    return array;
}

struct fact *truth_fact(struct sim *s, uint64_t revision)
{
    struct truth *t = &s->truth;
    t->facts = truth_room(t->facts, &t->fact_room, revision, sizeof *t->facts);
    return &t->facts[revision];
}

struct seen_request {
    struct request_id id;
    uint64_t index, revision;
};

static void truth_request_seen(struct sim *s, const struct fact *f)
{
    static const struct request_id none;
    if (memcmp(&f->request, &none, sizeof none) == 0) return;
    struct seen_request *r = map_get(&s->truth.requests, &f->request, sizeof f->request);
    if (r && r->index != f->index)
        sim_fail(s, "a request was carried out twice: at revision %llu and at %llu",
                 (unsigned long long)r->revision, (unsigned long long)f->revision);
    if (!r) {
        r = mem_new(struct seen_request);
        *r = (struct seen_request){f->request, f->index, f->revision};
        map_put(&s->truth.requests, &r->id, sizeof r->id, r);
    }
    r->revision = f->revision;
    if (!lie_now(s, LIE_REQUEST_TWICE)) return;
    r->index--;
    truth_request_seen(s, f);
}

uint64_t truth_request(struct sim *s, const struct request_id *id)
{
    struct seen_request *r = map_get(&s->truth.requests, id, sizeof *id);
    return r ? r->revision : 0;
}

/* Which of the clients' keys, and what it holds. */
static void truth_key(const struct change *c, struct fact *f)
{
    const struct object *o = c->after ? c->after : c->before;
    f->key = -1;
    uint64_t key;
    struct str name = object_name(o); /* others are of controllers: kube-root-ca.crt */
    if (o->id->kind != kind_configmap || !str_starts(name, "k") ||
        !str_to_u64((struct str){name.p + 1, name.n - 1}, &key))
        return;
    f->key = (int)key;
    f->exists = c->after != NULL;
    uint64_t value = 0;
    if (c->after) str_to_u64(mp_str(doc_path(c->after->body, "data.v")), &value);
    f->value = value;
}

static void truth_changed(struct subscriber *sub, const struct change *c)
{
    struct life *l = container_of(sub, struct life, observer);
    struct sim *s = l->m->sim;
    struct fact f = {.revision = c->revision,
                     .index = l->core.world->index,
                     .request = c->txn->request,
                     .type = c->type,
                     .time_ms = c->time_ms,
                     .folded_us = s->now_us};
    struct fact *known = truth_fact(s, c->revision);
    truth_key(c, &f);
    if (known->revision && lie_now(s, LIE_FOLD_OTHER)) f.value++;
    if (!known->revision) {
        if (lie_now(s, LIE_REVISION_GAP)) s->truth.revision--;
        if (c->revision != s->truth.revision + 1)
            sim_fail(s, "revision %llu comes after %llu", (unsigned long long)c->revision,
                     (unsigned long long)s->truth.revision);
        s->truth.revision = c->revision;
        f.index = s->truth.index + 1; /* of the entry being folded: told apart, not numbered */
        log_note(s, c, &f);
        *known = f;
        truth_request_seen(s, known);
        const struct object *o = c->after ? c->after : c->before;
        sim_tell(s, "  r%llu %s %s %.*s by %.*s", (unsigned long long)c->revision,
                 event_type_name(c->type), o->id->kind->key, (int)o->id->name_len, o->id->name,
                 (int)c->txn->who.n, c->txn->who.p);
        api_rules_check(l, c);
        nodes_check(l, c);
        clocks_check(s, c);
        quotas_check(l, c);
    } else if (known->key != f.key || known->type != f.type || known->value != f.value ||
               memcmp(&known->request, &f.request, sizeof f.request) != 0) {
        sim_fail(s, "%s folds another event at revision %llu", l->m->name,
                 (unsigned long long)c->revision);
    }
}

/* A keyframe may stand at a later index than the last entry with events: barriers have none. */
static void truth_state(struct life *l, bool restored)
{
    struct sim *s = l->m->sim;
    struct truth *t = &s->truth;
    struct world *w = l->core.world;
    t->states = truth_room(t->states, &t->state_room, w->revision, sizeof *t->states);
    struct state_at *at = &t->states[w->revision];
    if (restored && lie_now(s, LIE_RESTORE_UNKNOWN)) at->index = 0;
    if (restored && !at->index && w->revision)
        sim_fail(s, "%s restores revision %llu, which nobody folded", l->m->name,
                 (unsigned long long)w->revision);
    if (!at->index && w->revision) {
        s->counts.entries++;
        t->index = w->index;
        *at = (struct state_at){w->index, w->digest};
        sim_mix(s, "fold", &w->digest, sizeof w->digest);
    }
    if (lie_now(s, LIE_STATE_OTHER)) memset(&at->digest, 1, sizeof at->digest);
    if (!w->revision || (at->index == w->index && digest_equal(&at->digest, &w->digest))) return;
    if (restored && digest_equal(&at->digest, &w->digest)) return;
    sim_fail(s, "%s has another state at revision %llu (index %llu, was %llu)%s", l->m->name,
             (unsigned long long)w->revision, (unsigned long long)w->index,
             (unsigned long long)at->index, restored ? " after a keyframe" : "");
}

static void truth_entry_done(struct subscriber *sub)
{
    truth_state(container_of(sub, struct life, observer), false);
}

static void truth_restored(struct subscriber *sub)
{
    struct life *l = container_of(sub, struct life, observer);
    l->m->sim->counts.restores++;
    truth_state(l, true);
}

void truth_observe(struct life *l)
{
    l->observer = (struct subscriber){.name = "truth",
                                      .changed = truth_changed,
                                      .entry_done = truth_entry_done,
                                      .restored = truth_restored};
    world_subscribe(l->core.world, &l->observer);
}

/* After every event of a master: one leader per term. (Applied beyond committed and the like end
 * the master by itself, raft/lead.c.) */
void truth_check_life(struct life *l)
{
    struct sim *s = l->m->sim;
    struct truth *t = &s->truth;
    struct quorum_status q = quorum_status(l->core.quorum);
    if (lie_now(s, LIE_APPLIED_AHEAD)) q.applied_index = q.commit_index + 1;
    if (q.applied_index > q.commit_index)
        sim_fail(s, "%s applied beyond what is committed", l->m->name);
    if (strcmp(q.role, "leader") != 0) return;
    t->leaders = truth_room(t->leaders, &t->leader_room, q.term, sizeof *t->leaders);
    if (t->leaders[q.term] && lie_now(s, LIE_TWO_LEADERS)) t->leaders[q.term]++;
    if (t->leaders[q.term] && t->leaders[q.term] != l->m->id)
        sim_fail(s, "term %llu has two leaders: m%llu and %s", (unsigned long long)q.term,
                 (unsigned long long)t->leaders[q.term], l->m->name);
    if (!t->leaders[q.term]) {
        s->counts.elections++;
        sim_tell(s, "%s is leader of term %llu", l->m->name, (unsigned long long)q.term);
    }
    t->leaders[q.term] = l->m->id;
}
