/* What a node tells its master: as an agent does, over a link that keeps the order. */
#include "kubelet.h"

struct report {
    struct ask ask;
    struct life *life;
    struct kubelet *k;
    uint64_t link;
    struct remote_report what;
};

static void report_on_core(struct ask *a, struct system *system)
{
    (void)system;
    struct report *r = container_of(a, struct report, ask);
    if (quorum_status(r->life->core.quorum).leads) nodes_heard(r->life, r->k->name);
    remotes_report(r->life->core.remotes, &r->life->edge, &r->what, 1);
}

static void report_done(struct ask *a, int status)
{
    (void)status;
    mem_free(container_of(a, struct report, ask));
}

static void kubelet_echo(void *arg)
{
    struct report *r = arg;
    if (r->k->link == r->link) r->k->heard_us = r->k->sim->now_us;
    mem_free(r);
}

static void report_arrives(void *arg)
{
    struct report *r = arg;
    struct sim *s = r->k->sim;
    if (r->what.type == NODEWIRE_BEAT) {
        struct report *echo = mem_new(struct report);
        echo->k = r->k;
        echo->link = r->link;
        sim_after(s, NULL, sim_between(s, 100, 2000), kubelet_echo, echo);
    }
    r->ask = (struct ask){.home = &r->life->home, .on_core = report_on_core, .done = report_done};
    gate_ask(&r->life->core.gate.gate, &r->ask);
}

struct report *kubelet_report(struct kubelet *k, int type)
{
    struct report *r = mem_new(struct report);
    r->life = k->at;
    r->k = k;
    r->link = k->link;
    r->what = (struct remote_report){.type = type, .link = k->link, .node = k->name};
    return r;
}

struct remote_report *kubelet_report_of(struct report *r)
{
    return &r->what;
}

void kubelet_send(struct kubelet *k, struct report *r)
{
    struct sim *s = k->sim;
    uint64_t at = s->now_us + sim_between(s, 100, 3000);
    if (at < k->up_at) at = k->up_at;
    k->up_at = at;
    sim_after(s, r->life, at - s->now_us, report_arrives, r);
}

struct doc *kubelet_status(void)
{
    return sim_doc("{'addresses':[],'allocatable':{'cpu':'4','memory':'8Gi','pods':'12'},"
                   "'capacity':{'cpu':'4','memory':'8Gi','pods':'12'},'conditions':[{"
                   "'lastHeartbeatTime':'2023-11-14T22:13:20Z','lastTransitionTime':"
                   "'2023-11-14T22:13:20Z','message':'ready','reason':'KubeletReady',"
                   "'status':'True','type':'Ready'}]}");
}

void kubelet_tell_node(struct kubelet *k)
{
    struct report *r = kubelet_report(k, NODEWIRE_NODE_STATUS);
    r->what.status = kubelet_status();
    kubelet_send(k, r);
}

void kubelet_tell_pod(struct kubelet *k, const struct kpod *p, bool gone)
{
    if (!k->at || !k->welcomed) return;
    struct report *r = kubelet_report(k, gone ? NODEWIRE_POD_GONE : NODEWIRE_POD_STATUS);
    r->what.ns = p->ns;
    r->what.name = mem_strdup(p->name);
    r->what.uid = p->uid;
    r->what.revision = p->revision;
    if (!gone)
        r->what.status = sim_doc("{'conditions':[{'lastTransitionTime':'2023-11-14T22:13:20Z',"
                                 "'status':'True','type':'Ready'}],'phase':'Running',"
                                 "'podIP':'10.0.0.1'}");
    kubelet_send(k, r);
}
