/* A stage for stories about actors and controllers: one world and its system under a virtual clock,
 * a quorum that commits at once, and nodes that do what they are told. When the curtain falls, the
 * log is folded again from the start: the world that comes out must be the one that was played. */
#ifndef LOGSHIP_TESTS_ACTORS_STAGE_H
#define LOGSHIP_TESTS_ACTORS_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/behavior.h"
#include "actors/controllers/controllers.h"
#include "actors/edit.h"
#include "base/mem.h"
#include "proto/json.h"

#include <stdio.h>

struct outcome {
    bool done;
    int http;
    char reason[40], message[512];
    bool removed;
};

/* Times of controllers in which nothing but the story at hand happens. */
__attribute__((unused)) static const struct controller_times stage_quick = {
    .node_grace_ms = 40000,
    .gone_node_ms = 40000,
    .eviction_burst = 100,
    .evictions_per_s = 100,
    .status_every_ms = 100,
    .endpoints_every_ms = 100,
    .event_ttl_ms = 5000,
};

struct stage {
    struct host host;
    struct world *world;
    struct system *system;
    struct controllers *controllers;
    uint64_t now_ms;
    int64_t wall_ms;
    uint64_t seed;
    struct buf proposed, log; /* log: length-prefixed entries */
    bool flying, slow;        /* slow: commits only when stage_commit is called */
    uint64_t index, entries;
    const char *dead[8]; /* nodes whose agents do nothing and are not heard */
};

static inline uint64_t stage_random64(struct stage *s)
{
    s->seed = s->seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return s->seed ^ s->seed >> 33;
}
static inline uint64_t stage_monotonic(struct host *h)
{
    return container_of(h, struct stage, host)->now_ms;
}
static inline int64_t stage_wall(struct host *h)
{
    return container_of(h, struct stage, host)->wall_ms;
}
static inline void stage_random(struct host *h, void *bytes, size_t n)
{
    unsigned char *p = bytes;
    while (n--) *p++ = (unsigned char)(stage_random64(container_of(h, struct stage, host)) >> 24);
}

static inline void stage_propose(void *ctx, struct str entry, uint64_t first, int64_t time_ms)
{
    struct stage *s = ctx;
    (void)first;
    (void)time_ms;
    assert_false(s->flying);
    buf_clear(&s->proposed);
    buf_append(&s->proposed, entry.p, entry.n);
    s->flying = true;
}

static inline void stage_commit(struct stage *s)
{
    if (!s->flying) return;
    s->flying = false;
    uint64_t n = s->proposed.len;
    buf_append(&s->log, &n, sizeof n);
    buf_append(&s->log, s->proposed.data, n);
    s->entries++;
    mem_auto char *entry = mem_copy(s->proposed.data, n);
    system_committed(s->system, ++s->index, (struct str){entry, n});
    system_proposed(s->system, 0);
}

static inline void stage_turn(struct stage *s)
{
    system_turn(s->system, s->now_ms);
    if (!s->slow) stage_commit(s);
}

static inline bool stage_is_dead(const struct stage *s, const char *node)
{
    for (unsigned i = 0; i < 8; i++)
        if (s->dead[i] && strcmp(s->dead[i], node) == 0) return true;
    return false;
}

/* Passes time in steps of 10 ms. */
static inline void stage_pass(struct stage *s, uint64_t ms)
{
    for (uint64_t end = s->now_ms + ms; s->now_ms < end;) {
        s->now_ms += 10;
        s->wall_ms += 10;
        stage_turn(s);
    }
}

static inline struct stage *stage_open_with(const struct controller_times *times,
                                            const struct token_mint *mint)
{
    schema_init();
    struct stage *s = mem_new(struct stage);
    s->host = (struct host){stage_monotonic, stage_wall, stage_random};
    s->now_ms = 1000;
    s->wall_ms = 1700000000000;
    s->seed = 42;
    s->world = world_new("5f0e2c0a-0000-4000-8000-000000000001");
    s->system = system_new(&(struct system_options){
        .world = s->world, .host = &s->host, .propose = stage_propose, .ctx = s, .mint = mint});
    s->controllers = controllers_start(s->system, times);
    system_lead(s->system, true);
    stage_pass(s, 50);
    return s;
}

static inline struct stage *stage_open(const struct controller_times *times)
{
    return stage_open_with(times, NULL);
}

static inline void stage_check_replay(struct stage *s)
{
    struct world *again = world_new(s->world->cluster);
    uint64_t index = 0;
    for (size_t at = 0; at < s->log.len;) {
        uint64_t n;
        memcpy(&n, s->log.data + at, sizeof n);
        struct error err = {0};
        assert_int_equal(
            world_fold(again, ++index, (struct str){s->log.data + at + sizeof n, n}, &err), 0);
        at += sizeof n + n;
    }
    assert_int_equal(again->revision, s->world->revision);
    assert_true(digest_equal(&again->digest, &s->world->digest));
    world_free(again);
}

static inline void stage_close(struct stage *s)
{
    stage_check_replay(s);
    system_free(s->system);
    controllers_free(s->controllers);
    world_free(s->world);
    buf_free(&s->proposed);
    buf_free(&s->log);
    mem_free(s);
}

/* --- wishes --- */

static inline void stage_note(struct command *c, const struct result *r)
{
    struct outcome *o = c->data;
    o->done = true;
    o->http = r->http;
    o->removed = r->removed;
    snprintf(o->reason, sizeof o->reason, "%s", r->reason ? r->reason : "");
    snprintf(o->message, sizeof o->message, "%s", r->message);
}

static inline struct outcome stage_do(struct stage *s, struct command *c)
{
    struct outcome o = {0};
    c->done = stage_note;
    c->data = &o;
    system_send(s->system, c);
    for (int i = 0; i < 100 && !o.done; i++) stage_turn(s);
    assert_true(o.done);
    return o;
}

/* JSON with single quotes, as one writes it in C. */
static inline void stage_json(const char *text, struct buf *out)
{
    mem_auto char *json = mem_strdup(text);
    for (char *p = json; *p; p++)
        if (*p == '\'') *p = '"';
    struct error err = {0};
    if (json_parse(json, strlen(json), out, &err)) fail_msg("%s: %s", err.text, json);
}

static inline struct doc *stage_doc(const char *text)
{
    buf_auto struct buf b = BUF_INIT;
    stage_json(text, &b);
    return doc_from_buf(&b);
}

/* The command for an object in Kubernetes' form (op: create, update, status). */
static inline struct command *stage_command(enum command_op op, const struct kind *kind,
                                            const char *text)
{
    buf_auto struct buf whole = BUF_INIT;
    stage_json(text, &whole);
    struct object_parts parts = {0};
    struct error err = {0};
    if (object_split(kind, mp_read(whole.data, whole.len), &parts, &err)) fail_msg("%s", err.text);
    istr ns = parts.ns.n ? istr_get(parts.ns) : istr_of("default");
    struct command *c =
        command_new(op, kind, kind->namespaced ? ns : NULL, parts.name, istr_of("tester"));
    c->body = parts.body;
    c->status = parts.status;
    c->node = parts.node.n ? istr_get(parts.node) : NULL;
    return c;
}

static inline struct outcome stage_create(struct stage *s, const struct kind *kind,
                                          const char *text)
{
    return stage_do(s, stage_command(COMMAND_CREATE, kind, text));
}

static inline void stage_make(struct stage *s, const struct kind *kind, const char *text)
{
    struct outcome o = stage_create(s, kind, text);
    if (o.http != 201) fail_msg("%d %s: %s", o.http, o.reason, o.message);
}

static inline struct command *stage_about(enum command_op op, const struct kind *kind,
                                          const char *name)
{
    return command_new(op, kind, kind->namespaced ? istr_of("default") : NULL, str_of(name),
                       istr_of("tester"));
}

static inline struct outcome stage_delete(struct stage *s, const struct kind *kind,
                                          const char *name)
{
    return stage_do(s, stage_about(COMMAND_DELETE, kind, name));
}

static inline struct object *stage_get(struct stage *s, const struct kind *kind, const char *name)
{
    return world_get(s->world, kind, kind->namespaced ? istr_of("default") : NULL, str_of(name));
}

/* Replaces the value at one place of an object's body. */
static inline struct outcome stage_edit(struct stage *s, const struct kind *kind, const char *name,
                                        const char *path, const char *value)
{
    struct object *o = stage_get(s, kind, name);
    assert_non_null(o);
    buf_auto struct buf v = BUF_INIT, all = BUF_INIT;
    stage_json(value, &v);
    edit_put(&all, doc_root(o->body), path, (struct str){v.data, v.len});
    struct command *c = stage_about(COMMAND_UPDATE, kind, name);
    c->body = doc_from_buf(&all);
    return stage_do(s, c);
}

static inline int64_t stage_status(const struct object *o, const char *field)
{
    return mp_i64(doc_path(o->status, field), 0);
}

/* --- nodes and pods --- */

static inline void stage_node(struct stage *s, const char *name)
{
    mem_auto char *text = mem_printf("{'metadata':{'name':'%s'},'status':{'conditions':"
                                     "[{'type':'Ready','status':'True'}]}}",
                                     name);
    stage_make(s, kind_node, text);
}

static inline bool stage_pod_active(const struct object *o)
{
    struct str phase = mp_str(doc_path(o->status, "phase"));
    return !o->deleted_s && !str_is(phase, "Failed") && !str_is(phase, "Succeeded");
}

static inline size_t stage_pods(struct stage *s, const char *node, bool active_only)
{
    size_t n = 0;
    for (struct actor *a = world_first(s->world, kind_pod, NULL); a; a = world_next(a, NULL)) {
        if (node && (!a->object->node || strcmp(a->object->node, node) != 0)) continue;
        n += !active_only || stage_pod_active(a->object);
    }
    return n;
}

static inline bool stage_node_takes(struct stage *s, const struct object *node)
{
    (void)s;
    return doc_path(node->body, "spec.taints").count == 0;
}

static inline void stage_place(struct stage *s, struct object *pod)
{
    size_t nodes = world_count(s->world, kind_node);
    if (!nodes) return;
    size_t pick = stage_random64(s) % nodes;
    struct actor *a = world_first(s->world, kind_node, NULL);
    while (pick--) a = world_next(a, NULL);
    if (!stage_node_takes(s, a->object)) return;
    struct command *c = command_new(COMMAND_BIND, kind_pod, pod->id->ns, object_name(pod),
                                    istr_of("system:scheduler"));
    c->node = istr_get(object_name(a->object));
    system_send(s->system, c);
}

static inline void stage_run(struct stage *s, struct object *pod, const char *node)
{
    /* Once running it is reported again only if somebody else says that it is not ready. */
    bool ready = mp_is(mp_get(status_condition(pod->status, "Ready"), "status"), "True");
    if (!pod->deleted_s && (ready || !stage_pod_active(pod))) return;
    mem_auto char *who = mem_printf("system:node:%s", node);
    struct command *c = command_new(pod->deleted_s ? COMMAND_CONFIRM_GONE : COMMAND_STATUS,
                                    kind_pod, pod->id->ns, object_name(pod), istr_of(who));
    if (!pod->deleted_s)
        c->status = stage_doc("{'phase':'Running','podIP':'10.0.0.1','conditions':[{'type':'Ready',"
                              "'status':'True','lastTransitionTime':'2023-11-14T22:13:20Z'}]}");
    system_send(s->system, c);
}

/* What the scheduler and the agents of living nodes do in one moment. */
static inline void stage_work(struct stage *s)
{
    for (struct actor *a = world_first(s->world, kind_pod, NULL), *next; a; a = next) {
        next = world_next(a, NULL);
        struct object *pod = a->object;
        if (a->persisting) continue;
        if (!pod->node)
            stage_place(s, pod);
        else if (!stage_is_dead(s, pod->node) &&
                 world_get(s->world, kind_node, NULL, istr_str(pod->node)))
            stage_run(s, pod, pod->node);
    }
    for (struct actor *a = world_first(s->world, kind_node, NULL); a; a = world_next(a, NULL))
        if (!stage_is_dead(s, a->name))
            controllers_node_beat(s->controllers, istr_get(actor_name(a)), s->now_ms);
}

/* Time passes, and everybody works. */
static inline void stage_play(struct stage *s, uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i += 50) {
        stage_work(s);
        stage_pass(s, 50);
    }
}

#endif
