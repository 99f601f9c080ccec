/* Which pods each service selects, kept as they change. */
#include "actors/behavior.h"
#include "actors/controllers/service_sets.h"
#include "actors/deciding.h"
#include "base/mem.h"

void services_release(struct service_set *s)
{
    if (s->object || s->flying || s->slices_flying) return;
    agenda_drop(&s->agenda);
    selector_free(s->selector);
    map_free(&s->pods);
    map_free(&s->slices);
    mem_free(s);
}

void services_look(struct service_set *s, uint64_t revision)
{
    s->cause = revision;
    struct serving *c = s->controller;
    for (unsigned i = 0; i < 2; i++)
        if (!s->since_ms[i]) s->since_ms[i] = c->change_ms;
    if (c->now_ms >= s->write_at_ms)
        agenda_soon(&c->agenda, &s->agenda);
    else
        agenda_at(&c->agenda, &s->agenda, s->write_at_ms);
}

struct str services_since(struct service_set *s, unsigned of, char out[TIME_TEXT])
{
    int64_t since_ms = s->since_ms[of];
    s->since_ms[of] = 0;
    if (!since_ms) return (struct str){0};
    time_format_ms(since_ms, out);
    return str_of(out);
}

static bool pod_serves(const struct object *pod)
{
    return pod && pod->node && !pod_finished(pod) && mp_str(doc_path(pod->status, "podIP")).n;
}

/* One that is going is no endpoint any more, unless the service tells of pods in any state. */
static bool service_takes(const struct service_set *s, const struct object *pod)
{
    return (!pod->deleted_s ||
            mp_bool(doc_path(s->object->body, "spec.publishNotReadyAddresses"), false)) &&
           selector_matches(s->selector, object_labels(pod));
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
    bool is = after && service_takes(s, after);
    if (is) {
        bool was = map_put(&s->pods, &any->id->uid, sizeof any->id->uid, after) != NULL;
        if (!was || !before || !pod_same(before, after)) services_look(s, revision);
    } else if (map_del(&s->pods, &any->id->uid, sizeof any->id->uid)) {
        services_look(s, revision);
    }
}

struct pod_news {
    const struct object *before;
    struct object *after; /* NULL: it serves no more */
    uint64_t revision;
};

static void pod_told(void *ctx, struct selecting_entry *entry)
{
    const struct pod_news *n = ctx;
    service_pod(container_of(entry, struct service_set, entry), n->before, n->after, n->revision);
}

void services_pod(struct serving *c, const struct object *before, struct object *after,
                  uint64_t revision)
{
    if (!pod_serves(before) && !pod_serves(after)) return;
    istr ns = (after ? after : before)->id->ns;
    struct pod_news news = {before, pod_serves(after) ? after : NULL, revision};
    if (before && (!after || after->body != before->body))
        selecting_each(&c->index, ns, object_labels(before), pod_told, &news);
    if (after) selecting_each(&c->index, ns, object_labels(after), pod_told, &news);
}

static struct service_set *service_make(struct serving *c, const struct object *service)
{
    struct service_set *s = mem_new(struct service_set);
    s->controller = c;
    s->ns = service->id->ns;
    agenda_item_init(&s->agenda);
    return s;
}

static void service_select(struct service_set *s)
{
    struct serving *c = s->controller;
    struct mp selector = doc_path(s->object->body, "spec.selector");
    selecting_drop(&c->index, &s->entry);
    selector_free(s->selector);
    s->selector = NULL;
    map_free(&s->pods);
    if (selector_from_map(selector, &s->selector, NULL)) s->selector = NULL;
    selecting_put(&c->index, s->ns, s->selector, &s->entry);
}

static void service_fill(struct service_set *s)
{
    struct world *w = s->controller->world;
    for (struct actor *a = world_first(w, kind_pod, s->ns); a && s->selector;
         a = world_next(a, s->ns))
        if (pod_serves(a->object) && service_takes(s, a->object))
            map_put(&s->pods, &a->object->id->uid, sizeof(struct uid), a->object);
}

bool services_headless(const struct object *service)
{
    return mp_is(doc_path(service->body, "spec.clusterIP"), "None");
}

bool services_selects(const struct object *service)
{
    struct mp selector = service ? doc_path(service->body, "spec.selector") : (struct mp){0};
    return selector.type == MP_MAP && selector.count &&
           !doc_path(service->body, "spec.externalName").s.n;
}

static void service_leave(struct service_set *s)
{
    selecting_drop(&s->controller->index, &s->entry);
    agenda_drop(&s->agenda);
    s->object = NULL;
    services_release(s);
}

static struct service_set *service_enter(struct serving *c, struct object *service)
{
    struct service_set *s = service_make(c, service);
    s->object = service;
    map_put(&c->services, &service->id->uid, sizeof service->id->uid, s);
    service_select(s);
    return s;
}

void services_service(struct serving *c, const struct object *before, struct object *after,
                      uint64_t revision)
{
    const struct object *any = after ? after : before;
    struct service_set *s = map_get(&c->services, &any->id->uid, sizeof any->id->uid);
    if (services_selects(after)) {
        bool fresh = !s, anew = before && after->body != before->body;
        if (fresh) s = service_enter(c, after);
        s->object = after;
        map_put(&c->services, &after->id->uid, sizeof after->id->uid, s);
        if (!fresh && anew) service_select(s);
        if (fresh || anew) service_fill(s);
        if (fresh && before) slices_known(c, s->ns); /* it had a selector before, perhaps */
        services_look(s, revision);
    } else if (s) {
        map_del(&c->services, &any->id->uid, sizeof any->id->uid);
        service_leave(s);
    }
}

void services_forget(struct serving *c)
{
    struct service_set *s;
    for (size_t i = 0; (s = map_next(&c->services, &i));) service_leave(s);
    map_free(&c->services);
}

/* One pass over the pods for all services. */
void services_restore(struct serving *c)
{
    struct actor *a;
    services_forget(c);
    for (a = world_first(c->world, kind_service, NULL); a; a = world_next(a, NULL))
        if (services_selects(a->object))
            services_look(service_enter(c, a->object), a->object->revision);
    for (a = world_first(c->world, kind_pod, NULL); a && c->services.count; a = world_next(a, NULL))
        services_pod(c, NULL, a->object, a->object->revision);
    slices_known(c, NULL);
}
