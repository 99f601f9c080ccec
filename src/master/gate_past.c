#include "master/gate_past.h"

#include "base/mem.h"
#include "master/inside.h"

#include <inttypes.h>
#include <stdio.h>

struct gate_past {
    struct gate gate;
    struct world *world;
    struct system *system; /* never leads */
    struct host host;
    struct inbox *home;
    char why[96]; /* nothing can be written */
};

static void past_propose(void *ctx, struct str entry, uint64_t first_revision, int64_t time_ms)
{
    (void)ctx;
    (void)entry;
    (void)first_revision;
    (void)time_ms;
}

struct past_note {
    struct note note;
    struct gate_past *g;
    void *subject;
};

static void past_post(struct gate *gate, void (*run)(struct note *), void *subject)
{
    struct past_note *pn = mem_new(struct past_note);
    *pn = (struct past_note){.note.run = run, container_of(gate, struct gate_past, gate), subject};
    inbox_post(pn->g->home, &pn->note);
}

static void past_run_ask(struct note *n)
{
    struct past_note *pn = container_of(n, struct past_note, note);
    struct ask *a = pn->subject;
    if (a->on_core) a->on_core(a, pn->g->system);
    mem_free(pn);
    a->done(a, 0);
}

static void past_run_command(struct note *n)
{
    struct past_note *pn = container_of(n, struct past_note, note);
    struct command *c = pn->subject;
    struct result r = {0};
    result_refuse(&r, 403, "Forbidden", "%s", pn->g->why);
    mem_free(pn);
    if (c->done) c->done(c, &r);
    command_free(c);
}

static void past_run_listen(struct note *n)
{
    struct past_note *pn = container_of(n, struct past_note, note);
    struct feed_listener *l = pn->subject;
    uint64_t revision = pn->g->world->revision;
    mem_free(pn);
    l->started(l, revision);
}

static void past_run_history(struct note *n)
{
    struct past_note *pn = container_of(n, struct past_note, note);
    struct history_ask *h = pn->subject;
    mem_free(pn);
    h->done(h, E_GONE);
}

static void past_run_past(struct note *n)
{
    struct past_note *pn = container_of(n, struct past_note, note);
    struct past_ask *p = pn->subject;
    struct world *w = pn->g->world;
    int status = p->revision == w->revision ? 0 : E_GONE;
    if (!status) {
        p->objects = mem_alloc(world_count(w, p->kind) * sizeof(struct object *));
        for (struct actor *a = world_first(w, p->kind, NULL); a; a = world_next(a, NULL))
            p->objects[p->count++] = object_ref(a->object);
    }
    mem_free(pn);
    p->done(p, status);
}

static void past_ask_door(struct gate *g, struct ask *a)
{
    past_post(g, past_run_ask, a);
}
static void past_listen(struct gate *g, struct feed_listener *l)
{
    past_post(g, past_run_listen, l);
}
static void past_history(struct gate *g, struct history_ask *h)
{
    past_post(g, past_run_history, h);
}
static void past_past(struct gate *g, struct past_ask *p)
{
    past_post(g, past_run_past, p);
}

static void past_command(struct gate *g, struct command *c, struct inbox *home)
{
    (void)home;
    past_post(g, past_run_command, c);
}

static void past_status(struct gate *gate, struct gate_status *out)
{
    struct gate_past *g = container_of(gate, struct gate_past, gate);
    *out = (struct gate_status){.role = "past",
                                .revision = g->world->revision,
                                .applied_index = g->world->index,
                                .commit_index = g->world->index,
                                .digest = g->world->digest,
                                .self = "replay"};
}

struct gate *gate_past_new(struct world *w, struct inbox *home)
{
    struct gate_past *g = mem_new(struct gate_past);
    g->world = w;
    g->home = home;
    g->host = host_real();
    g->system = system_new(
        &(struct system_options){.world = w, .host = &g->host, .propose = past_propose, .ctx = g});
    g->gate = (struct gate){past_ask_door, past_command, past_listen, past_history,
                            past_past,     past_status,  g->why};
    snprintf(g->why, sizeof g->why, "this is the past, revision %" PRIu64 ": it can only be read",
             w->revision);
    return &g->gate;
}

void gate_past_free(struct gate *gate)
{
    struct gate_past *g = container_of(gate, struct gate_past, gate);
    system_free(g->system);
    mem_free(g);
}
