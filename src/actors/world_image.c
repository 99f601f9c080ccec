/* Whole states: out into records, and back in.
 *
 * Records: ["w", cluster, requests] once, first; ["d", document] before the first object that uses
 * it;
 * ["o", object]. */
#include "actors/world_internal.h"

#include "base/mem.h"

#include <stdio.h>

struct world_image *world_image_take(struct world *w)
{
    struct world_image *image = mem_new(struct world_image);
    memcpy(image->cluster, w->cluster, sizeof image->cluster);
    image->revision = w->revision;
    image->index = w->index;
    image->time_ms = w->time_ms;
    image->digest = w->digest;
    size_t total = 0;
    for (unsigned i = 0; i < w->shelf_count; i++) total += w->shelves[i].objects;
    image->objects = mem_alloc(total * sizeof(struct object *));
    for (unsigned i = 0; i < w->shelf_count; i++)
        for (struct actor *a = world_first(w, kind_at(i), NULL); a; a = world_next(a, NULL))
            image->objects[image->count++] = object_ref(a->object);
    requests_encode(w->requests, &image->requests);
    return image;
}

void world_image_free(struct world_image *image)
{
    if (!image) return;
    for (size_t i = 0; i < image->count; i++) object_unref(image->objects[i]);
    mem_free(image->objects);
    buf_free(&image->requests);
    mem_free(image);
}

struct image_writer {
    world_record_fn *sink;
    void *ctx;
    struct map written; /* documents by digest */
    struct buf record;
};

static int image_put(struct image_writer *iw, struct error *err)
{
    int rc = iw->sink(iw->ctx, (struct str){iw->record.data, iw->record.len}, err);
    buf_clear(&iw->record);
    return rc;
}

static int image_put_doc(struct image_writer *iw, struct doc *d, struct error *err)
{
    if (!d || map_get(&iw->written, &d->digest, sizeof d->digest)) return 0;
    map_put(&iw->written, &d->digest, sizeof d->digest, d);
    mp_put_array(&iw->record, 2);
    mp_put_z(&iw->record, "d");
    mp_put_bin(&iw->record, d->bytes, d->len);
    return image_put(iw, err);
}

static int image_put_object(struct image_writer *iw, const struct object *o, struct error *err)
{
    int rc = image_put_doc(iw, o->body, err);
    if (!rc) rc = image_put_doc(iw, o->status, err);
    if (rc) return rc;
    buf_auto struct buf encoded = BUF_INIT;
    object_encode(o, &encoded);
    mp_put_array(&iw->record, 2);
    mp_put_z(&iw->record, "o");
    mp_put_bin(&iw->record, encoded.data, encoded.len);
    return image_put(iw, err);
}

int world_image_write(const struct world_image *image, world_record_fn *sink, void *ctx,
                      struct error *err)
{
    struct image_writer iw = {.sink = sink, .ctx = ctx};
    mp_put_array(&iw.record, 3);
    mp_put_z(&iw.record, "w");
    mp_put_z(&iw.record, image->cluster);
    mp_put_raw(&iw.record, (struct str){image->requests.data, image->requests.len});
    int rc = image_put(&iw, err);
    for (size_t i = 0; !rc && i < image->count; i++)
        rc = image_put_object(&iw, image->objects[i], err);
    map_free(&iw.written);
    buf_free(&iw.record);
    return rc;
}

static struct doc *world_find_doc(void *ctx, const struct digest *digest)
{
    struct world *w = ctx;
    return doc_ref(map_get(&w->docs.by_digest, digest, sizeof *digest));
}

static int restore_object(struct world *w, struct str bytes, struct error *err)
{
    struct object *o = NULL;
    int rc = object_decode(bytes, world_find_doc, w, &o, err);
    if (rc) return rc;
    struct actor *a = world_actor_make(w, o->id->kind, o->id->ns, object_name(o));
    if (a->object) {
        object_unref(o);
        return error_set(err, E_CORRUPT, "object %.*s stands twice in the keyframe",
                         (int)a->name_len, a->name);
    }
    object_seal(o);
    world_place(w, a, o);
    return 0;
}

static int restore_record(struct world *w, struct str record, struct error *err)
{
    struct mp v = mp_read(record.p, record.n);
    struct mp tag = mp_at(v, 0), value = mp_at(v, 1);
    if (mp_is(tag, "o")) return restore_object(w, mp_str(value), err);
    if (mp_is(tag, "d")) {
        struct str bytes = mp_str(value);
        if (!mp_valid(bytes.p, bytes.n)) return error_set(err, E_CORRUPT, "a document is damaged");
        doc_unref(docs_intern(&w->docs, doc_new(bytes.p, bytes.n)));
        return 0;
    }
    if (mp_is(tag, "w")) {
        struct str cluster = mp_str(value);
        snprintf(w->cluster, sizeof w->cluster, "%.*s", (int)cluster.n, cluster.p);
        return requests_decode(w->requests, mp_at(v, 2), err);
    }
    return error_set(err, E_CORRUPT, "a record of the keyframe is of no known type");
}

int world_restore(struct world *w, uint64_t revision, uint64_t index, int64_t time_ms,
                  world_source_fn *next, void *ctx, const struct digest *expect, struct error *err)
{
    world_clear(w);
    struct str record;
    int rc;
    while ((rc = next(ctx, &record, err)) == 0)
        if ((rc = restore_record(w, record, err)) != 0) return rc;
    if (rc != E_NOTFOUND) return rc;
    w->revision = revision;
    w->index = index;
    w->time_ms = time_ms;
    if (expect && !digest_equal(expect, &w->digest)) {
        char want[DIGEST_HEX], got[DIGEST_HEX];
        digest_hex(expect, want);
        digest_hex(&w->digest, got);
        return error_set(err, E_CORRUPT, "the state has digest %s, the keyframe says %s", got,
                         want);
    }
    list_each(it, &w->subscribers)
    {
        struct subscriber *s = container_of(it, struct subscriber, link);
        if (s->restored) s->restored(s);
    }
    return 0;
}
