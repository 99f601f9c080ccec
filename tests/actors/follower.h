/* A second master: folds the log of a stage, never leads, and keeps a scheduler that must at any
 * moment be ready to choose what the first one would. */
#ifndef LOGSHIP_TESTS_ACTORS_FOLLOWER_H
#define LOGSHIP_TESTS_ACTORS_FOLLOWER_H

#include "play.h"

struct follower {
    struct host host;
    struct world *world;
    struct system *system;
    struct scheduler *scheduler;
    size_t fed; /* bytes of the stage's log */
    uint64_t index;
};

static inline void no_propose(void *ctx, struct str entry, uint64_t first, int64_t time_ms)
{
    (void)ctx, (void)entry, (void)first, (void)time_ms;
    fail();
}

static inline void follower_open(struct follower *f, struct stage *s)
{
    f->host = s->host;
    f->world = world_new(s->world->cluster);
    f->system = system_new(
        &(struct system_options){.world = f->world, .host = &f->host, .propose = no_propose});
    f->scheduler = scheduler_start(f->system);
}

static inline void follower_close(struct follower *f)
{
    system_free(f->system);
    world_free(f->world);
    scheduler_free(f->scheduler);
}

static inline void follower_feed(struct follower *f, const struct stage *s)
{
    while (f->fed < s->log.len) {
        uint64_t n;
        memcpy(&n, s->log.data + f->fed, sizeof n);
        mem_auto char *entry = mem_copy(s->log.data + f->fed + sizeof n, n);
        system_committed(f->system, ++f->index, (struct str){entry, n});
        f->fed += sizeof n + n;
    }
}

struct records {
    struct buf bytes;
    size_t at;
};

static inline int record_keep(void *ctx, struct str record, struct error *err)
{
    (void)err;
    struct records *r = ctx;
    uint64_t n = record.n;
    buf_append(&r->bytes, &n, sizeof n);
    buf_append(&r->bytes, record.p, record.n);
    return 0;
}

static inline int record_next(void *ctx, struct str *record, struct error *err)
{
    struct records *r = ctx;
    if (r->at == r->bytes.len) return error_set(err, E_NOTFOUND, "no more");
    uint64_t n;
    memcpy(&n, r->bytes.data + r->at, sizeof n);
    *record = (struct str){r->bytes.data + r->at + sizeof n, n};
    r->at += sizeof n + n;
    return 0;
}

/* The follower begins again from a keyframe of itself. */
static inline void follower_restore(struct follower *f)
{
    struct records r = {0};
    struct error err = {0};
    struct world_image *image = world_image_take(f->world);
    assert_int_equal(world_image_write(image, record_keep, &r, &err), 0);
    if (world_restore(f->world, image->revision, image->index, image->time_ms, record_next, &r,
                      &image->digest, &err))
        fail_msg("%s", err.text);
    world_image_free(image);
    buf_free(&r.bytes);
}

/* A pod nobody made, as one scheduler sees it. */
static inline istr probe_choice(struct scheduler *s, const char *text)
{
    struct doc *body = stage_doc(text);
    int64_t place = placer_best(&s->placer, placer_view(&s->placer, body));
    doc_unref(body);
    return place < 0 ? NULL : s->placer.nodes.rows[place].name;
}

static inline void probe(struct scheduler *here, struct scheduler *there, const char *text)
{
    istr one = probe_choice(here, text), other = probe_choice(there, text);
    if (one != other) fail_msg("one says %s, the other %s", one ? one : "-", other ? other : "-");
}

/* Both masters know the same pods to be waiting, and would place any pod alike. */
static inline void follower_compare(struct follower *f, struct scheduler *here)
{
    struct scheduler *there = f->scheduler;
    struct pending *p, *q;
    for (size_t i = 0; (p = map_next(&here->queue.by_uid, &i));)
        if (p->assumed) return; /* the follower cannot know of these */
    assert_int_equal(scheduler_pending(here), scheduler_pending(there));
    for (size_t i = 0; (p = map_next(&here->queue.by_uid, &i));) {
        assert_non_null(q = queue_find(&there->queue, &p->uid));
        assert_int_equal(p->order, q->order);
    }
    probe(here, there, "{'spec':{}}");
    probe(here, there, "{'spec':{'nodeSelector':{'disk':'ssd'}}}");
    for (unsigned owner = 1; owner < 5; owner++) {
        mem_auto char *text =
            mem_printf("{'metadata':{'ownerReferences':[{'uid':'%u','controller':true}]},'spec':{"
                       "'tolerations':[{'operator':'Exists'}]}}",
                       owner);
        probe(here, there, text);
    }
}

#endif
