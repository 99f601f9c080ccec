#include "actors/controllers/lookout.h"

#include "base/mem.h"

enum { AGAIN_MS = 1000 };

void lookout_init(struct lookout *l, struct system *s, const char *who)
{
    *l = (struct lookout){.system = s, .who = istr_of(who)};
    agenda_init(&l->agenda);
}

static void look_free(struct look *look)
{
    agenda_drop(&look->agenda);
    map_del(&look->lookout->looks, look->key, look->key_len);
    mem_free(look);
}

void lookout_clear(struct lookout *l)
{
    struct look *look;
    for (size_t i = 0; (look = map_next(&l->looks, &i));)
        if (!look->flying) look_free(look);
}

void lookout_free(struct lookout *l)
{
    lookout_clear(l);
    map_free(&l->looks);
}

struct look_place { /* by address: both live as long as the process */
    const struct kind *kind;
    istr ns;
};

static struct look *look_make(struct lookout *l, const struct kind *kind, istr ns, struct str name)
{
    struct look_place place = {kind, ns};
    struct look *look = mem_zalloc(sizeof *look + sizeof place + name.n);
    memcpy(look->key, &place, sizeof place);
    memcpy(look->key + sizeof place, name.p, name.n);
    look->key_len = (uint32_t)(sizeof place + name.n);
    struct look *known = map_get(&l->looks, look->key, look->key_len);
    if (known) {
        mem_free(look);
        return known;
    }
    look->lookout = l;
    look->kind = kind;
    look->ns = ns;
    look->name_at = sizeof place;
    agenda_item_init(&look->agenda);
    map_put(&l->looks, look->key, look->key_len, look);
    return look;
}

void lookout_add(struct lookout *l, const struct kind *kind, istr ns, struct str name,
                 uint64_t cause)
{
    struct look *look = look_make(l, kind, ns, name);
    look->cause = cause;
    if (!look->flying) agenda_soon(&l->agenda, &look->agenda);
}

void lookout_add_at(struct lookout *l, const struct kind *kind, istr ns, struct str name,
                    uint64_t cause, uint64_t due_ms)
{
    struct look *look = look_make(l, kind, ns, name);
    look->cause = cause;
    if (!look->flying) agenda_at(&l->agenda, &look->agenda, due_ms);
}

void lookout_add_all(struct lookout *l, const struct kind *kind)
{
    struct world *w = system_world(l->system);
    for (struct actor *a = world_first(w, kind, NULL); a; a = world_next(a, NULL))
        lookout_add(l, kind, a->ns, actor_name(a), a->object->revision);
}

struct look *lookout_take(struct lookout *l, uint64_t now_ms)
{
    l->now_ms = now_ms;
    struct agenda_item *item = agenda_take(&l->agenda, now_ms);
    if (!item) return NULL;
    struct look *look = container_of(item, struct look, agenda);
    look->flying++; /* until look_end, so that answers which come at once do not end it */
    return look;
}

static void look_landed(struct look *look)
{
    if (--look->flying) return;
    struct lookout *l = look->lookout;
    if (look->failed)
        agenda_at(&l->agenda, &look->agenda, l->now_ms + AGAIN_MS);
    else
        agenda_soon(&l->agenda, &look->agenda);
    look->failed = false;
}

static void look_done(struct command *c, const struct result *r)
{
    struct look *look = c->data;
    /* What is there already, or gone already, is as good as done. */
    bool fine = r->http == 409 || (r->http == 404 && c->op != COMMAND_CREATE);
    if (r->http >= 400 && !fine) look->failed = true;
    look_landed(look);
}

void look_send(struct look *look, struct command *c)
{
    c->cause = look->cause;
    c->done = look_done;
    c->data = look;
    look->flying++;
    system_send(look->lookout->system, c);
}

void look_end(struct look *look)
{
    if (look->flying > 1 || look->failed)
        look_landed(look);
    else if (list_empty(&look->agenda.link))
        look_free(look);
    else
        look->flying = 0;
}

void look_again_at(struct look *look, uint64_t due_ms)
{
    agenda_at(&look->lookout->agenda, &look->agenda, due_ms);
}

struct command *look_create(const struct look *look, const struct kind *kind, istr ns,
                            struct str name, struct doc *body)
{
    struct command *c = command_new(COMMAND_CREATE, kind, ns, name, look->lookout->who);
    c->body = body;
    return c;
}
