/* Nodes that are connected to a leader, by an edge that keeps what they are told. */
#ifndef LOGSHIP_TESTS_ACTORS_REMOTE_PLAY_H
#define LOGSHIP_TESTS_ACTORS_REMOTE_PLAY_H

#include "actors/remotes.h"
#include "actors/stage.h"

/* An edge with a node behind every link. */
struct edge {
    struct remote_edge edge;
    struct inbox home;
    struct remote_batch *batches[64];
    unsigned count, notes;
};

struct play {
    struct stage *s;
    struct remotes *r;
    struct edge e;
    uint64_t beats;
    const char *leader;
};

static inline void edge_deliver(struct remote_edge *e, struct remote_batch *b)
{
    struct edge *edge = container_of(e, struct edge, edge);
    assert_true(edge->count < 64);
    edge->batches[edge->count++] = b;
}

static inline void edge_wake(void *arg)
{
    ((struct edge *)arg)->notes++;
}

static inline void edge_forget(struct edge *e)
{
    inbox_drain(&e->home);
    for (unsigned i = 0; i < e->count; i++) remote_batch_free(e->batches[i]);
    e->count = 0;
}

/* The n-th message for a link since edge_forget, or NULL. */
static inline const struct remote_message *heard(struct edge *e, uint64_t link, unsigned n)
{
    inbox_drain(&e->home);
    for (unsigned i = 0; i < e->count; i++) {
        for (size_t k = 0; k < e->batches[i]->count; k++) {
            if (e->batches[i]->items[k].link == link && n-- == 0) return &e->batches[i]->items[k];
        }
    }
    return NULL;
}

static inline void expect(struct edge *e, uint64_t link, unsigned n, enum nodewire_type type)
{
    const struct remote_message *m = heard(e, link, n);
    if (!m) fail_msg("message %u is missing, %s was expected", n, nodewire_name(type));
    if (m->type != type)
        fail_msg("message %u is %s, not %s", n, nodewire_name(m->type), nodewire_name(type));
}

static inline void on_beat(void *ctx, istr node, uint64_t now_ms)
{
    (void)node, (void)now_ms;
    (*(uint64_t *)ctx)++;
}

static inline const char *leader_of(void *ctx)
{
    return ((struct play *)ctx)->leader;
}

static inline void play_open(struct play *p)
{
    *p = (struct play){.s = stage_open(NULL)};
    p->r = remotes_new(&(struct remotes_options){.system = p->s->system,
                                                 .heartbeat_ms = 5000,
                                                 .leader = leader_of,
                                                 .ctx = p,
                                                 .beat = on_beat,
                                                 .beats = &p->beats});
    inbox_init(&p->e.home, edge_wake, &p->e);
    p->e.edge = (struct remote_edge){.home = &p->e.home, .deliver = edge_deliver};
    remotes_attach(p->r, &p->e.edge);
}

static inline void play_close(struct play *p)
{
    stage_pass(p->s, 50);
    remotes_detach(p->r, &p->e.edge);
    edge_forget(&p->e);
    inbox_close(&p->e.home);
    system_lead(p->s->system, false);
    remotes_free(p->r);
    stage_close(p->s);
}

static inline struct remote_report report(int type, uint64_t link, const char *node)
{
    return (struct remote_report){.type = type, .link = link, .node = istr_of(node)};
}

static inline void says(struct play *p, struct remote_report report)
{
    remotes_report(p->r, &p->e.edge, &report, 1);
    stage_pass(p->s, 50);
}

static inline void joins(struct play *p, uint64_t link, const char *node)
{
    struct remote_report hello = report(NODEWIRE_HELLO, link, node);
    hello.body = stage_doc("{'metadata':{'labels':{'kubernetes.io/os':'linux'}},'spec':{}}");
    hello.status = stage_doc("{'conditions':[{'type':'Ready','status':'True'}]}");
    says(p, hello);
}

static inline void makes_pod(struct play *p, const char *name, const char *node, const char *more)
{
    mem_auto char *text =
        mem_printf("{'metadata':{'name':'%s','namespace':'default'},'spec':{'nodeName':'%s',"
                   "'containers':[{'name':'a','image':'i'%s}]}}",
                   name, node, more);
    stage_make(p->s, kind_pod, text);
}

#endif
