/* A node's connections, its beats, and what happens to it. */
#include "kubelet.h"

enum { BEAT_US = 10 * US };

static uint64_t last_link;

static void kubelet_connect(void *arg)
{
    struct kubelet *k = arg;
    struct sim *s = k->sim;
    if (k->at) return;
    struct life *l = s->masters[sim_below(s, s->master_count)].life;
    if (!l || k->silent_until > s->now_us) {
        kubelet_connect_later(k, sim_between(s, 100 * MS, 1 * US));
        return;
    }
    k->at = l;
    k->link = ++last_link;
    k->heard_us = k->up_at = s->now_us;
    k->sync++;
    struct report *r = kubelet_report(k, NODEWIRE_HELLO);
    struct remote_report *hello = kubelet_report_of(r);
    hello->body = sim_doc("{'metadata':{'labels':{'kubernetes.io/os':'linux'}},'spec':{}}");
    hello->status = kubelet_status();
    kubelet_send(k, r);
}

void kubelet_connect_later(struct kubelet *k, uint64_t us)
{
    sim_after(k->sim, NULL, us, kubelet_connect, k);
}

static void kubelet_beat(void *arg)
{
    struct kubelet *k = arg;
    struct sim *s = k->sim;
    sim_after(s, NULL, BEAT_US, kubelet_beat, k);
    if (!k->at || k->silent_until > s->now_us) return;
    if (s->now_us - k->heard_us > (k->welcomed ? 30 : 8) * (uint64_t)US) {
        kubelet_leave(k, true);
        kubelet_connect_later(k, sim_between(s, 1 * MS, 500 * MS));
    } else if (k->welcomed) {
        kubelet_send(k, kubelet_report(k, NODEWIRE_BEAT));
    }
}

void kubelets_start(struct sim *s)
{
    s->kubelets = mem_zalloc(s->node_count * sizeof *s->kubelets);
    nodes_start(s);
    for (unsigned i = 0; i < s->node_count; i++) {
        struct kubelet *k = &s->kubelets[i];
        mem_auto char *name = mem_printf("n%u", i + 1);
        k->sim = s;
        k->name = istr_of(name);
        kubelet_connect_later(k, sim_below(s, 1 * US));
        sim_after(s, NULL, sim_below(s, BEAT_US), kubelet_beat, k);
    }
}

void kubelets_lost(struct sim *s, struct life *l)
{
    for (unsigned i = 0; i < s->node_count; i++) {
        struct kubelet *k = &s->kubelets[i];
        if (k->at != l) continue;
        kubelet_leave(k, false);
        kubelet_connect_later(k, sim_between(s, 1 * MS, 3 * US));
    }
}

static void kubelet_silent(struct kubelet *k, uint64_t us)
{
    k->silent_until = k->sim->now_us + us;
    nodes_silent(k->sim, k->name, k->silent_until);
}

void kubelet_dies(struct sim *s, unsigned i, uint64_t us)
{
    struct kubelet *k = &s->kubelets[i];
    kubelet_leave(k, sim_chance(s, 500));
    kubelet_silent(k, us);
    for (unsigned n = 0; n < PODS_MAX; n++) k->pods[n].used = false;
    kubelet_connect_later(k, sim_between(s, 1 * MS, 1 * US));
}

/* A link breaks, an agent starts again, or a whole node is away and comes back without its pods. */
void kubelet_disturb(struct sim *s)
{
    struct kubelet *k = &s->kubelets[sim_below(s, s->node_count)];
    unsigned what = (unsigned)sim_below(s, 3);
    sim_tell(s, "node %s: %s", k->name,
             what == 0   ? "its link breaks"
             : what == 1 ? "its agent is away for a while"
                         : "it is gone, and its pods");
    if (what == 2) {
        kubelet_dies(s, (unsigned)(k - s->kubelets), sim_between(s, 1 * US, 90 * US));
        return;
    }
    kubelet_leave(k, sim_chance(s, 500));
    if (what == 1) kubelet_silent(k, sim_between(s, 1 * US, 90 * US));
    kubelet_connect_later(k, sim_between(s, 1 * MS, 1 * US));
}

/* No node reaches a master for a while; the nodes themselves are well. */
void kubelets_cut_off(struct sim *s, uint64_t us)
{
    for (unsigned i = 0; i < s->node_count; i++) {
        struct kubelet *k = &s->kubelets[i];
        k->silent_until = s->now_us + us;
        if (!k->at) continue;
        kubelet_leave(k, sim_chance(s, 500));
        kubelet_connect_later(k, sim_between(s, 1 * MS, 1 * US));
    }
}

void kubelets_heal(struct sim *s)
{
    for (unsigned i = 0; i < s->node_count; i++) s->kubelets[i].silent_until = 0;
}

unsigned kubelets_running(struct sim *s)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->node_count; i++)
        for (unsigned p = 0; p < PODS_MAX; p++)
            n += s->kubelets[i].pods[p].used && s->kubelets[i].pods[p].running;
    return n;
}
