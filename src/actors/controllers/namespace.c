/* The namespace controller: the namespaces that every cluster has, and the emptying of those that
 * are to go. */
#include "actors/controllers/acting.h"
#include "actors/controllers/agenda.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/namespace_conditions.h"
#include "actors/edit.h"
#include "base/mem.h"

enum { AGAIN_MS = 200, FIRST_MS = 1000, TELL_MS = 2000 };

static const char *const first_namespaces[] = {"default", "kube-system", "kube-public",
                                               "kube-node-lease"};

struct emptying { /* of one terminating namespace */
    struct agenda_item agenda;
    istr ns;
    uint32_t flying; /* commands on their way */
    uint64_t cause;
    uint64_t tell_at_ms; /* its status tells what is left, not before; 0: it is not going */
    char *refused;       /* why a deletion did not succeed, since the last look; or NULL */
    struct emptier *controller;
};

struct emptier {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    istr who;
    struct map namespaces; /* name -> struct emptying */
    struct agenda agenda;
    uint64_t now_ms;
    uint64_t first_at_ms; /* when to see to the first namespaces again */
};

static struct emptier *emptier_of(struct subscriber *s)
{
    return container_of(s, struct emptier, subscriber);
}

/* --- the first namespaces --- */

static void make_first(struct emptier *c)
{
    for (unsigned i = 0; i < sizeof first_namespaces / sizeof *first_namespaces; i++) {
        struct str name = str_of(first_namespaces[i]);
        if (world_get(c->world, kind_namespace, NULL, name)) continue;
        struct command *command = command_new(COMMAND_CREATE, kind_namespace, NULL, name, c->who);
        buf_auto struct buf b = BUF_INIT;
        mp_put_map(&b, 1);
        mp_put_z(&b, "metadata");
        mp_put_map(&b, 0);
        command->body = doc_from_buf(&b);
        system_send(c->system, command);
    }
}

/* --- emptying --- */

static void emptying_release(struct emptying *e)
{
    if (e->flying || world_get(e->controller->world, kind_namespace, NULL, istr_str(e->ns))) return;
    agenda_drop(&e->agenda);
    map_del(&e->controller->namespaces, e->ns, strlen(e->ns));
    mem_free(e->refused);
    mem_free(e);
}

/* Not that it is gone, was changed meanwhile, or has to wait for a leader. */
static bool emptying_failed(const struct command *command, const struct result *r)
{
    bool passes = r->http == 404 || r->http == 409 || r->http == 503 || r->http == 504;
    return command->op == COMMAND_DELETE && r->http >= 400 && !passes;
}

static void emptying_done(struct command *command, const struct result *r)
{
    struct emptying *e = command->data;
    e->flying--;
    if (emptying_failed(command, r)) {
        mem_free(e->refused);
        e->refused = mem_strdup(r->message);
    }
    if (!e->flying) agenda_at(&e->controller->agenda, &e->agenda, e->controller->now_ms + 1);
    emptying_release(e);
}

static void emptying_send(struct emptying *e, struct command *command)
{
    command->done = emptying_done;
    command->data = e;
    e->flying++;
    system_send(e->controller->system, command);
}

/* Sends deletes for what is not yet going; returns how many. */
static unsigned delete_content(struct emptying *e, const struct kind *kind, unsigned budget)
{
    struct emptier *c = e->controller;
    unsigned sent = 0;
    for (struct actor *a = world_first(c->world, kind, e->ns); a && sent < budget;) {
        struct object *o = a->object;
        a = world_next(a, e->ns); /* first: a refusal may end the actor */
        if (o->deleted_s) continue;
        struct command *command = acting_on(COMMAND_DELETE, o, c->who, e->cause);
        command->propagation = PROPAGATION_BACKGROUND;
        emptying_send(e, command);
        sent++;
    }
    return sent;
}

static void finalize(struct emptying *e, const struct object *ns)
{
    struct emptier *c = e->controller;
    struct command *command = acting_on(COMMAND_UPDATE, ns, c->who, e->cause);
    buf_auto struct buf none = BUF_INIT;
    mp_put_array(&none, 0);
    command->body = edit_doc(ns->body, "spec.finalizers", edit_value(&none));
    command->merges_finalizers = true;
    emptying_send(e, command);
}

static bool finalized(const struct object *ns)
{
    struct mp list = doc_path(ns->body, "spec.finalizers");
    return list.type != MP_ARRAY || list.count == 0;
}

/* Only what lasts is worth an event: most namespaces are gone before. */
static void tell(struct emptying *e, const struct object *ns)
{
    struct emptier *c = e->controller;
    if (c->now_ms < e->tell_at_ms) return;
    e->tell_at_ms = c->now_ms + TELL_MS;
    struct doc *status = namespace_conditions(c->world, ns, e->refused, acting_wall_s(c->system));
    mem_free(e->refused);
    e->refused = NULL;
    if (!status) return;
    struct command *command = acting_on_version(COMMAND_STATUS, ns, c->who, e->cause);
    command->status = status;
    emptying_send(e, command);
}

static unsigned look(struct emptying *e, unsigned budget)
{
    struct emptier *c = e->controller;
    struct object *ns = world_get(c->world, kind_namespace, NULL, istr_str(e->ns));
    if (!ns || !ns->deleted_s || e->flying) return 0;
    if (!e->tell_at_ms) e->tell_at_ms = c->now_ms + TELL_MS;
    e->flying++; /* refusals answer at once; let them not end this record */
    unsigned sent = 0;
    for (unsigned i = 0; i < kind_count() && sent < budget; i++)
        if (kind_at(i)->namespaced) sent += delete_content(e, kind_at(i), budget - sent);
    if (!sent && world_namespace_empty(c->world, e->ns) && !finalized(ns))
        finalize(e, ns);
    else
        tell(e, ns);
    e->flying--;
    agenda_at(&c->agenda, &e->agenda, c->now_ms + AGAIN_MS);
    return sent;
}

static void namespace_turn(struct subscriber *s, uint64_t now_ms)
{
    struct emptier *c = emptier_of(s);
    c->now_ms = now_ms;
    if (now_ms >= c->first_at_ms) {
        c->first_at_ms = now_ms + FIRST_MS;
        make_first(c);
    }
    unsigned budget = acting_budget(c->system);
    while (budget) {
        struct agenda_item *item = agenda_take(&c->agenda, now_ms);
        if (!item) return;
        unsigned sent = look(container_of(item, struct emptying, agenda), budget);
        budget -= sent < budget ? sent : budget;
    }
}

static void namespace_note(struct emptier *c, const struct object *ns, uint64_t revision)
{
    struct emptying *e = map_get(&c->namespaces, ns->id->name, ns->id->name_len);
    if (!e && !ns->deleted_s) return;
    if (!e) {
        e = mem_new(struct emptying);
        e->ns = istr_get(object_name(ns));
        e->controller = c;
        agenda_item_init(&e->agenda);
        map_put(&c->namespaces, e->ns, strlen(e->ns), e);
    }
    e->cause = revision;
    agenda_soon(&c->agenda, &e->agenda);
}

static void namespace_changed(struct subscriber *s, const struct change *change)
{
    struct emptier *c = emptier_of(s);
    const struct object *any = change->after ? change->after : change->before;
    if (any->id->kind == kind_namespace) {
        if (change->after) {
            namespace_note(c, change->after, change->revision);
            return;
        }
        c->first_at_ms = 0;
        struct emptying *e = map_get(&c->namespaces, any->id->name, any->id->name_len);
        if (e) emptying_release(e);
    } else if (!change->after && any->id->ns && c->namespaces.count) {
        struct emptying *e = map_get(&c->namespaces, any->id->ns, strlen(any->id->ns));
        if (e) agenda_at(&c->agenda, &e->agenda, c->now_ms + 1);
    }
}

static void namespace_restored(struct subscriber *s)
{
    struct emptier *c = emptier_of(s);
    struct emptying *e;
    for (size_t i = 0; (e = map_next(&c->namespaces, &i));) {
        agenda_drop(&e->agenda);
        emptying_release(e);
    }
    for (struct actor *a = world_first(c->world, kind_namespace, NULL); a; a = world_next(a, NULL))
        namespace_note(c, a->object, a->object->revision);
}

static void namespace_lead(struct subscriber *s, bool leads)
{
    struct emptier *c = emptier_of(s);
    c->first_at_ms = 0;
    if (leads) namespace_restored(s);
}

struct subscriber *namespace_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct emptier *c = mem_new(struct emptier);
    c->subscriber = (struct subscriber){.name = "namespace",
                                        .changed = namespace_changed,
                                        .restored = namespace_restored,
                                        .lead = namespace_lead,
                                        .turn = namespace_turn};
    c->system = s;
    c->world = system_world(s);
    c->who = istr_of("system:serviceaccount:kube-system:namespace-controller");
    agenda_init(&c->agenda);
    namespace_restored(&c->subscriber);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void namespace_controller_free(struct subscriber *s)
{
    struct emptier *c = emptier_of(s);
    list_remove(&s->link);
    struct emptying *e;
    for (size_t i = 0; (e = map_next(&c->namespaces, &i));) {
        mem_free(e->refused);
        mem_free(e);
    }
    map_free(&c->namespaces);
    mem_free(c);
}
