/* CustomResourceDefinitions: accepts their names, which makes them served, and empties what is
 * being deleted.
 *
 * Within a group a plural, singular or short name belongs to one definition, and so does a kind.
 * Acceptance is written one definition at a time, so that of two that want the same name the second
 * sees the first. */
#include "actors/crd.h"
#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/agenda.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/crd_names.h"
#include "base/mem.h"

enum { AGAIN_MS = 100 };

struct watched { /* a definition */
    struct agenda_item agenda;
    const struct kind *kind; /* what it defines */
    uint64_t cause;
};

struct definer {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    istr who;
    struct map watched; /* by key of the kind */
    struct agenda agenda;
    unsigned flying; /* commands of ours that are not answered yet */
    uint64_t now_ms;
};

static struct definer *definer_of(struct subscriber *s)
{
    return container_of(s, struct definer, subscriber);
}

static void definer_done(struct command *command, const struct result *r)
{
    (void)r;
    struct definer *d = command->data;
    d->flying--;
}

static void definer_send(struct definer *d, struct command *command)
{
    command->done = definer_done;
    command->data = d;
    d->flying++;
    system_send(d->system, command);
}

static void finish(struct definer *d, const struct watched *w, const struct object *crd)
{
    struct command *command = acting_on_version(COMMAND_UPDATE, crd, d->who, w->cause);
    command->body = body_without_finalizer(crd->body, CRD_FINALIZER);
    definer_send(d, command);
}

/* One step of emptying; it is looked at again until it is gone. */
static void empty(struct definer *d, struct watched *w, const struct object *crd)
{
    unsigned budget = acting_budget(d->system);
    for (struct actor *a = world_first(d->world, w->kind, NULL); a && budget;) {
        struct object *o = a->object;
        a = world_next(a, NULL); /* first: a refusal may end the actor */
        if (o->deleted_s) continue;
        struct command *command = acting_on(COMMAND_DELETE, o, d->who, w->cause);
        command->propagation = PROPAGATION_BACKGROUND;
        definer_send(d, command);
        budget--;
    }
    if (world_kind_empty(d->world, w->kind)) finish(d, w, crd);
    agenda_at(&d->agenda, &w->agenda, d->now_ms + AGAIN_MS);
}

static void accept(struct definer *d, struct watched *w, const struct object *crd)
{
    struct doc *status = crd_names_status(d->world, crd, acting_wall_s(d->system));
    if (doc_equal(status, crd->status)) {
        doc_unref(status);
        return;
    }
    struct command *command = acting_on_version(COMMAND_STATUS, crd, d->who, w->cause);
    command->status = status;
    definer_send(d, command);
    agenda_at(&d->agenda, &w->agenda, d->now_ms + AGAIN_MS); /* it may be refused */
}

static void definer_turn(struct subscriber *s, uint64_t now_ms)
{
    struct definer *d = definer_of(s);
    d->now_ms = now_ms;
    while (!d->flying) {
        struct agenda_item *item = agenda_take(&d->agenda, now_ms);
        if (!item) return;
        struct watched *w = container_of(item, struct watched, agenda);
        const struct object *crd = world_get(d->world, kind_crd, NULL, str_of(w->kind->key));
        if (!crd) continue;
        if (!crd->deleted_s)
            accept(d, w, crd);
        else if (body_has_finalizer(crd->body, CRD_FINALIZER))
            empty(d, w, crd);
    }
}

static void watched_look(struct definer *d, const struct object *crd, uint64_t revision)
{
    struct watched *w = map_get(&d->watched, crd->id->name, crd->id->name_len);
    if (!w) {
        const struct kind *kind = kind_by_key(object_name(crd));
        if (!kind || !kind->custom) return; /* validation lets none of these in */
        w = mem_new(struct watched);
        w->kind = kind;
        agenda_item_init(&w->agenda);
        map_put(&d->watched, kind->key, strlen(kind->key), w);
    }
    w->cause = revision;
    agenda_soon(&d->agenda, &w->agenda);
}

/* Names that were in the way may be free now. */
static void look_at_group(struct definer *d, const struct object *crd, uint64_t revision)
{
    struct mp group = doc_path(crd->body, "spec.group");
    for (struct actor *a = world_first(d->world, kind_crd, NULL); a; a = world_next(a, NULL))
        if (str_eq(mp_str(doc_path(a->object->body, "spec.group")), mp_str(group)))
            watched_look(d, a->object, revision);
}

static void watched_forget(struct definer *d, const struct object *crd)
{
    struct watched *w = map_del(&d->watched, crd->id->name, crd->id->name_len);
    if (!w) return;
    agenda_drop(&w->agenda);
    mem_free(w);
}

static bool same_names(const struct object *before, const struct object *after)
{
    return after && str_eq(doc_path(before->status, "acceptedNames").raw,
                           doc_path(after->status, "acceptedNames").raw);
}

static void definer_changed(struct subscriber *s, const struct change *change)
{
    const struct object *any = change->after ? change->after : change->before;
    if (any->id->kind != kind_crd) return;
    struct definer *d = definer_of(s);
    if (change->after)
        watched_look(d, change->after, change->revision);
    else
        watched_forget(d, change->before);
    if (change->before && !same_names(change->before, change->after))
        look_at_group(d, change->before, change->revision);
}

static void definer_clear(struct definer *d)
{
    struct watched *w;
    for (size_t i = 0; (w = map_next(&d->watched, &i));) {
        agenda_drop(&w->agenda);
        mem_free(w);
    }
    map_free(&d->watched);
}

static void definer_restored(struct subscriber *s)
{
    struct definer *d = definer_of(s);
    definer_clear(d);
    for (struct actor *a = world_first(d->world, kind_crd, NULL); a; a = world_next(a, NULL))
        watched_look(d, a->object, a->object->revision);
}

/* What an earlier leader sent may have been lost. */
static void definer_lead(struct subscriber *s, bool leads)
{
    if (leads) definer_restored(s);
}

struct subscriber *crd_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct definer *d = mem_new(struct definer);
    d->subscriber = (struct subscriber){.name = "crd",
                                        .changed = definer_changed,
                                        .restored = definer_restored,
                                        .lead = definer_lead,
                                        .turn = definer_turn};
    d->system = s;
    d->world = system_world(s);
    d->who = istr_of("system:apiserver");
    agenda_init(&d->agenda);
    definer_restored(&d->subscriber);
    world_subscribe(d->world, &d->subscriber);
    return &d->subscriber;
}

void crd_controller_free(struct subscriber *s)
{
    struct definer *d = definer_of(s);
    list_remove(&s->link);
    definer_clear(d);
    mem_free(d);
}
