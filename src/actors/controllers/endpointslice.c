/* The endpoint slices part of the endpoints controller: which slices a service has, and what is to
 * be written so that they are as they have to be. Those of a service that is gone go with their
 * owner. */
#include "actors/controllers/acting.h"
#include "actors/controllers/service_sets.h"

enum { SLICE_MAX = 100, RETRY_MS = 1000 };

static struct service_set *slice_service(struct serving *c, const struct object *slice)
{
    struct mp owners = doc_path(slice->body, "metadata.ownerReferences");
    for (struct mp_iter it = mp_items(owners); mp_iter_next(&it);) {
        struct uid uid;
        if (!mp_is(mp_get(it.value, "kind"), "Service") ||
            !uid_parse(mp_str(mp_get(it.value, "uid")), &uid))
            continue;
        struct service_set *s = map_get(&c->services, &uid, sizeof uid);
        if (s && s->ns == slice->id->ns) return s;
    }
    return NULL;
}

void slices_changed(struct serving *c, const struct change *change)
{
    const struct object *any = change->after ? change->after : change->before;
    struct service_set *was = change->before ? slice_service(c, change->before) : NULL;
    struct service_set *is = change->after ? slice_service(c, change->after) : NULL;
    if (was && was != is) map_del(&was->slices, &any->id->uid, sizeof any->id->uid);
    if (is) map_put(&is->slices, &any->id->uid, sizeof any->id->uid, change->after);
    if (was && was != is) services_look(was, change->revision);
    if (is) services_look(is, change->revision);
}

void slices_known(struct serving *c, istr ns)
{
    for (struct actor *a = world_first(c->world, kind_endpointslice, ns); a;
         a = world_next(a, ns)) {
        struct service_set *s = slice_service(c, a->object);
        if (s) map_put(&s->slices, &a->object->id->uid, sizeof(struct uid), a->object);
    }
}

static void slice_written(struct command *command, const struct result *r)
{
    struct service_set *s = command->data;
    struct serving *c = s->controller;
    bool again = r->http >= 400;
    s->slices_flying--;
    if (s->object && (again || !s->slices_flying))
        agenda_at(&c->agenda, &s->agenda, again ? c->now_ms + RETRY_MS : s->write_at_ms);
    services_release(s);
}

static void slice_send(void *ctx, struct command *command)
{
    struct service_set *s = ctx;
    command->cause = s->cause;
    command->done = slice_written;
    command->data = s;
    s->slices_flying++;
    s->write_at_ms = s->controller->now_ms + s->controller->times.endpoints_every_ms;
    system_send(s->controller->system, command);
}

void slices_write(struct service_set *s)
{
    struct serving *c = s->controller;
    if (s->slices_flying) return; /* the last answer makes us look again */
    char since[TIME_TEXT];
    struct slice_wishes wishes = service_wishes(s);
    struct slice_job job = {.system = c->system,
                            .who = c->slices_who,
                            .owner = s->object,
                            .manager = STR("endpointslice-controller.k8s.io"),
                            .headless = services_headless(s->object),
                            .trigger = services_since(s, SINCE_SLICES, since),
                            .have = &s->slices,
                            .want = &wishes,
                            .max = SLICE_MAX,
                            .keep_empty = true, /* as Kubernetes has it */
                            .send = slice_send,
                            .ctx = s};
    slices_reconcile(&job);
    slice_wishes_free(&wishes);
}
