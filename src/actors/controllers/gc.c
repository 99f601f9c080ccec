/* The garbage collector: what its owners have left behind goes too, or is set free.
 *
 * An owner that is gone takes along the dependents that have no other owner; one that is being
 * deleted in the foreground waits until its dependents are gone; one that orphans them lets them go
 * first. */
#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/owners.h"
#include "actors/edit.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 2000, AGAIN_MS = 100 };

static struct collector *collector_of(struct subscriber *s)
{
    return container_of(s, struct collector, subscriber);
}

static void errand_done(struct command *command, const struct result *r)
{
    struct errand *e = command->data;
    struct collector *c = e->collector;
    map_del(&c->errands, &e->about, sizeof e->about);
    struct owner *o = owners_find(c, &e->owner);
    if (o && r->http >= 400) agenda_at(&c->agenda, &o->agenda, c->now_ms + AGAIN_MS);
    mem_free(e);
}

static void send(struct collector *c, const struct owner *o, const struct object *about,
                 struct command *command)
{
    struct errand *e = mem_new(struct errand);
    e->about = about->id->uid;
    e->owner = o->uid;
    e->collector = c;
    map_put(&c->errands, &e->about, sizeof e->about, e);
    command->done = errand_done;
    command->data = e;
    system_send(c->system, command);
}

static bool busy(const struct collector *c, const struct object *o)
{
    return map_get(&c->errands, &o->id->uid, sizeof o->id->uid) != NULL;
}

/* What the owners of a dependent say about its fate. */
struct fate {
    unsigned solid;   /* owners that are there to stay */
    unsigned leaving; /* that are gone, or wait in the foreground for the dependent to go */
    bool foreground;
    struct buf kept; /* the references to solid owners, encoded */
};

static struct fate fate_of(const struct collector *c, const struct object *dependent)
{
    struct fate f = {0};
    struct mp list = doc_path(dependent->body, "metadata.ownerReferences");
    mp_begin(&f.kept);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct uid uid;
        struct object *owner = NULL;
        if (uid_parse(mp_str(mp_get(it.value, "uid")), &uid))
            owner = owners_object(c, &uid, dependent->id->ns);
        bool orphans = owner && owner->deleted_s && body_has_finalizer(owner->body, "orphan");
        bool waits =
            owner && owner->deleted_s && body_has_finalizer(owner->body, "foregroundDeletion");
        bool stays = owner ? !waits && !orphans : !owner_is_gone(c, dependent, it.value);
        if (stays) {
            mp_put(&f.kept, it.value);
            f.solid++;
        } else {
            f.leaving++;
            /* Set free: it counts as having somebody, though nobody in particular. */
            if (orphans) f.solid++;
            f.foreground |= waits;
        }
    }
    return f;
}

static void strip(struct collector *c, const struct owner *by, const struct object *o,
                  struct fate *f)
{
    struct mp list = doc_path(o->body, "metadata.ownerReferences");
    uint32_t kept = list.count - f->leaving;
    mp_end_array(&f->kept, 0, kept);
    struct command *command = acting_on_version(COMMAND_UPDATE, o, c->who, by->cause);
    command->body = edit_doc(o->body, "metadata.ownerReferences",
                             kept ? edit_value(&f->kept) : (struct str){0});
    send(c, by, o, command);
}

static bool has_dependents(const struct collector *c, const struct object *o)
{
    struct owner *as_owner = owners_find(c, &o->id->uid);
    return as_owner && as_owner->dependents.count;
}

static void delete_dependent(struct collector *c, const struct owner *by, const struct object *o,
                             bool foreground)
{
    struct command *command = acting_on_version(COMMAND_DELETE, o, c->who, by->cause);
    if (body_has_finalizer(o->body, "orphan"))
        command->propagation = PROPAGATION_ORPHAN;
    else if ((foreground && has_dependents(c, o)) ||
             body_has_finalizer(o->body, "foregroundDeletion"))
        command->propagation = PROPAGATION_FOREGROUND;
    else
        command->propagation = PROPAGATION_BACKGROUND;
    send(c, by, o, command);
}

static void open_circle(struct collector *c, const struct owner *by, const struct object *o)
{
    struct command *command = acting_on_version(COMMAND_UPDATE, o, c->who, by->cause);
    command->body = circle_opened(o);
    send(c, by, o, command);
}

/* One step for one dependent; true when something was sent. */
static bool settle(struct collector *c, const struct owner *by, const struct object *o)
{
    if (busy(c, o)) return false;
    struct fate f = fate_of(c, o);
    bool frees = f.leaving && f.solid, deletes = f.leaving && !f.solid && !o->deleted_s;
    if (frees) strip(c, by, o, &f);
    bool opens = f.foreground && !frees && !deletes && circle_suspected(c, o);
    if (deletes) delete_dependent(c, by, o, f.foreground);
    if (opens) open_circle(c, by, o);
    buf_free(&f.kept);
    return frees || deletes || opens;
}

static int by_creation(const void *left, const void *right)
{
    const struct ident *a = *(struct ident *const *)left, *b = *(struct ident *const *)right;
    return a->created_revision < b->created_revision ? -1 : a != b;
}

/* Goes through the dependents, oldest first; returns how many commands were sent. */
static unsigned settle_dependents(struct collector *c, struct owner *o, unsigned budget)
{
    size_t n = 0;
    mem_auto struct ident **all = mem_alloc((o->dependents.count + 1) * sizeof(struct ident *));
    struct ident *id;
    for (size_t i = 0; (id = map_next(&o->dependents, &i));) all[n++] = id;
    qsort(all, n, sizeof(struct ident *), by_creation);
    unsigned sent = 0;
    for (size_t i = 0; i < n && sent < budget; i++) {
        struct actor *a = world_by_uid(c->world, &all[i]->uid);
        if (a && a->object) sent += settle(c, o, a->object);
    }
    return sent;
}

/* Does any dependent forbid that this owner goes before it? */
static bool blocked(const struct collector *c, const struct owner *o)
{
    struct ident *id;
    for (size_t i = 0; (id = map_next(&o->dependents, &i));) {
        struct actor *a = world_by_uid(c->world, &id->uid);
        if (!a || !a->object) continue;
        struct mp list = doc_path(a->object->body, "metadata.ownerReferences");
        for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
            struct uid uid;
            if (uid_parse(mp_str(mp_get(it.value, "uid")), &uid) && uid_equal(&uid, &o->uid) &&
                mp_bool(mp_get(it.value, "blockOwnerDeletion"), false))
                return true;
        }
    }
    return false;
}

static void let_go(struct collector *c, const struct owner *o, const struct object *object,
                   const char *finalizer)
{
    if (busy(c, object)) return;
    struct command *command = acting_on_version(COMMAND_UPDATE, object, c->who, o->cause);
    command->body = body_without_finalizer(object->body, finalizer);
    send(c, o, object, command);
}

/* Returns how many commands were sent. */
static unsigned look(struct collector *c, struct owner *o, unsigned budget)
{
    struct actor *a = world_by_uid(c->world, &o->uid);
    struct object *object = a ? a->object : NULL;
    bool waits = object && o->waits;
    if (waits && body_has_finalizer(object->body, "orphan")) {
        if (!o->dependents.count) let_go(c, o, object, "orphan");
    } else if (waits && !blocked(c, o)) {
        let_go(c, o, object, "foregroundDeletion");
    }
    if (!o->dependents.count) return 0;
    if (c->now_ms < o->next_ms) {
        agenda_at(&c->agenda, &o->agenda, o->next_ms);
        return 0;
    }
    unsigned sent = settle_dependents(c, o, budget);
    /* Come back for what is left until there is nothing to send; finishing pods call by themselves.
     */
    if (sent)
        agenda_at(&c->agenda, &o->agenda, c->now_ms + (sent < budget ? AGAIN_MS : 1));
    else
        o->next_ms = c->now_ms + AGAIN_MS;
    return sent;
}

static void gc_turn(struct subscriber *s, uint64_t now_ms)
{
    struct collector *c = collector_of(s);
    c->now_ms = now_ms;
    unsigned budget = acting_budget(c->system);
    for (unsigned looks = 0; looks < LOOKS_PER_TURN && budget; looks++) {
        struct agenda_item *item = agenda_take(&c->agenda, now_ms);
        if (!item) return;
        unsigned sent = look(c, container_of(item, struct owner, agenda), budget);
        budget -= sent < budget ? sent : budget;
    }
}

static void gc_changed(struct subscriber *s, const struct change *change)
{
    owners_changed(collector_of(s), change->before, change->after, change->revision);
}

static void gc_restored(struct subscriber *s)
{
    struct collector *c = collector_of(s);
    owners_clear(c);
    for (unsigned i = 0; i < kind_count(); i++)
        for (struct actor *a = world_first(c->world, kind_at(i), NULL); a; a = world_next(a, NULL))
            owners_changed(c, NULL, a->object, a->object->revision);
}

/* Every master keeps the agenda, but what an earlier term of ours sent may have been lost. */
static void gc_lead(struct subscriber *s, bool leads)
{
    if (leads) owners_look_all(collector_of(s));
}

struct subscriber *gc_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct collector *c = mem_new(struct collector);
    c->subscriber = (struct subscriber){.name = "gc",
                                        .changed = gc_changed,
                                        .restored = gc_restored,
                                        .lead = gc_lead,
                                        .turn = gc_turn};
    c->system = s;
    c->world = system_world(s);
    c->who = istr_of("system:serviceaccount:kube-system:generic-garbage-collector");
    agenda_init(&c->agenda);
    gc_restored(&c->subscriber);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void gc_controller_free(struct subscriber *s)
{
    struct collector *c = collector_of(s);
    list_remove(&s->link);
    owners_clear(c);
    map_free(&c->errands);
    mem_free(c);
}
