/* Masters that are away for minutes while the nodes are well: all of them dead, or all of them
 * stopped, or none of them to be reached by any node. Nothing that runs may suffer for it: no pod
 * is driven away, no node declared silent, by the rules in check_nodes.c. */
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
