/* Events are news: an Event object that nobody touched for an hour is removed. */
#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "base/mem.h"

enum { EXPIRE_PER_TURN = 500, LOOK_EVERY_MS = 1000, QUEUE_CHUNK = 1024 };

struct written { /* an Event was written: so far, the last time */
    struct uid uid;
    uint64_t revision;
    int64_t time_ms; /* of the entry */
};

/* A queue in order of time. When its head is old enough it expires, unless it was written again:
 * then it stands further back once more. */
struct expiry {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    istr who;
    uint32_t ttl_ms;
    struct written *queue;
    size_t head, count, cap; /* a ring */
    uint64_t look_ms;
};

static struct expiry *expiry_of(struct subscriber *s)
{
    return container_of(s, struct expiry, subscriber);
}

static void expiry_grow(struct expiry *c)
{
    size_t cap = c->cap ? c->cap * 2 : QUEUE_CHUNK;
    struct written *queue = mem_alloc(cap * sizeof *queue);
    for (size_t i = 0; i < c->count; i++) queue[i] = c->queue[(c->head + i) % c->cap];
    mem_free(c->queue);
    c->queue = queue;
    c->cap = cap;
    c->head = 0;
}

static void expiry_push(struct expiry *c, const struct object *o, int64_t time_ms)
{
    if (c->count == c->cap) expiry_grow(c);
    c->queue[(c->head + c->count++) % c->cap] = (struct written){o->id->uid, o->revision, time_ms};
}

static struct object *expiry_current(struct expiry *c, const struct written *w)
{
    struct actor *a = world_by_uid(c->world, &w->uid);
    return a && a->object && a->object->revision == w->revision ? a->object : NULL;
}

static void expiry_pop(struct expiry *c)
{
    c->head = (c->head + 1) % c->cap;
    c->count--;
}

static void expiry_changed(struct subscriber *s, const struct change *change)
{
    struct expiry *c = expiry_of(s);
    if (change->after && change->after->id->kind == kind_event)
        expiry_push(c, change->after, change->time_ms);
    /* On every master, so that followers' queues do not grow without end. */
    while (c->count && !expiry_current(c, &c->queue[c->head])) expiry_pop(c);
}

static int by_revision(const void *left, const void *right)
{
    const struct written *a = left, *b = right;
    return a->revision < b->revision ? -1 : a->revision > b->revision;
}

static void expiry_restored(struct subscriber *s)
{
    struct expiry *c = expiry_of(s);
    c->head = c->count = 0;
    for (struct actor *a = world_first(c->world, kind_event, NULL); a; a = world_next(a, NULL))
        expiry_push(c, a->object, a->object->id->created_s * 1000);
    if (c->count) qsort(c->queue, c->count, sizeof *c->queue, by_revision);
}

static void expiry_turn(struct subscriber *s, uint64_t now_ms)
{
    struct expiry *c = expiry_of(s);
    if (now_ms < c->look_ms) return;
    c->look_ms = now_ms + LOOK_EVERY_MS;
    /* Between logged times and now: a wall clock that jumps makes news old too early, and nothing
     * worse. */
    int64_t since = acting_wall_s(c->system) * 1000 - c->ttl_ms;
    for (unsigned n = 0; n < EXPIRE_PER_TURN && c->count; n++) {
        const struct written w = c->queue[c->head];
        if (w.time_ms > since) return;
        struct object *o = expiry_current(c, &w);
        expiry_pop(c);
        if (!o) continue;
        expiry_push(c, o, w.time_ms + c->ttl_ms / 8); /* should this delete fail */
        system_send(c->system, acting_on_version(COMMAND_DELETE, o, c->who, 0));
    }
}

struct subscriber *event_expiry_new(struct system *s, const struct controller_times *times)
{
    struct expiry *c = mem_new(struct expiry);
    c->subscriber = (struct subscriber){.name = "event-expiry",
                                        .changed = expiry_changed,
                                        .restored = expiry_restored,
                                        .turn = expiry_turn};
    c->system = s;
    c->world = system_world(s);
    c->who = istr_of("system:event-expiry");
    c->ttl_ms = times->event_ttl_ms;
    expiry_restored(&c->subscriber);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void event_expiry_free(struct subscriber *s)
{
    struct expiry *c = expiry_of(s);
    list_remove(&s->link);
    mem_free(c->queue);
    mem_free(c);
}
