/* Masters that are away for minutes while the nodes are well: all of them dead, or all of them
 * stopped, or none of them to be reached by any node. Nothing that runs may suffer for it: no pod
 * is driven away, no node declared silent, by the rules in check_nodes.c. And the opposite: a node
 * that died, whose pods must go. */
#include "sim.h"

enum away { AWAY_DEAD, AWAY_STOPPED, AWAY_CUT_OFF, AWAY_KINDS };

static void away_begin(struct sim *s, enum away how, uint64_t us)
{
    static const char *const names[] = {"dead", "stopped", "out of reach of the nodes"};
    sim_tell(s, "--- all masters are %s for %.1f s", names[how], (double)us / US);
    for (unsigned i = 0; i < s->master_count; i++) {
        struct sim_master *m = &s->masters[i];
        if (how == AWAY_DEAD) master_crash(m, "away");
        if (how == AWAY_STOPPED && m->life) life_pause(m->life, us);
    }
    if (how == AWAY_CUT_OFF) kubelets_cut_off(s, us);
}

void away_play(struct sim *s)
{
    enum away how = (enum away)sim_below(s, AWAY_KINDS);
    /* Out of reach, nodes do fall silent to masters that run; they may be declared so, and their
     * pods stay for the patience that everybody has. */
    uint64_t us =
        how == AWAY_CUT_OFF ? sim_between(s, 60 * US, 280 * US) : sim_between(s, 45 * US, 900 * US);
    unsigned running = kubelets_running(s);
    if (s->lie == LIE_AWAY_LOSES) running++;
    away_begin(s, how, us);
    sim_run(s, us);
    if (kubelets_running(s) < running)
        sim_fail(s, "%u pods ran when the masters left, %u when they came back", running,
                 kubelets_running(s));
    for (unsigned i = 0; i < s->master_count; i++)
        if (!s->masters[i].life) master_boot(&s->masters[i]);
    sim_tell(s, "--- the masters are back");
    sim_run(s, 60 * US);
    if (kubelets_running(s) < running)
        sim_fail(s, "%u pods ran when the masters left, %u a minute after they came back", running,
                 kubelets_running(s));
}

/* What is wanted to run on the node still; NULL: nothing. */
static const struct object *away_bound_to(struct sim *s, istr node)
{
    struct sim_master *leader = sim_leader(s);
    struct world *w = leader ? leader->life->core.world : NULL;
    for (struct actor *a = w ? world_first(w, kind_pod, NULL) : NULL; a; a = world_next(a, NULL)) {
        const struct object *pod = a->object;
        struct str phase = mp_str(doc_path(pod->status, "phase"));
        bool over = pod->deleted_s || str_is(phase, "Failed") || str_is(phase, "Succeeded");
        if (pod->node == node && (!over || s->lie == LIE_STILL_BOUND)) return pod;
    }
    return NULL;
}

/* Patience with a silent node is 300 s from when it is declared so, and each eviction waits its
 * turn. */
void away_node_play(struct sim *s)
{
    enum { GONE_US = 450 * US };
    unsigned i = (unsigned)sim_below(s, s->node_count);
    mem_auto char *name = mem_printf("n%u", i + 1);
    sim_tell(s, "--- node %s dies", name);
    kubelet_dies(s, i, GONE_US + 5 * (uint64_t)US);
    sim_run(s, GONE_US);
    const struct object *pod = away_bound_to(s, istr_of(name));
    if (pod)
        sim_fail(s, "node %s has been dead for %d s, and pod %s is bound to it", name, GONE_US / US,
                 pod->id->name);
}
