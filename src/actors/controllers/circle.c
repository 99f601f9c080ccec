/* Owners in a circle: each waits in the foreground for the next to go first. Kubernetes lets go
 * where it sees one that waits for another that waits; so do we, and like there it may let go of an
 * owner that would not have had to. */
#include "actors/behavior.h"
#include "actors/controllers/owners.h"
#include "actors/edit.h"

static bool waits_in_foreground(const struct object *o)
{
    return o->deleted_s && body_has_finalizer(o->body, "foregroundDeletion");
}

static bool blocks_anybody(const struct object *o)
{
    struct mp list = doc_path(o->body, "metadata.ownerReferences");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_bool(mp_get(it.value, "blockOwnerDeletion"), false)) return true;
    return false;
}

bool circle_suspected(const struct collector *c, const struct object *o)
{
    struct owner *as_owner = owners_find(c, &o->id->uid);
    if (!as_owner || !waits_in_foreground(o) || !blocks_anybody(o)) return false;
    struct ident *id;
    for (size_t i = 0; (id = map_next(&as_owner->dependents, &i));) {
        struct actor *a = world_by_uid(c->world, &id->uid);
        if (a && a->object && waits_in_foreground(a->object)) return true;
    }
    return false;
}

struct doc *circle_opened(const struct object *o)
{
    buf_auto struct buf list = BUF_INIT, no = BUF_INIT;
    mp_put_bool(&no, false);
    size_t mark = mp_begin(&list);
    uint32_t count = 0;
    struct mp references = doc_path(o->body, "metadata.ownerReferences");
    for (struct mp_iter it = mp_items(references); mp_iter_next(&it); count++)
        edit_put(&list, it.value, "blockOwnerDeletion", edit_value(&no));
    mp_end_array(&list, mark, count);
    return edit_doc(o->body, "metadata.ownerReferences", edit_value(&list));
}
