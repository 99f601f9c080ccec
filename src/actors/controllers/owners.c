#include "actors/controllers/owners.h"

#include "actors/behavior.h"
#include "base/mem.h"

#include <assert.h>

struct owner *owners_find(const struct collector *c, const struct uid *uid)
{
    return map_get(&c->owners, uid, sizeof *uid);
}

static struct owner *owners_make(struct collector *c, const struct uid *uid)
{
    struct owner *o = owners_find(c, uid);
    if (o) return o;
    o = mem_new(struct owner);
    o->uid = *uid;
    agenda_item_init(&o->agenda);
    map_put(&c->owners, &o->uid, sizeof o->uid, o);
    return o;
}

static void owner_free(struct owner *o)
{
    agenda_drop(&o->agenda);
    map_free(&o->dependents);
    mem_free(o);
}

void owners_release(struct collector *c, struct owner *o)
{
    if (o->dependents.count || o->waits) return;
    map_del(&c->owners, &o->uid, sizeof o->uid);
    owner_free(o);
}

struct object *owners_object(const struct collector *c, const struct uid *uid, istr dependent_ns)
{
    struct actor *a = world_by_uid(c->world, uid);
    if (!a || !a->object) return NULL;
    return !a->ns || a->ns == dependent_ns ? a->object : NULL;
}

static void owner_look(struct collector *c, struct owner *o, uint64_t revision)
{
    o->cause = revision;
    agenda_soon(&c->agenda, &o->agenda);
}

static struct mp owners_of(const struct object *o)
{
    return o ? doc_path(o->body, "metadata.ownerReferences") : (struct mp){0};
}

static void unlink_dependent(struct collector *c, const struct object *before, uint64_t revision)
{
    struct mp list = owners_of(before);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct uid uid;
        if (!uid_parse(mp_str(mp_get(it.value, "uid")), &uid)) continue;
        struct owner *o = owners_find(c, &uid);
        if (!o) continue;
        map_del(&o->dependents, &before->id->uid, sizeof before->id->uid);
        if (o->waits) owner_look(c, o, revision);
        owners_release(c, o);
    }
}

static void link_dependent(struct collector *c, const struct object *after, uint64_t revision)
{
    struct mp list = owners_of(after);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct uid uid;
        if (!uid_parse(mp_str(mp_get(it.value, "uid")), &uid)) continue;
        struct owner *o = owners_make(c, &uid);
        map_put(&o->dependents, &after->id->uid, sizeof after->id->uid, after->id);
        if (o->waits || !owners_object(c, &uid, after->id->ns)) owner_look(c, o, revision);
    }
}

static bool waits_for_us(const struct object *o)
{
    return o && o->deleted_s &&
           (body_has_finalizer(o->body, "orphan") ||
            body_has_finalizer(o->body, "foregroundDeletion"));
}

/* The object in its part as an owner. */
static void owner_changed(struct collector *c, const struct object *before,
                          const struct object *after, uint64_t revision)
{
    assert(before || after);
    bool waits = waits_for_us(after);
    const struct uid *uid = &(after ? after : before)->id->uid;
    struct owner *o = waits ? owners_make(c, uid) : owners_find(c, uid);
    if (!o) return;
    o->waits = waits;
    o->gone = !after;
    if (waits || !after) owner_look(c, o, revision);
    owners_release(c, o);
}

void owners_changed(struct collector *c, const struct object *before, const struct object *after,
                    uint64_t revision)
{
    assert(before || after);
    bool same_body = before && after && before->body == after->body;
    if (!same_body && before) unlink_dependent(c, before, revision);
    if (!same_body && after) link_dependent(c, after, revision);
    if (!before || !after || after->deleted_s) owner_changed(c, before, after, revision);
}

static int by_uid(const void *left, const void *right)
{
    const struct owner *a = *(struct owner *const *)left, *b = *(struct owner *const *)right;
    return memcmp(&a->uid, &b->uid, sizeof a->uid);
}

void owners_look_all(struct collector *c)
{
    mem_auto struct owner **all = mem_alloc((c->owners.count + 1) * sizeof(struct owner *));
    size_t n = 0;
    struct owner *o;
    for (size_t i = 0; (o = map_next(&c->owners, &i));)
        if (o->waits || !world_by_uid(c->world, &o->uid)) all[n++] = o;
    qsort(all, n, sizeof(struct owner *), by_uid);
    for (size_t i = 0; i < n; i++) agenda_soon(&c->agenda, &all[i]->agenda);
}

void owners_clear(struct collector *c)
{
    struct owner *o;
    for (size_t i = 0; (o = map_next(&c->owners, &i));) owner_free(o);
    map_free(&c->owners);
}
