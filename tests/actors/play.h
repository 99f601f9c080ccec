/* A stage with the real scheduler on it. */
#ifndef LOGSHIP_TESTS_ACTORS_PLAY_H
#define LOGSHIP_TESTS_ACTORS_PLAY_H

#include "audit.h"

struct play {
    struct stage *stage;
    struct scheduler *scheduler;
};

static inline struct play play_open(void)
{
    struct play p = {.stage = stage_open(NULL)};
    p.scheduler = scheduler_start(p.stage->system);
    stage_pass(p.stage, 20);
    return p;
}

static inline void play_close(struct play *p)
{
    audit(p->scheduler, p->stage->world);
    stage_close(p->stage);
    scheduler_free(p->scheduler);
}

/* Time passes while all nodes are heard; then the books are audited. */
static inline void play_pass(struct play *p, uint64_t ms)
{
    struct stage *s = p->stage;
    for (uint64_t i = 0; i < ms; i += 1000) {
        for (struct actor *a = world_first(s->world, kind_node, NULL); a; a = world_next(a, NULL))
            controllers_node_beat(s->controllers, istr_get(actor_name(a)), s->now_ms);
        stage_pass(s, ms - i < 1000 ? ms - i : 1000);
    }
    audit(p->scheduler, s->world);
}

/* A ready node with this much room; `metadata` and `spec` may be NULL: "'labels':{...}". */
static inline void play_node(struct play *p, const char *name, const char *allocatable,
                             const char *metadata, const char *spec)
{
    mem_auto char *text = mem_printf(
        "{'metadata':{'name':'%s'%s%s},'spec':{%s},'status':{'conditions':"
        "[{'type':'Ready','status':'True'}],'allocatable':{%s}}}",
        name, metadata ? "," : "", metadata ? metadata : "", spec ? spec : "", allocatable);
    stage_make(p->stage, kind_node, text);
}

static inline void play_pod(struct play *p, const char *name, const char *spec)
{
    mem_auto char *text = mem_printf(
        "{'metadata':{'name':'%s'},'spec':{'containers':[{'name':'c','image':'i'}]%s%s}}", name,
        spec ? "," : "", spec ? spec : "");
    stage_make(p->stage, kind_pod, text);
}

/* A pod that asks for so much cpu. */
static inline void play_cpu_pod(struct play *p, const char *name, const char *cpu, const char *spec)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'%s'},'spec':{'containers':[{'name':'c',"
                                     "'image':'i','resources':{'requests':{'cpu':'%s'}}}]%s%s}}",
                                     name, cpu, spec ? "," : "", spec ? spec : "");
    stage_make(p->stage, kind_pod, text);
}

static inline const char *play_where(struct play *p, const char *pod)
{
    struct object *o = stage_get(p->stage, kind_pod, pod);
    assert_non_null(o);
    return o->node ? o->node : "";
}

static inline void play_waits(struct play *p, const char *pod, const char *why)
{
    struct object *o = stage_get(p->stage, kind_pod, pod);
    assert_non_null(o);
    assert_null(o->node);
    struct mp condition = status_condition(o->status, "PodScheduled");
    assert_true(mp_is(mp_get(condition, "status"), "False"));
    assert_true(mp_is(mp_get(condition, "reason"), "Unschedulable"));
    struct str said = mp_str(mp_get(condition, "message"));
    if (!str_is(said, why)) fail_msg("said: %.*s\nwanted: %s", (int)said.n, said.p, why);
}

/* How many Events with this reason are there about this pod, by the default scheduler? */
static inline unsigned play_events(struct play *p, const char *pod, const char *reason)
{
    unsigned n = 0;
    for (struct actor *a = world_first(p->stage->world, kind_event, NULL); a;
         a = world_next(a, NULL)) {
        struct doc *body = a->object->body;
        n += mp_is(doc_path(body, "involvedObject.name"), pod) &&
             mp_is(doc_path(body, "reason"), reason) &&
             mp_is(doc_path(body, "source.component"), "default-scheduler");
    }
    return n;
}

#endif
