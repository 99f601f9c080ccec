/* After the faults: a leader, commits, one state everywhere, and what was wished for is so. */
#include "sim.h"

enum {
    WRITE_WITHIN_US = 15 * US,
    AGREE_WITHIN_US = 20 * US,
    WATCH_WITHIN_US = 150 * US,
    CONVERGE_WITHIN_US = 240 * US,
    SCRUB_WITHIN_US = 300 * US
};

static const char *ending_disagreement(struct sim *s)
{
    static char why[200];
    struct life *first = NULL;
    if (!sim_leader(s)) return "there is no leader";
    const char *busy = operator_busy(s);
    if (busy) return busy;
    for (unsigned i = 0; i < s->master_count; i++) {
        struct life *l = s->masters[i].life;
        if (s->masters[i].lost) continue;
        if (!l) return "a master is down";
        if (s->masters[i].replaced) return "a master whose disk was replaced was taken back";
        if (!first) first = l;
        struct world *w = l->core.world, *o = first->core.world;
        bool same = w->revision == o->revision && digest_equal(&w->digest, &o->digest);
        if (!same || s->lie == LIE_DISAGREE) {
            snprintf(why, sizeof why, "%s is at revision %llu, %s at %llu", l->m->name,
                     (unsigned long long)w->revision, first->m->name,
                     (unsigned long long)o->revision);
            return why;
        }
        if (l->watch.at != w->revision) return "a feed has not told everything";
        if (!list_empty(&l->core.gate.forwarded) || !list_empty(&l->core.gate.catching_up))
            return "commands are still on their way";
        struct system_load load = system_load(l->core.system);
        if (load.backlog || load.in_flight_events || load.open_events)
            return "the queues are not empty";
    }
    return NULL;
}

static bool ending_active(const struct object *pod)
{
    struct str phase = mp_str(doc_path(pod->status, "phase"));
    return !pod->deleted_s && !str_is(phase, "Failed") && !str_is(phase, "Succeeded");
}

static const char *ending_pods(struct sim *s, struct world *w)
{
    static char why[300];
    for (struct actor *a = world_first(w, kind_pod, NULL); a; a = world_next(a, NULL)) {
        struct str phase = mp_str(doc_path(a->object->status, "phase"));
        if (s->lie == LIE_POD_HANGS) phase = STR("Pending");
        const char *wrong = a->object->deleted_s        ? "is still being deleted"
                            : !a->object->node          ? "has no node"
                            : !str_is(phase, "Running") ? "does not run"
                                                        : NULL;
        if (!wrong) continue;
        snprintf(why, sizeof why, "pod %s %s (phase %.*s, node %s)", a->name, wrong, (int)phase.n,
                 phase.p ? phase.p : "", a->object->node ? a->object->node : "none");
        return why;
    }
    return NULL;
}

static const char *ending_sets(struct sim *s, struct world *w)
{
    static char why[200];
    for (struct actor *a = world_first(w, kind_replicaset, NULL); a; a = world_next(a, NULL)) {
        int64_t want = mp_i64(doc_path(a->object->body, "spec.replicas"), -1), have = 0;
        struct str app = mp_str(doc_path(a->object->body, "spec.selector.matchLabels.app"));
        for (struct actor *p = world_first(w, kind_pod, NULL); p; p = world_next(p, NULL))
            have += ending_active(p->object) &&
                    str_eq(mp_str(mp_get(object_labels(p->object), "app")), app);
        if (s->lie == LIE_SET_SHORT) have--;
        if (have == want) continue;
        snprintf(why, sizeof why, "replica set %s has %lld of %lld pods", a->name, (long long)have,
                 (long long)want);
        return why;
    }
    return NULL;
}

static const char *ending_unconverged(struct sim *s)
{
    struct sim_master *leader = sim_leader(s);
    if (!leader) return "there is no leader";
    struct world *w = leader->life->core.world;
    const char *why = ending_sets(s, w);
    if (!why) why = ending_pods(s, w);
    if (!why && s->webs) why = webs_busy(s);
    if (!why) why = quotas_untold(s, w);
    if (!why) why = api_rules_left_over(s, w);
    if (!why) why = ending_disagreement(s);
    return why;
}

/* What clients still wait for, and how each master stands. */
static void ending_tell(struct sim *s)
{
    for (unsigned i = 0; i < s->client_count; i++) {
        const struct client *c = &s->clients[i];
        if (!c->op) continue;
        const struct op *op = &s->history.ops[c->op - 1];
        sim_tell(s, "c%u waits since %.6f at %s (op %d of key %d)", c->number,
                 (double)op->invoked_us / US, c->at ? c->at->m->name : "none", op->kind, op->key);
    }
    for (unsigned i = 0; i < s->master_count; i++) {
        struct life *l = s->masters[i].life;
        if (!l) continue;
        struct quorum_status q = quorum_status(l->core.quorum);
        struct system_load load = system_load(l->core.system);
        sim_tell(s,
                 "%s: %s%s, leader m%llu, term %llu, commit %llu, applied %llu, stored %llu, last "
                 "%llu, revision %llu; backlog %u, in flight %u, open %u%s%s",
                 l->m->name, q.role, q.leads ? " (leads)" : "", (unsigned long long)q.leader_id,
                 (unsigned long long)q.term, (unsigned long long)q.commit_index,
                 (unsigned long long)q.applied_index, (unsigned long long)q.stored_index,
                 (unsigned long long)q.last_index, (unsigned long long)l->core.world->revision,
                 load.backlog, load.in_flight_events, load.open_events,
                 list_empty(&l->core.gate.forwarded) ? "" : ", commands forwarded",
                 list_empty(&l->core.gate.catching_up) ? "" : ", answers waiting");
    }
    for (unsigned i = 0; i < s->master_count; i++)
        for (unsigned k = 0; k < s->master_count; k++)
            if (i != k && (!s->links[i][k].up || s->links[i][k].cut))
                sim_tell(s, "the connection from m%u to m%u is down", i + 1, k + 1);
}

static void ending_await(struct sim *s, const char *(*missing)(struct sim *), uint64_t within_us,
                         const char *what)
{
    const char *why = NULL;
    for (uint64_t end = s->now_us + within_us; s->now_us < end;) {
        sim_run(s, 100 * MS);
        why = missing(s);
        if (!why) return;
    }
    ending_tell(s);
    sim_fail(s, "%s within %llu s after the faults: %s", what, (unsigned long long)(within_us / US),
             why);
}

static const char *ending_no_write(struct sim *s)
{
    static uint64_t before, asked_at;
    if (asked_at == 0) {
        asked_at = 1;
        before = s->history.acknowledged;
    }
    uint64_t now = s->lie == LIE_NO_WRITES ? before : s->history.acknowledged;
    return now > before + 5 ? NULL : "no write is acknowledged";
}

void ending_check(struct sim *s)
{
    faults_stop(s);
    ending_await(s, ending_no_write, WRITE_WITHIN_US, "no commits");
    sim_run(s, 2 * US);
    s->writing = false;
    sim_run(s, 1 * US);
    ending_await(s, ending_unconverged, CONVERGE_WITHIN_US, "not converged");
    if (s->webs && sim_chance(s, 300)) away_play(s);
    if (s->webs && s->node_count > 2 && sim_chance(s, 150)) away_node_play(s);
    if (!s->staging && sim_of_seed(s, "stops") % 5 == 0) stops_play(s);
    ending_await(s, ending_unconverged, CONVERGE_WITHIN_US, "not converged again");
    ending_await(s, webs_unfinished, WATCH_WITHIN_US, "a watch was not told everything");
    ending_await(s, bounds_exceeded, AGREE_WITHIN_US, "not small again");
    ending_await(s, ending_disagreement, AGREE_WITHIN_US, "no agreement");
    ending_await(s, scrub_behind, SCRUB_WITHIN_US, "damage was not looked for");
    webs_tell(s);
    history_check(s);
}
