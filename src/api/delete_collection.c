/* DELETE of a collection: everything that the selectors match, some at a time; answered with the
 * list of what was deleted once all of it is decided. */
#include "api/delete_options.h"
#include "api/filter.h"

#include "base/mem.h"

#include <sodium.h>

enum { SWEEP_IN_FLIGHT = 256 };

struct sweep {
    struct delete_options options;
    struct filter filter;
    struct object **objects; /* what is to go, references */
    size_t count, next, in_flight;
    uint64_t revision;
    struct result worst; /* the first refusal that was not a NotFound */
};

static void sweep_free(void *state)
{
    struct sweep *s = state;
    filter_free(&s->filter);
    objects_free(s->objects, s->count);
    mem_free(s);
}

static void sweep_reply(struct request *r)
{
    struct sweep *s = r->state;
    if (s->worst.http) {
        reply_refusal(r, (struct str){0}, &s->worst);
        return;
    }
    struct object **objects = s->objects;
    s->objects = NULL;
    list_reply(r, s->revision, objects, s->count);
}

static void sweep_go_on(struct request *r);

static void sweep_answer(struct command *c, const struct result *result)
{
    struct request *r = c->data;
    struct sweep *s = r->state;
    s->in_flight--;
    if (result->http >= 400 && result->http != 404 && !s->worst.http) {
        s->worst = *result;
        s->worst.object = NULL;
        s->next = s->count; /* no more are sent */
    }
    if (result->revision > s->revision) s->revision = result->revision;
    sweep_go_on(r);
    request_unref(r);
}

static void sweep_go_on(struct request *r)
{
    struct sweep *s = r->state;
    while (s->next < s->count && s->in_flight < SWEEP_IN_FLIGHT) {
        struct object *o = s->objects[s->next++];
        struct command *c = delete_command(r, &s->options, o->id->ns, object_name(o));
        c->has_uid = true; /* not another one of the same name that came since */
        c->uid = o->id->uid;
        c->revision = 0;
        randombytes_buf(c->request.bytes, sizeof c->request.bytes);
        c->data = request_ref(r);
        c->done = sweep_answer;
        s->in_flight++;
        gate_command(r->api->options.gate, c, r->api->options.home);
    }
    if (s->in_flight == 0 && r->x) sweep_reply(r);
}

static void sweep_fetched(struct request *r, struct fetch *f)
{
    struct sweep *s = r->state;
    s->revision = f->revision;
    s->objects = mem_alloc((f->count + 1) * sizeof(struct object *));
    for (size_t i = 0; i < f->count; i++)
        if (filter_matches(&s->filter, f->objects[i]))
            s->objects[s->count++] = object_ref(f->objects[i]);
    sweep_go_on(r);
}

void serve_delete_collection(struct request *r)
{
    struct sweep *s = mem_new(struct sweep);
    r->state = s;
    r->state_free = sweep_free;
    if (r->route.kind->namespaced && !r->route.ns.p) {
        reply_no_such_method(r);
        return;
    }
    if (!delete_options_parse(r, &s->options) || !filter_parse(r, &s->filter)) return;
    fetch_start(r, r->route.kind, r->route.ns, (struct str){0}, FRESH_LINEARIZABLE, sweep_fetched);
}
