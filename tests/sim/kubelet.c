/* Simulated nodes: each holds one connection to a master's edge, runs what it is told, and reports
 * as an agent does. They are level-triggered, as the real ones. */
#include "sim.h"

#include "base/buf.h"

enum { PODS_MAX = 96, BEAT_US = 10 * US };

struct kpod {
    struct uid uid;
    istr ns;
    char name[80];
    uint64_t revision, sync;
    bool used, running, going;
};

struct kubelet {
    struct sim *sim;
    istr name;
    struct life *at; /* NULL: not connected */
    uint64_t link, up_at, heard_us, sync, silent_until;
    bool welcomed;
    struct kpod pods[PODS_MAX];
};

static uint64_t last_link;

/* --- to the master --- */

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
    if (quorum_status(r->life->core.quorum).leads) nodes_heard(r->k->sim, r->k->name);
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

static struct report *kubelet_report(struct kubelet *k, int type)
{
    struct report *r = mem_new(struct report);
    r->life = k->at;
    r->k = k;
    r->link = k->link;
    r->what = (struct remote_report){.type = type, .link = k->link, .node = k->name};
    return r;
}

static void kubelet_send(struct kubelet *k, struct report *r)
{
    struct sim *s = k->sim;
    uint64_t at = s->now_us + sim_between(s, 100, 3000);
    if (at < k->up_at) at = k->up_at;
    k->up_at = at;
    sim_after(s, r->life, at - s->now_us, report_arrives, r);
}

static struct doc *kubelet_status(void)
{
    return sim_doc("{'addresses':[],'allocatable':{'cpu':'4','memory':'8Gi','pods':'12'},"
                   "'capacity':{'cpu':'4','memory':'8Gi','pods':'12'},'conditions':[{"
                   "'lastHeartbeatTime':'2023-11-14T22:13:20Z','lastTransitionTime':"
                   "'2023-11-14T22:13:20Z','message':'ready','reason':'KubeletReady',"
                   "'status':'True','type':'Ready'}]}");
}

static void kubelet_tell_node(struct kubelet *k)
{
    struct report *r = kubelet_report(k, NODEWIRE_NODE_STATUS);
    r->what.status = kubelet_status();
    kubelet_send(k, r);
}

static void kubelet_tell_pod(struct kubelet *k, const struct kpod *p, bool gone)
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

/* --- pods --- */

static struct kpod *kubelet_pod(struct kubelet *k, const struct uid *uid)
{
    for (unsigned i = 0; i < PODS_MAX; i++)
        if (k->pods[i].used && uid_equal(&k->pods[i].uid, uid)) return &k->pods[i];
    return NULL;
}

static struct kpod *kubelet_pod_add(struct kubelet *k, const struct object *pod)
{
    for (unsigned i = 0; i < PODS_MAX; i++) {
        struct kpod *p = &k->pods[i];
        if (p->used) continue;
        *p = (struct kpod){.uid = pod->id->uid, .ns = pod->id->ns, .used = true};
        snprintf(p->name, sizeof p->name, "%s", pod->id->name);
        return p;
    }
    sim_fail(k->sim, "node %s is told more than %d pods", k->name, PODS_MAX);
}

/* Another that runs under the same name, be it the same pod or an earlier one. */
static struct kpod *kubelet_twin(struct kubelet *k, const struct kpod *of)
{
    for (unsigned i = 0; i < PODS_MAX; i++) {
        struct kpod *p = &k->pods[i];
        if (p != of && p->used && p->running && p->ns == of->ns && strcmp(p->name, of->name) == 0)
            return p;
    }
    return NULL;
}

struct pod_step {
    struct kubelet *k;
    struct uid uid;
};

static void pod_starts(void *arg)
{
    struct pod_step *step = arg;
    struct kubelet *k = step->k;
    struct kpod *p = kubelet_pod(k, &step->uid);
    if (p && !p->running && !p->going) {
        for (unsigned i = 0; i < k->sim->node_count; i++) {
            struct kpod *twin = kubelet_twin(&k->sim->kubelets[i], p);
            if (twin)
                sim_fail(k->sim, "pod %s runs on %s and on %s", p->name, k->name,
                         k->sim->kubelets[i].name);
        }
        p->running = true;
        kubelet_tell_pod(k, p, false);
    }
    mem_free(step);
}

static void pod_ends(void *arg)
{
    struct pod_step *step = arg;
    struct kpod *p = kubelet_pod(step->k, &step->uid);
    if (p && p->going) {
        p->running = false;
        kubelet_tell_pod(step->k, p, true);
    }
    mem_free(step);
}

static void kubelet_later(struct kubelet *k, const struct kpod *p, void (*step)(void *),
                          uint64_t us)
{
    struct pod_step *at = mem_new(struct pod_step);
    *at = (struct pod_step){k, p->uid};
    sim_after(k->sim, NULL, us, step, at);
}

static void kubelet_pod_told(struct kubelet *k, const struct object *pod)
{
    struct sim *s = k->sim;
    struct kpod *p = kubelet_pod(k, &pod->id->uid);
    if (!p) p = kubelet_pod_add(k, pod);
    p->revision = pod->revision;
    p->sync = k->sync;
    struct str phase = mp_str(doc_path(pod->status, "phase"));
    if (pod->deleted_s) {
        p->going = true;
        kubelet_later(k, p, pod_ends, sim_between(s, 1 * MS, 1500 * MS));
    } else if (!p->running) {
        kubelet_later(k, p, pod_starts, sim_between(s, 10 * MS, 1500 * MS));
    } else if (!str_is(phase, "Running")) {
        kubelet_tell_pod(k, p, false);
    }
}

/* --- from the master --- */

struct told {
    struct kubelet *k;
    uint64_t link;
    enum nodewire_type type;
    struct uid uid;
    struct object *pod;
    bool closes;
};

static void kubelet_connect_later(struct kubelet *k, uint64_t us);

static void kubelet_leave(struct kubelet *k, bool tell)
{
    if (k->at && tell) kubelet_send(k, kubelet_report(k, REPORT_CLOSED));
    k->at = NULL;
    k->welcomed = false;
    k->link = 0;
}

static void kubelet_synced(struct kubelet *k)
{
    for (unsigned i = 0; i < PODS_MAX; i++)
        if (k->pods[i].used && k->pods[i].sync != k->sync) k->pods[i].used = false;
}

static void kubelet_again(struct kubelet *k, const struct uid *uid)
{
    static const struct uid none;
    struct kpod *p = kubelet_pod(k, uid);
    if (uid_equal(uid, &none))
        kubelet_tell_node(k);
    else if (p && p->going)
        kubelet_later(k, p, pod_ends, 200 * MS);
    else if (p && p->running)
        kubelet_tell_pod(k, p, false);
}

static void kubelet_told(void *arg)
{
    struct told *t = arg;
    struct kubelet *k = t->k;
    struct kpod *p;
    if (k->link == t->link && k->link) {
        k->heard_us = k->sim->now_us;
        sim_mix(k->sim, nodewire_name(t->type), &t->uid, sizeof t->uid);
        if (t->type == NODEWIRE_WELCOME) k->welcomed = true;
        if (t->type == NODEWIRE_POD) kubelet_pod_told(k, t->pod);
        if (t->type == NODEWIRE_GONE && (p = kubelet_pod(k, &t->uid))) p->used = false;
        if (t->type == NODEWIRE_SYNCED) kubelet_synced(k);
        if (t->type == NODEWIRE_AGAIN) kubelet_again(k, &t->uid);
        if (t->closes) {
            kubelet_leave(k, true);
            kubelet_connect_later(k, sim_between(k->sim, 20 * MS, 500 * MS));
        }
    }
    object_unref(t->pod);
    mem_free(t);
}

static struct kubelet *kubelet_by_link(struct sim *s, uint64_t link)
{
    for (unsigned i = 0; i < s->node_count; i++)
        if (s->kubelets[i].link == link) return &s->kubelets[i];
    return NULL;
}

static void edge_deliver(struct remote_edge *e, struct remote_batch *b)
{
    struct sim *s = container_of(e, struct life, edge)->m->sim;
    uint64_t delay = sim_between(s, 100, 3000);
    for (size_t i = 0; i < b->count; i++) {
        const struct remote_message *m = &b->items[i];
        struct kubelet *k = kubelet_by_link(s, m->link);
        if (!k) continue;
        struct told *t = mem_new(struct told);
        *t = (struct told){k, m->link, m->type, m->uid, object_ref(m->pod), m->closes};
        if (m->pod) t->uid = m->pod->id->uid;
        sim_after(s, NULL, delay, kubelet_told, t);
    }
    remote_batch_free(b);
}

struct attach {
    struct ask ask;
    struct life *life;
};

static void attach_on_core(struct ask *a, struct system *system)
{
    (void)system;
    struct attach *at = container_of(a, struct attach, ask);
    remotes_attach(at->life->core.remotes, &at->life->edge);
}

static void attach_done(struct ask *a, int status)
{
    (void)status;
    mem_free(container_of(a, struct attach, ask));
}

void kubelet_edge_init(struct life *l)
{
    struct attach *a = mem_new(struct attach);
    l->edge = (struct remote_edge){.home = &l->home, .deliver = edge_deliver};
    a->life = l;
    a->ask = (struct ask){.home = &l->home, .on_core = attach_on_core, .done = attach_done};
    gate_ask(&l->core.gate.gate, &a->ask);
}

/* --- life --- */

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
    r->what.body = sim_doc("{'metadata':{'labels':{'kubernetes.io/os':'linux'}},'spec':{}}");
    r->what.status = kubelet_status();
    kubelet_send(k, r);
}

static void kubelet_connect_later(struct kubelet *k, uint64_t us)
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

/* A link breaks, an agent starts again, or a whole node is away and comes back without its pods. */
void kubelet_disturb(struct sim *s)
{
    struct kubelet *k = &s->kubelets[sim_below(s, s->node_count)];
    unsigned what = (unsigned)sim_below(s, 3);
    sim_tell(s, "node %s: %s", k->name,
             what == 0   ? "its link breaks"
             : what == 1 ? "its agent is away for a while"
                         : "it is gone, and its pods");
    kubelet_leave(k, sim_chance(s, 500));
    if (what == 1) kubelet_silent(k, sim_between(s, 1 * US, 90 * US));
    if (what == 2) {
        kubelet_silent(k, sim_between(s, 1 * US, 90 * US));
        for (unsigned i = 0; i < PODS_MAX; i++) k->pods[i].used = false;
    }
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
