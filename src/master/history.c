/* The past for the edges: changes and lists from before what they still hold, each request on a
 * bulk thread with a world of its own. At most HISTORY_AHEAD batches are under way to the asker. */
#include "master/replay.h"

#include "base/mem.h"
#include "master/core.h"

enum { HISTORY_AHEAD = 16 };

struct history_job {
    struct bulk_job bulk;
    struct note begin;
    struct core *core;
    struct history_ask *ask;
    struct subscriber subscriber;
    struct feed_change *pending;
    size_t count, cap;
    pthread_mutex_t lock;
    pthread_cond_t taken;
    unsigned ahead;
    bool enough;
    int status;
};

struct history_note {
    struct note note;
    struct history_job *job;
    struct feed_batch *batch;
};

static void history_deliver(struct note *n)
{
    struct history_note *hn = container_of(n, struct history_note, note);
    struct history_job *job = hn->job;
    pthread_mutex_lock(&job->lock);
    bool enough = job->enough;
    pthread_mutex_unlock(&job->lock);
    if (enough)
        feed_batch_unref(hn->batch);
    else
        enough = job->ask->batch(job->ask, hn->batch) != 0;
    pthread_mutex_lock(&job->lock);
    job->enough = enough;
    job->ahead--;
    pthread_cond_signal(&job->taken);
    pthread_mutex_unlock(&job->lock);
    mem_free(hn);
}

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

/* Sends what the last entry brought; true when the asker has had enough. */
static bool history_send(struct history_job *job, struct world *w)
{
    if (!job->count) return false;
    struct feed_batch *b = feed_batch_new(job->count);
    memcpy(b->changes, job->pending, job->count * sizeof *job->pending);
    b->count = job->count;
    b->first = job->pending[0].revision;
    b->last = job->pending[job->count - 1].revision;
    b->time_ms = w->time_ms;
    job->count = 0;
    struct history_note *hn = mem_new(struct history_note);
    *hn = (struct history_note){.note.run = history_deliver, job, b};
    pthread_mutex_lock(&job->lock);
    job->ahead++;
    pthread_mutex_unlock(&job->lock);
    inbox_post(job->ask->home, &hn->note);
    pthread_mutex_lock(&job->lock);
    while (job->ahead >= HISTORY_AHEAD) pthread_cond_wait(&job->taken, &job->lock);
    bool enough = job->enough;
    pthread_mutex_unlock(&job->lock);
    return enough;
}

static int history_run(struct history_job *job)
{
    struct error err = {0};
    struct replay *r = NULL;
    int rc = replay_open(&r, job->core->store, job->ask->from, &err);
    if (rc) return rc;
    struct world *w = replay_world(r);
    job->subscriber.changed = history_changed;
    world_subscribe(w, &job->subscriber);
    while (!rc && w->revision < job->ask->to) {
        rc = replay_step(r, &err);
        if (!rc && history_send(job, w)) rc = E_CLOSED;
    }
    replay_close(r);
    return rc == E_NOTFOUND ? 0 : rc;
}

static void history_work(struct bulk_job *bulk)
{
    struct history_job *job = container_of(bulk, struct history_job, bulk);
    job->status = history_run(job);
    pthread_mutex_lock(&job->lock);
    while (job->ahead) pthread_cond_wait(&job->taken, &job->lock);
    pthread_mutex_unlock(&job->lock);
}

static void history_finish(struct note *n)
{
    struct history_job *job = container_of(n, struct history_job, begin);
    job->ask->done(job->ask, job->status);
    pthread_mutex_destroy(&job->lock);
    pthread_cond_destroy(&job->taken);
    mem_free(job->pending);
    mem_free(job);
}

static void history_after(struct bulk_job *bulk, int ran)
{
    struct history_job *job = container_of(bulk, struct history_job, bulk);
    if (ran) job->status = ran;
    job->begin.run = history_finish;
    inbox_post(job->ask->home, &job->begin);
}

static void history_begin(struct note *n)
{
    struct history_job *job = container_of(n, struct history_job, begin);
    struct bulk *bulk = job->core->options.bulk;
    job->bulk = (struct bulk_job){history_work, history_after};
    bulk->submit(bulk, &job->bulk);
}

void history_ask_start(struct gate *gate, struct history_ask *h)
{
    struct history_job *job = mem_new(struct history_job);
    job->core = container_of(gate, struct gate_master, gate)->core;
    job->ask = h;
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->taken, NULL);
    job->begin.run = history_begin;
    inbox_post(job->core->inbox, &job->begin);
}

struct past_job {
    struct bulk_job bulk;
    struct note begin;
    struct core *core;
    struct past_ask *ask;
    int status;
};

static void past_work(struct bulk_job *bulk)
{
    struct past_job *job = container_of(bulk, struct past_job, bulk);
    struct past_ask *p = job->ask;
    struct error err = {0};
    struct replay *r = NULL;
    job->status = replay_open(&r, job->core->store, p->revision, &err);
    if (!job->status) job->status = replay_to(r, p->revision, &err);
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
