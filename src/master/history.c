/* The past for the edges: changes and lists from before what they still hold, each request on bulk
 * threads with a world of its own.
 *
 * Changes come in rounds: a bulk thread folds until it has a few batches, the asker takes them, and
 * only then the next round begins. So nothing waits on a bulk thread, and an asker that is slow
 * holds one round in memory. */
#include "master/replay.h"

#include "base/mem.h"
#include "base/trace.h"
#include "master/core.h"

enum { ROUND_BATCHES = 64, ROUND_CHANGES = 4096 };

struct history_job {
    struct bulk_job bulk;
    struct note note;
    struct core *core;
    struct history_ask *ask; /* NULL: it was answered */
    struct replay *replay;   /* between rounds nobody's; touched on bulk threads only */
    uint64_t folded;         /* by this master when the round began: committed, for sure */
    struct subscriber subscriber;
    struct feed_change *pending; /* of the entry being folded */
    size_t count, cap;
    struct feed_batch *batches[ROUND_BATCHES];
    unsigned batch_count;
    size_t change_count;
    bool over;
    int status;
};

static void history_changed(struct subscriber *s, const struct change *c)
{
    struct history_job *job = container_of(s, struct history_job, subscriber);
    const struct kind *kind = (c->after ? c->after : c->before)->id->kind;
    if (c->revision <= job->ask->from || c->revision > job->ask->to) return;
    if (job->ask->kind && job->ask->kind != kind) return;
    if (job->count == job->cap) {
        job->cap = job->cap ? job->cap * 2 : 64;
        job->pending = mem_resize(job->pending, job->cap * sizeof *job->pending);
    }
    job->pending[job->count++] =
        (struct feed_change){c->type, c->revision, object_ref(c->before), object_ref(c->after)};
}

/* What the last entry brought becomes a batch. */
static void history_gather(struct history_job *job, int64_t time_ms)
{
    if (!job->count) return;
    struct feed_batch *b = feed_batch_new(job->count);
    memcpy(b->changes, job->pending, job->count * sizeof *job->pending);
    b->count = job->count;
    b->first = job->pending[0].revision;
    b->last = job->pending[job->count - 1].revision;
    b->time_ms = time_ms;
    job->batches[job->batch_count++] = b;
    job->change_count += job->count;
    job->count = 0;
}

static int history_open(struct history_job *job, struct error *err)
{
    int rc = replay_open(&job->replay, job->core->store, job->ask->from, err);
    if (rc) return rc;
    job->subscriber.changed = history_changed;
    world_subscribe(replay_world(job->replay), &job->subscriber);
    return 0;
}

/* The asker only hears that the log cannot be read. */
static void history_say(int rc, const struct error *why)
{
    if (rc != E_NOTFOUND && rc != E_GONE) trace_error("history", "%s", why->text);
}

static int history_round(struct history_job *job)
{
    struct error err = {0};
    int rc = job->replay ? 0 : history_open(job, &err);
    job->change_count = 0;
    if (!rc) replay_trust(job->replay, job->folded);
    while (!rc && replay_world(job->replay)->revision < job->ask->to) {
        if (job->batch_count == ROUND_BATCHES || job->change_count >= ROUND_CHANGES) return 0;
        rc = replay_step(job->replay, &err);
        if (!rc) history_gather(job, replay_world(job->replay)->time_ms);
    }
    job->over = true;
    if (rc) history_say(rc, &err);
    return rc;
}

static void history_work(struct bulk_job *bulk)
{
    struct history_job *job = container_of(bulk, struct history_job, bulk);
    if (job->ask) job->status = history_round(job);
    if (job->ask && !job->over) return;
    replay_close(job->replay);
    job->replay = NULL;
}

static void history_free(struct history_job *job)
{
    mem_free(job->pending);
    mem_free(job);
}

static void history_begin(struct note *n);

/* On the asker's thread. When that has had enough, one more round puts the world away. */
static void history_deliver(struct note *n)
{
    struct history_job *job = container_of(n, struct history_job, note);
    bool enough = false;
    for (unsigned i = 0; i < job->batch_count; i++) {
        if (enough)
            feed_batch_unref(job->batches[i]);
        else
            enough = job->ask->batch(job->ask, job->batches[i]) != 0;
    }
    job->batch_count = 0;
    if (job->over || enough) {
        job->ask->done(job->ask, enough ? E_CLOSED : job->status);
        job->ask = NULL;
    }
    if (job->over) {
        history_free(job);
        return;
    }
    job->note.run = history_begin;
    inbox_post(job->core->inbox, &job->note);
}

static void history_after(struct bulk_job *bulk, int ran)
{
    struct history_job *job = container_of(bulk, struct history_job, bulk);
    if (ran) job->status = ran;
    if (ran) job->over = true;
    if (!job->ask) {
        history_free(job);
        return;
    }
    job->note.run = history_deliver;
    inbox_post(job->ask->home, &job->note);
}

static void history_begin(struct note *n)
{
    struct history_job *job = container_of(n, struct history_job, note);
    struct bulk *bulk = job->core->options.bulk;
    job->folded = job->core->world->index;
    job->bulk = (struct bulk_job){history_work, history_after};
    bulk->submit(bulk, &job->bulk);
}

void history_ask_start(struct gate *gate, struct history_ask *h)
{
    struct history_job *job = mem_new(struct history_job);
    job->core = container_of(gate, struct gate_master, gate)->core;
    job->ask = h;
    job->note.run = history_begin;
    inbox_post(job->core->inbox, &job->note);
}

struct past_job {
    struct bulk_job bulk;
    struct note begin;
    struct core *core;
    struct past_ask *ask;
    uint64_t folded; /* as above */
    int status;
};

static void past_work(struct bulk_job *bulk)
{
    struct past_job *job = container_of(bulk, struct past_job, bulk);
    struct past_ask *p = job->ask;
    struct error err = {0};
    struct replay *r = NULL;
    job->status = replay_open(&r, job->core->store, p->revision, &err);
    if (!job->status) replay_trust(r, job->folded);
    if (!job->status) job->status = replay_to(r, p->revision, &err);
    if (job->status) history_say(job->status, &err);
    if (!job->status) {
        struct world *w = replay_world(r);
        p->objects = mem_alloc(world_count(w, p->kind) * sizeof(struct object *));
        for (struct actor *a = world_first(w, p->kind, NULL); a; a = world_next(a, NULL))
            p->objects[p->count++] = object_ref(a->object);
    }
    replay_close(r);
}

static void past_finish(struct note *n)
{
    struct past_job *job = container_of(n, struct past_job, begin);
    job->ask->done(job->ask, job->status);
    mem_free(job);
}

static void past_after(struct bulk_job *bulk, int ran)
{
    struct past_job *job = container_of(bulk, struct past_job, bulk);
    if (ran) job->status = ran;
    job->begin.run = past_finish;
    inbox_post(job->ask->home, &job->begin);
}

static void past_begin(struct note *n)
{
    struct past_job *job = container_of(n, struct past_job, begin);
    struct bulk *bulk = job->core->options.bulk;
    job->folded = job->core->world->index;
    job->bulk = (struct bulk_job){past_work, past_after};
    bulk->submit(bulk, &job->bulk);
}

void past_ask_start(struct gate *gate, struct past_ask *p)
{
    struct past_job *job = mem_new(struct past_job);
    job->core = container_of(gate, struct gate_master, gate)->core;
    job->ask = p;
    job->begin.run = past_begin;
    inbox_post(job->core->inbox, &job->begin);
}
