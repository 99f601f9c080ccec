/* The feed: what the core folded, handed to the edges in batches, one per entry. */
#include "master/core.h"

#include "base/mem.h"

struct feeder {
    struct subscriber subscriber;
    struct core *core;
    struct list listeners;
    struct feed_change *pending;
    size_t count, cap;
    uint64_t first, last;
    int64_t time_ms;
    struct {
        uint64_t revision;
        struct object *object;
    } recent[RECENT_MAX];
};

struct feed_note {
    struct note note;
    struct feed_listener *listener;
    struct feed_batch *batch; /* NULL: started */
    uint64_t revision;
};

static void feed_note_run(struct note *n)
{
    struct feed_note *fn = container_of(n, struct feed_note, note);
    if (fn->batch)
        fn->listener->batch(fn->listener, fn->batch);
    else
        fn->listener->started(fn->listener, fn->revision);
    mem_free(fn);
}

static void feeder_post(struct feed_listener *l, struct feed_batch *b, uint64_t revision)
{
    struct feed_note *fn = mem_new(struct feed_note);
    *fn = (struct feed_note){.note.run = feed_note_run, l, b, revision};
    inbox_post(l->home, &fn->note);
}

static void feeder_spread(struct feeder *f, struct feed_batch *b)
{
    list_each(it, &f->listeners)
    {
        feed_batch_ref(b);
        feeder_post(container_of(it, struct feed_listener, link), b, 0);
    }
    feed_batch_unref(b);
}

static void feeder_changed(struct subscriber *s, const struct change *c)
{
    struct feeder *f = container_of(s, struct feeder, subscriber);
    if (f->count == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->pending = mem_resize(f->pending, f->cap * sizeof *f->pending);
    }
    if (!f->count) f->first = c->revision;
    f->last = c->revision;
    f->time_ms = c->time_ms;
    f->pending[f->count++] =
        (struct feed_change){c->type, c->revision, object_ref(c->before), object_ref(c->after)};
    size_t slot = c->revision % RECENT_MAX;
    object_unref(f->recent[slot].object);
    f->recent[slot].object = object_ref(c->after ? c->after : c->before);
    f->recent[slot].revision = c->revision;
}

static void feeder_entry_done(struct subscriber *s)
{
    struct feeder *f = container_of(s, struct feeder, subscriber);
    if (!f->count) return;
    struct feed_batch *b = feed_batch_new(f->count);
    memcpy(b->changes, f->pending, f->count * sizeof *f->pending); /* the references move */
    b->count = f->count;
    b->first = f->first;
    b->last = f->last;
    b->time_ms = f->time_ms;
    f->count = 0;
    feeder_spread(f, b);
}

static void feeder_restored(struct subscriber *s)
{
    struct feeder *f = container_of(s, struct feeder, subscriber);
    struct feed_batch *b = feed_batch_new(0);
    b->reset = true;
    b->first = b->last = f->core->world->revision;
    b->time_ms = f->core->world->time_ms;
    feeder_spread(f, b);
}

struct feeder *feeder_new(struct core *core)
{
    struct feeder *f = mem_new(struct feeder);
    f->core = core;
    list_init(&f->listeners);
    f->subscriber = (struct subscriber){.name = "feed",
                                        .changed = feeder_changed,
                                        .entry_done = feeder_entry_done,
                                        .restored = feeder_restored};
    world_subscribe(core->world, &f->subscriber);
    return f;
}

void feeder_free(struct feeder *f)
{
    if (!f) return;
    for (size_t i = 0; i < RECENT_MAX; i++) object_unref(f->recent[i].object);
    for (size_t i = 0; i < f->count; i++) {
        object_unref(f->pending[i].before);
        object_unref(f->pending[i].after);
    }
    mem_free(f->pending);
    mem_free(f);
}

void feeder_add(struct feeder *f, struct feed_listener *l)
{
    list_push(&f->listeners, &l->link);
    feeder_post(l, NULL, f->core->world->revision);
}

struct object *feeder_recent(struct feeder *f, uint64_t revision)
{
    size_t slot = revision % RECENT_MAX;
    return f->recent[slot].revision == revision ? f->recent[slot].object : NULL;
}
