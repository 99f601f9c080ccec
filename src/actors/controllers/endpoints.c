/* The endpoints controller: for every Service with a selector, the addresses of the pods it
 * selects, as Endpoints and as EndpointSlices. */
#include "actors/controllers/acting.h"
#include "actors/controllers/service_sets.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 200, RETRY_MS = 1000 };

static struct serving *serving_of(struct subscriber *s)
{
    return container_of(s, struct serving, subscriber);
}

/* A service that is gone takes its Endpoints along; not from inside the fold, but in the next turn.
 */
static void doom_endpoints(struct serving *c, const struct object *service, uint64_t revision)
{
    if (!system_leads(c->system) || !services_selects(service)) return;
    struct doomed_endpoints *d = mem_zalloc(sizeof *d + service->id->name_len + 1);
    d->ns = service->id->ns;
    d->cause = revision;
    memcpy(d->name, service->id->name, service->id->name_len);
    list_push(&c->doomed, &d->link);
}

static void doomed_clear(struct serving *c)
{
    list_each_safe(it, &c->doomed) mem_free(container_of(it, struct doomed_endpoints, link));
    list_init(&c->doomed);
}

static void drop_doomed(struct serving *c)
{
    list_each_safe(it, &c->doomed)
    {
        struct doomed_endpoints *d = container_of(it, struct doomed_endpoints, link);
        struct object *o = world_get(c->world, kind_endpoints, d->ns, str_of(d->name));
        if (o && !world_get(c->world, kind_service, d->ns, str_of(d->name)))
            system_send(c->system, acting_on(COMMAND_DELETE, o, c->who, d->cause));
        mem_free(d);
    }
    list_init(&c->doomed);
}

static void written(struct command *command, const struct result *r)
{
    struct service_set *s = command->data;
    struct serving *c = s->controller;
    s->flying = false;
    if (s->object)
        agenda_at(&c->agenda, &s->agenda, r->http < 400 ? s->write_at_ms : c->now_ms + RETRY_MS);
    services_release(s);
}

static void endpoints_write(struct service_set *s)
{
    struct serving *c = s->controller;
    if (s->flying) return; /* the answer makes us look again */
    char since[TIME_TEXT];
    struct object *old = world_get(c->world, kind_endpoints, s->ns, object_name(s->object));
    struct doc *body = endpoints_body(s, old);
    if (old && mp_same(doc_root(body), doc_root(old->body))) {
        doc_unref(body);
        services_since(s, SINCE_ENDPOINTS, since);
        return;
    }
    struct command *command =
        old ? acting_on_version(COMMAND_UPDATE, old, c->who, s->cause)
            : command_new(COMMAND_CREATE, kind_endpoints, s->ns, object_name(s->object), c->who);
    command->cause = s->cause;
    command->body = slice_doc_triggered(body, services_since(s, SINCE_ENDPOINTS, since));
    command->done = written;
    command->data = s;
    s->flying = true;
    s->write_at_ms = c->now_ms + c->times.endpoints_every_ms;
    system_send(c->system, command);
}

static void endpoints_turn(struct subscriber *sub, uint64_t now_ms)
{
    struct serving *c = serving_of(sub);
    c->now_ms = now_ms;
    drop_doomed(c);
    for (unsigned looks = 0; looks < LOOKS_PER_TURN && acting_budget(c->system); looks++) {
        struct agenda_item *item = agenda_take(&c->agenda, now_ms);
        if (!item) return;
        struct service_set *s = container_of(item, struct service_set, agenda);
        if (s->object->deleted_s) continue;
        endpoints_write(s);
        slices_write(s);
    }
}

static void endpoints_changed(struct subscriber *sub, const struct change *change)
{
    struct serving *c = serving_of(sub);
    const struct object *any = change->after ? change->after : change->before;
    c->change_ms = any->id->kind == kind_endpointslice ? 0 : change->time_ms;
    if (any->id->kind == kind_pod) {
        services_pod(c, change->before, change->after, change->revision);
    } else if (any->id->kind == kind_endpointslice) {
        slices_changed(c, change);
    } else if (any->id->kind == kind_service) {
        services_service(c, change->before, change->after, change->revision);
        if (!change->after) doom_endpoints(c, change->before, change->revision);
    }
    c->change_ms = 0;
}

static void endpoints_restored(struct subscriber *sub)
{
    services_restore(serving_of(sub));
}

static void endpoints_lead(struct subscriber *sub, bool leads)
{
    struct serving *c = serving_of(sub);
    doomed_clear(c);
    if (!leads) return;
    c->now_ms = acting_now_ms(c->system);
    for (struct actor *a = world_first(c->world, kind_service, NULL); a; a = world_next(a, NULL)) {
        struct service_set *s = map_get(&c->services, &a->object->id->uid, sizeof(struct uid));
        if (s) services_look(s, a->object->revision);
    }
}

struct subscriber *endpoints_controller_new(struct system *s, const struct controller_times *times)
{
    struct serving *c = mem_new(struct serving);
    c->subscriber = (struct subscriber){.name = "endpoints",
                                        .changed = endpoints_changed,
                                        .restored = endpoints_restored,
                                        .lead = endpoints_lead,
                                        .turn = endpoints_turn};
    c->system = s;
    c->world = system_world(s);
    c->times = *times;
    c->who = istr_of("system:serviceaccount:kube-system:endpoint-controller");
    c->slices_who = istr_of("system:serviceaccount:kube-system:endpointslice-controller");
    agenda_init(&c->agenda);
    list_init(&c->doomed);
    endpoints_restored(&c->subscriber);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void endpoints_controller_free(struct subscriber *sub)
{
    struct serving *c = serving_of(sub);
    list_remove(&sub->link);
    services_forget(c);
    doomed_clear(c);
    mem_free(c);
}
