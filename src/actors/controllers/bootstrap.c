/* What every cluster has from the start and gets back when it is lost: the priority classes of the
 * system, the Service, Endpoints and EndpointSlice by which pods find the masters, the CA by which
 * other servers know clients. (The first namespaces are made by namespace.c.) */
#include "actors/controllers/bootstrap.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/lookout.h"
#include "actors/tokens.h"
#include "base/mem.h"

struct bootstrap {
    struct subscriber subscriber;
    struct lookout lookout; /* of the first objects */
    struct world *world;
};

static struct bootstrap *bootstrap_of(struct subscriber *s)
{
    return container_of(s, struct bootstrap, subscriber);
}

static istr place_of(const struct first_object *f)
{
    return f->ns ? istr_of(f->ns) : NULL;
}

static void look_at(struct bootstrap *c, struct look *look)
{
    const struct first_object *f = bootstrap_find(look->kind, look->ns, look_name(look));
    const struct object *o = world_get(c->world, look->kind, look->ns, look_name(look));
    const struct object *ns =
        f->ns ? world_get(c->world, kind_namespace, NULL, str_of(f->ns)) : NULL;
    if ((f->ns && (!ns || ns->deleted_s)) || (o && !f->kept)) return;
    struct doc *body = f->body(system_given(c->lookout.system));
    if (!body) return;
    bool good = o && mp_same(doc_path(o->body, f->kept), doc_path(body, f->kept));
    if (good || (o && o->deleted_s)) {
        doc_unref(body);
    } else if (!o) {
        look_send(look, look_create(look, look->kind, look->ns, look_name(look), body));
    } else {
        struct command *update = acting_on(COMMAND_UPDATE, o, c->lookout.who, look->cause);
        update->body = body;
        look_send(look, update);
    }
}

static void add_all(struct bootstrap *c, istr ns, uint64_t cause)
{
    for (unsigned i = 0; i < bootstrap_count; i++) {
        const struct first_object *f = &bootstrap_objects[i];
        if (!ns || place_of(f) == ns)
            lookout_add(&c->lookout, *f->kind, place_of(f), str_of(f->name), cause);
    }
}

static void bootstrap_changed(struct subscriber *s, const struct change *change)
{
    struct bootstrap *c = bootstrap_of(s);
    const struct object *any = change->after ? change->after : change->before;
    if (!system_leads(c->lookout.system)) return;
    if (any->id->kind == kind_namespace && !change->before)
        add_all(c, istr_get(object_name(any)), change->revision);
    else if (bootstrap_find(any->id->kind, any->id->ns, object_name(any)))
        lookout_add(&c->lookout, any->id->kind, any->id->ns, object_name(any), change->revision);
}

static void bootstrap_lead(struct subscriber *s, bool leads)
{
    struct bootstrap *c = bootstrap_of(s);
    lookout_clear(&c->lookout);
    if (leads) add_all(c, NULL, 0);
}

static void bootstrap_turn(struct subscriber *s, uint64_t now_ms)
{
    struct bootstrap *c = bootstrap_of(s);
    struct look *look;
    while ((look = lookout_take(&c->lookout, now_ms))) {
        look_at(c, look);
        look_end(look);
    }
}

struct subscriber *bootstrap_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct bootstrap *c = mem_new(struct bootstrap);
    c->subscriber = (struct subscriber){.name = "bootstrap",
                                        .changed = bootstrap_changed,
                                        .lead = bootstrap_lead,
                                        .turn = bootstrap_turn};
    lookout_init(&c->lookout, s, "system:apiserver");
    c->world = system_world(s);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void bootstrap_controller_free(struct subscriber *s)
{
    struct bootstrap *c = bootstrap_of(s);
    list_remove(&s->link);
    lookout_free(&c->lookout);
    mem_free(c);
}
