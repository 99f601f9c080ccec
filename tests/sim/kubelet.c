/* Simulated nodes: each holds one connection to a master's edge, runs what it is told, and reports
 * as an agent does. They are level-triggered, as the real ones. */
#include "kubelet.h"

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
        if (lie_now(k->sim, LIE_POD_TWICE)) {
            struct kpod *last = &k->sim->kubelets[k == k->sim->kubelets].pods[PODS_MAX - 1];
            *last = *p;
            last->running = true;
        }
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

void kubelet_leave(struct kubelet *k, bool tell)
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
