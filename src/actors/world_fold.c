/* Folding: the only way in which a world changes. */
#include "actors/behavior.h"
#include "actors/world_internal.h"

#include "base/mem.h"

#include <assert.h>

/* Random-looking, and yet derived: unique because revisions are, unguessable enough because the
 * cluster's id goes in, the same on every master and in every replay. */
struct uid world_uid(const struct world *w, uint64_t revision)
{
    struct digest_part parts[] = {{w->cluster, strlen(w->cluster)}, {&revision, sizeof revision}};
    struct digest d = digest_of_parts(parts, 2);
    struct uid uid;
    memcpy(uid.bytes, &d, sizeof uid.bytes);
    uid.bytes[6] = (unsigned char)((uid.bytes[6] & 0x0f) | 0x40);
    uid.bytes[8] = (unsigned char)((uid.bytes[8] & 0x3f) | 0x80);
    return uid;
}

void world_place(struct world *w, struct actor *a, struct object *after)
{
    struct object *before = a->object;
    struct shelf *shelf = &w->shelves[a->kind->index];
    if (before) {
        digest_sub(&w->digest, &before->digest);
        if (!after) map_del(&w->by_uid, &before->id->uid, sizeof before->id->uid);
    }
    if (after) {
        digest_add(&w->digest, &after->digest);
        /* The key lives in ident, which all versions share: put it again only for a new ident. */
        if (!before) map_put(&w->by_uid, &after->id->uid, sizeof after->id->uid, a);
    }
    shelf->objects += (after != NULL) - (size_t)(before != NULL);
    a->object = after;
}

static void world_finish_version(struct world *w, struct object *o, bool created, uint64_t revision,
                                 int64_t time_ms)
{
    if (created) {
        o->id->created_revision = revision;
        if (!o->id->created_s) o->id->created_s = time_ms / 1000;
    }
    o->body = docs_intern(&w->docs, o->body);
    o->status = docs_intern(&w->docs, o->status);
    o->revision = revision;
    object_seal(o);
}

static void world_tell(struct world *w, const struct change *c)
{
    list_each(it, &w->subscribers)
    {
        struct subscriber *s = container_of(it, struct subscriber, link);
        s->changed(s, c);
    }
}

static int world_fold_event(void *ctx, const struct entry_head *head, const struct txn *txn,
                            uint64_t revision, const struct event *e)
{
    struct world *w = ctx;
    w->revision = revision;
    requests_add(w->requests, &txn->request, revision);
    istr ns = e->ns.p ? istr_get(e->ns) : NULL;
    struct actor *a = world_actor(w, e->kind, ns, e->name);
    bool created = e->type == EVENT_CREATED;
    /* Total: an event that does not apply (which no leader writes) moves the revision and nothing
     * else. */
    if (created ? a && a->object : !a || !a->object) return 0;
    if (!a) a = world_actor_make(w, e->kind, ns, e->name);

    struct object *before = a->object;
    struct event named = *e;
    if (created) named.uid = world_uid(w, revision);
    struct object *after = behavior_of(e->kind)->fold(before, &named, head->time_ms);
    if (after) world_finish_version(w, after, created, revision, head->time_ms);
    world_place(w, a, after);
    world_tell(w, &(struct change){e->type, revision, head->time_ms, txn, before, after});
    object_unref(before);
    if (!after) world_actor_settle(w, a);
    return 0;
}

struct fold_until {
    struct world *w;
    uint64_t revision;
};

static int world_fold_event_until(void *ctx, const struct entry_head *head, const struct txn *txn,
                                  uint64_t revision, const struct event *e)
{
    struct fold_until *f = ctx;
    if (revision > f->revision) return 1;
    return world_fold_event(f->w, head, txn, revision, e);
}

int world_fold_until(struct world *w, uint64_t index, struct str entry, uint64_t revision,
                     struct error *err)
{
    struct entry_head head;
    int rc = entry_peek(entry, &head, err);
    if (rc) return error_wrap(err, rc, "entry %llu", (unsigned long long)index);
    if (head.first_revision != w->revision + 1)
        return error_set(err, E_CORRUPT, "entry %llu begins at revision %llu where %llu was due",
                         (unsigned long long)index, (unsigned long long)head.first_revision,
                         (unsigned long long)w->revision + 1);
    struct fold_until until = {w, revision};
    rc = entry_read(entry, world_fold_event_until, &until, err);
    if (rc < 0) return error_wrap(err, rc, "entry %llu", (unsigned long long)index);
    w->index = index;
    w->time_ms = head.time_ms;
    docs_sweep(&w->docs, head.event_count + 8);
    list_each(it, &w->subscribers)
    {
        struct subscriber *s = container_of(it, struct subscriber, link);
        if (s->entry_done) s->entry_done(s);
    }
    return 0;
}

int world_fold(struct world *w, uint64_t index, struct str entry, struct error *err)
{
    return world_fold_until(w, index, entry, UINT64_MAX, err);
}

uint64_t world_request_revision(struct world *w, const struct request_id *id)
{
    return requests_find(w->requests, id);
}
