/* Every namespace has a service account named "default". */
#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "base/mem.h"

enum { AGAIN_MS = 1000, ACCOUNTS_PER_TURN = 200 };

struct lacking { /* a namespace whose account may be missing */
    struct list link;
    istr ns;
    uint64_t cause;
};

struct accounts {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    istr who;
    struct list lacking;
    uint64_t again_ms; /* refused creates are looked for at this time; 0: none */
};

static struct accounts *accounts_of(struct subscriber *s)
{
    return container_of(s, struct accounts, subscriber);
}

static void lacks(struct accounts *c, istr ns, uint64_t cause)
{
    struct lacking *l = mem_new(struct lacking);
    l->ns = ns;
    l->cause = cause;
    list_push(&c->lacking, &l->link);
}

static void lacking_clear(struct accounts *c)
{
    list_each_safe(it, &c->lacking) mem_free(container_of(it, struct lacking, link));
    list_init(&c->lacking);
}

static void account_done(struct command *command, const struct result *r)
{
    struct accounts *c = command->data;
    if (r->http >= 429) c->again_ms = 1;
}

static void account_create(struct accounts *c, istr ns, uint64_t cause)
{
    const struct object *o = world_get(c->world, kind_namespace, NULL, istr_str(ns));
    if (!o || o->deleted_s || world_get(c->world, kind_serviceaccount, ns, STR("default"))) return;
    struct command *command =
        command_new(COMMAND_CREATE, kind_serviceaccount, ns, STR("default"), c->who);
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 1);
    mp_put_z(&b, "metadata");
    mp_put_map(&b, 0);
    command->body = doc_from_buf(&b);
    command->cause = cause;
    command->done = account_done;
    command->data = c;
    system_send(c->system, command);
}

static void accounts_changed(struct subscriber *s, const struct change *change)
{
    struct accounts *c = accounts_of(s);
    const struct object *any = change->after ? change->after : change->before;
    if (!system_leads(c->system)) return; /* a new leader looks at all of them */
    if (any->id->kind == kind_namespace && !change->before)
        lacks(c, istr_get(object_name(any)), change->revision);
    else if (any->id->kind == kind_serviceaccount && !change->after)
        lacks(c, any->id->ns, change->revision);
}

static void accounts_look_at_all(struct accounts *c)
{
    lacking_clear(c);
    for (struct actor *a = world_first(c->world, kind_namespace, NULL); a; a = world_next(a, NULL))
        lacks(c, istr_get(actor_name(a)), a->object->revision);
}

static void accounts_lead(struct subscriber *s, bool leads)
{
    struct accounts *c = accounts_of(s);
    lacking_clear(c);
    if (leads) accounts_look_at_all(c);
}

static void accounts_turn(struct subscriber *s, uint64_t now_ms)
{
    struct accounts *c = accounts_of(s);
    if (c->again_ms == 1) c->again_ms = now_ms + AGAIN_MS;
    if (c->again_ms && now_ms >= c->again_ms) {
        c->again_ms = 0;
        accounts_look_at_all(c);
    }
    unsigned left = ACCOUNTS_PER_TURN;
    list_each_safe(it, &c->lacking)
    {
        if (!left--) break;
        struct lacking *l = container_of(it, struct lacking, link);
        account_create(c, l->ns, l->cause);
        list_remove(it);
        mem_free(l);
    }
}

struct subscriber *serviceaccount_controller_new(struct system *s,
                                                 const struct controller_times *times)
{
    (void)times;
    struct accounts *c = mem_new(struct accounts);
    c->subscriber = (struct subscriber){.name = "serviceaccount",
                                        .changed = accounts_changed,
                                        .lead = accounts_lead,
                                        .turn = accounts_turn};
    c->system = s;
    c->world = system_world(s);
    c->who = istr_of("system:serviceaccount:kube-system:service-account-controller");
    list_init(&c->lacking);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void serviceaccount_controller_free(struct subscriber *s)
{
    struct accounts *c = accounts_of(s);
    list_remove(&s->link);
    lacking_clear(c);
    mem_free(c);
}
