/* The doors to the past of a local cluster; a part of local_cluster.h. */
#ifndef LOGSHIP_TESTS_API_LOCAL_PAST_H
#define LOGSHIP_TESTS_API_LOCAL_PAST_H

#include "actors/gate.h"
#include "api/api.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

struct local_entry {
    struct buf bytes;
    uint64_t first;
};

struct local_cluster {
    struct gate gate;
    struct host host;
    uv_loop_t loop;
    uv_async_t wake;
    uv_check_t check;
    struct inbox inbox;
    struct world *world;
    struct system *system;
    struct subscriber feed;
    struct list listeners;
    struct feed_change pending[4096];
    size_t pending_count;
    struct buf proposed; /* the entry in flight */
    bool flying;
    struct local_entry entries[4096];
    size_t entry_count;
    uint64_t oldest; /* history before this revision is gone */
    bool leaderless; /* linearizable reads fail */
    struct api *api;
    unsigned char seal_key[API_SEAL_KEY_BYTES];
    struct tls_config *node_tls, *tls, *client_tls; /* each may be NULL */
    const char *tokens_file;
    const struct flow_bounds *flow;
    struct api_hook hook;
    struct api *other_api; /* a second instance, to be stopped too */
    unsigned stopping;
};

static struct feed_batch *local_batch(struct feed_change *changes, size_t count)
{
    struct feed_batch *b = feed_batch_new(count);
    memcpy(b->changes, changes, count * sizeof *changes);
    b->count = count;
    b->first = changes[0].revision;
    b->last = changes[count - 1].revision;
    return b;
}

/* The past: everything is folded again into a world of its own. */
struct local_past {
    struct subscriber subscriber;
    struct feed_change changes[4096];
    size_t count;
    const struct kind *kind;
    uint64_t from, to;
};

static void local_past_changed(struct subscriber *s, const struct change *c)
{
    struct local_past *p = container_of(s, struct local_past, subscriber);
    const struct kind *kind = (c->after ? c->after : c->before)->id->kind;
    if (c->revision <= p->from || c->revision > p->to || (p->kind && p->kind != kind)) return;
    p->changes[p->count++] =
        (struct feed_change){c->type, c->revision, object_ref(c->before), object_ref(c->after)};
}

static struct world *local_refold(struct local_cluster *c, struct local_past *p, uint64_t to)
{
    struct world *w = world_new(c->world->cluster);
    if (p) world_subscribe(w, &p->subscriber);
    for (size_t i = 0; i < c->entry_count && c->entries[i].first <= to; i++)
        if (world_fold(w, i + 1, (struct str){c->entries[i].bytes.data, c->entries[i].bytes.len},
                       NULL))
            abort();
    return w;
}

static void local_history_run(struct note *n)
{
    struct history_ask *h = container_of(n, struct history_ask, note);
    struct local_cluster *c = (void *)h->note.next;
    int status = h->from < c->oldest ? E_GONE : 0;
    struct local_past *p = mem_new(struct local_past);
    *p = (struct local_past){
        .subscriber.changed = local_past_changed, .kind = h->kind, .from = h->from, .to = h->to};
    struct world *w = status ? NULL : local_refold(c, p, h->to);
    for (size_t i = 0; i < p->count; i++) {
        struct feed_batch *b = local_batch(&p->changes[i], 1);
        if (status)
            feed_batch_unref(b);
        else if (h->batch(h, b))
            status = E_CLOSED;
    }
    if (w) world_free(w);
    mem_free(p);
    h->done(h, status);
}

static void local_past_run(struct note *n)
{
    struct past_ask *p = container_of(n, struct past_ask, note);
    struct local_cluster *c = (void *)p->note.next;
    int status = p->revision < c->oldest            ? E_GONE
                 : p->revision > c->world->revision ? E_NOTFOUND
                                                    : 0;
    if (!status) {
        struct world *w = local_refold(c, NULL, p->revision);
        p->objects = mem_alloc((world_count(w, p->kind) + 1) * sizeof *p->objects);
        for (struct actor *a = world_first(w, p->kind, NULL); a; a = world_next(a, NULL))
            p->objects[p->count++] = object_ref(a->object);
        world_free(w);
    }
    p->done(p, status);
}

/* Notes for the past carry the cluster while they wait in no inbox. */
struct local_job {
    struct note note;
    struct note *inner;
    void (*run)(struct note *n);
    struct local_cluster *c;
};

static void local_job_run(struct note *n)
{
    struct local_job *j = container_of(n, struct local_job, note);
    j->inner->next = (void *)j->c;
    j->run(j->inner);
    mem_free(j);
}

static void local_job_post(struct gate *g, struct note *inner, void (*run)(struct note *n))
{
    struct local_cluster *c = container_of(g, struct local_cluster, gate);
    struct local_job *j = mem_new(struct local_job);
    *j = (struct local_job){{.run = local_job_run}, inner, run, c};
    inbox_post(&c->inbox, &j->note);
}

static void local_history(struct gate *g, struct history_ask *h)
{
    local_job_post(g, &h->note, local_history_run);
}

static void local_past_ask(struct gate *g, struct past_ask *p)
{
    local_job_post(g, &p->note, local_past_run);
}

#endif
