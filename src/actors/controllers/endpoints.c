/* The endpoints controller: for every Service with a selector, the addresses of the pods it
 * selects. */
#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/service_sets.h"
#include "actors/deciding.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 200, RETRY_MS = 1000 };

static struct serving *serving_of(struct subscriber *s)
{
    return container_of(s, struct serving, subscriber);
}

static struct serving_space *space_of(struct serving *c, istr ns)
{
    struct serving_space *space = map_get(&c->spaces, ns, strlen(ns));
    if (space) return space;
    space = mem_new(struct serving_space);
    list_init(&space->services);
    map_put(&c->spaces, ns, strlen(ns), space);
    return space;
}

static void service_release(struct service_set *s)
{
    if (s->object || s->flying) return;
    list_remove(&s->in_space);
    agenda_drop(&s->agenda);
    selector_free(s->selector);
    map_free(&s->pods);
    mem_free(s);
}

static void service_look(struct service_set *s, uint64_t revision)
{
    s->cause = revision;
    struct serving *c = s->controller;
    if (c->now_ms >= s->write_at_ms)
        agenda_soon(&c->agenda, &s->agenda);
    else
        agenda_at(&c->agenda, &s->agenda, s->write_at_ms);
}

/* --- pods --- */

static bool pod_serves(const struct object *pod)
{
    return pod && pod->node && !pod->deleted_s && !pod_finished(pod) &&
           mp_str(doc_path(pod->status, "podIP")).n;
}

/* What of a pod the Endpoints tell. */
static bool pod_same(const struct object *a, const struct object *b)
{
    return str_eq(mp_str(doc_path(a->status, "podIP")), mp_str(doc_path(b->status, "podIP"))) &&
           str_eq(mp_str(mp_get(status_condition(a->status, "Ready"), "status")),
                  mp_str(mp_get(status_condition(b->status, "Ready"), "status")));
}

static void service_pod(struct service_set *s, const struct object *before, struct object *after,
                        uint64_t revision)
{
    const struct object *any = after ? after : before;
    bool is = after && selector_matches(s->selector, object_labels(after));
    if (is) {
        bool was = map_put(&s->pods, &any->id->uid, sizeof any->id->uid, after) != NULL;
        if (!was || !before || !pod_same(before, after)) service_look(s, revision);
    } else if (map_del(&s->pods, &any->id->uid, sizeof any->id->uid)) {
        service_look(s, revision);
    }
}

static void index_pod(struct serving *c, const struct object *before, struct object *after,
                      uint64_t revision)
{
    const struct object *any = after ? after : before;
    struct serving_space *space = map_get(&c->spaces, any->id->ns, strlen(any->id->ns));
    if (!space || list_empty(&space->services)) return;
    if (!pod_serves(before) && !pod_serves(after)) return;
    struct object *serves = pod_serves(after) ? after : NULL;
    list_each(it, &space->services)
        service_pod(container_of(it, struct service_set, in_space), before, serves, revision);
}

/* --- services --- */

static struct service_set *service_make(struct serving *c, const struct object *service)
{
    struct service_set *s = mem_new(struct service_set);
    s->controller = c;
    s->ns = service->id->ns;
    list_init(&s->in_space);
    agenda_item_init(&s->agenda);
    return s;
}

static void service_select(struct service_set *s)
{
    struct serving *c = s->controller;
    selector_free(s->selector);
    s->selector = NULL;
    map_free(&s->pods);
    struct mp selector = doc_path(s->object->body, "spec.selector");
    if (selector_from_map(selector, &s->selector, NULL)) s->selector = NULL;
    for (struct actor *a = world_first(c->world, kind_pod, s->ns); a && s->selector;
         a = world_next(a, s->ns))
        if (pod_serves(a->object) && selector_matches(s->selector, object_labels(a->object)))
            map_put(&s->pods, &a->object->id->uid, sizeof(struct uid), a->object);
}

static bool selects(const struct object *service)
{
    struct mp selector = service ? doc_path(service->body, "spec.selector") : (struct mp){0};
    return selector.type == MP_MAP && selector.count &&
           !doc_path(service->body, "spec.externalName").s.n;
}

static void index_service(struct serving *c, const struct object *before, struct object *after,
                          uint64_t revision)
{
    const struct object *any = after ? after : before;
    struct service_set *s = map_get(&c->services, &any->id->uid, sizeof any->id->uid);
    if (selects(after)) {
        bool reselect = !s || before->body != after->body;
        if (!s) {
            s = service_make(c, after);
            list_push(&space_of(c, s->ns)->services, &s->in_space);
        }
        s->object = after;
        map_put(&c->services, &after->id->uid, sizeof after->id->uid, s);
        if (reselect) service_select(s);
        service_look(s, revision);
    } else if (s) {
        map_del(&c->services, &any->id->uid, sizeof any->id->uid);
        list_remove(&s->in_space);
        agenda_drop(&s->agenda);
        s->object = NULL;
        service_release(s);
    }
}

/* A service that is gone takes its Endpoints along; not from inside the fold, but in the next turn.
 */
static void doom_endpoints(struct serving *c, const struct object *service, uint64_t revision)
{
    if (!system_leads(c->system) || !selects(service)) return;
    struct doomed_endpoints *d = mem_zalloc(sizeof *d + service->id->name_len + 1);
    d->ns = service->id->ns;
    d->cause = revision;
    memcpy(d->name, service->id->name, service->id->name_len);
    list_push(&c->doomed, &d->link);
}

static void doomed_clear(struct serving *c)
{
    for (struct list *it; (it = list_shift(&c->doomed));)
        mem_free(container_of(it, struct doomed_endpoints, link));
}

/* --- acting --- */

static void drop_doomed(struct serving *c)
{
    for (struct list *it; (it = list_shift(&c->doomed));) {
        struct doomed_endpoints *d = container_of(it, struct doomed_endpoints, link);
        struct object *o = world_get(c->world, kind_endpoints, d->ns, str_of(d->name));
        if (o && !world_get(c->world, kind_service, d->ns, str_of(d->name)))
            system_send(c->system, acting_on(COMMAND_DELETE, o, c->who, d->cause));
        mem_free(d);
    }
}

static void written(struct command *command, const struct result *r)
{
    struct service_set *s = command->data;
    struct serving *c = s->controller;
    s->flying = false;
    if (s->object)
        agenda_at(&c->agenda, &s->agenda, r->http < 400 ? s->write_at_ms : c->now_ms + RETRY_MS);
    service_release(s);
}

static void look(struct service_set *s)
{
    struct serving *c = s->controller;
    if (s->flying || s->object->deleted_s) return;
    struct object *old = world_get(c->world, kind_endpoints, s->ns, object_name(s->object));
    struct doc *body = endpoints_body(s, old);
    if (old && mp_same(doc_root(body), doc_root(old->body))) {
        doc_unref(body);
        return;
    }
    struct command *command =
        old ? acting_on_version(COMMAND_UPDATE, old, c->who, s->cause)
            : command_new(COMMAND_CREATE, kind_endpoints, s->ns, object_name(s->object), c->who);
    command->cause = s->cause;
    command->body = body;
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
        look(container_of(item, struct service_set, agenda));
    }
}

static void endpoints_changed(struct subscriber *sub, const struct change *change)
{
    struct serving *c = serving_of(sub);
    const struct object *any = change->after ? change->after : change->before;
    if (any->id->kind == kind_pod) {
        index_pod(c, change->before, change->after, change->revision);
    } else if (any->id->kind == kind_service) {
        index_service(c, change->before, change->after, change->revision);
        if (!change->after) doom_endpoints(c, change->before, change->revision);
    }
}

static void forget(struct serving *c)
{
    struct service_set *s;
    for (size_t i = 0; (s = map_next(&c->services, &i));) {
        list_remove(&s->in_space);
        agenda_drop(&s->agenda);
        s->object = NULL;
        service_release(s);
    }
    map_free(&c->services);
}

static void endpoints_restored(struct subscriber *sub)
{
    struct serving *c = serving_of(sub);
    forget(c);
    for (struct actor *a = world_first(c->world, kind_service, NULL); a; a = world_next(a, NULL))
        index_service(c, NULL, a->object, a->object->revision);
}

static void endpoints_lead(struct subscriber *sub, bool leads)
{
    struct serving *c = serving_of(sub);
    doomed_clear(c);
    if (!leads) return;
    c->now_ms = acting_now_ms(c->system);
    for (struct actor *a = world_first(c->world, kind_service, NULL); a; a = world_next(a, NULL)) {
        struct service_set *s = map_get(&c->services, &a->object->id->uid, sizeof(struct uid));
        if (s) service_look(s, a->object->revision);
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
    forget(c);
    doomed_clear(c);
    struct serving_space *space;
    for (size_t i = 0; (space = map_next(&c->spaces, &i));) mem_free(space);
    map_free(&c->spaces);
    mem_free(c);
}
