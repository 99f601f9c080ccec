/* CustomResourceDefinitions: which versions may have been stored, and the way out: a definition
 * that is deleted stays until its objects are gone. */
#include "actors/crd.h"

#include "actors/deciding.h"
#include "actors/edit.h"

static struct str storage_version(const struct doc *body)
{
    struct mp list = doc_path(body, "spec.versions");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_bool(mp_get(it.value, "storage"), false)) return mp_str(mp_get(it.value, "name"));
    return (struct str){0};
}

/* The status with this version among those that were ever stored; a new reference. */
static struct doc *status_with_stored(struct doc *status, struct str version)
{
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 0;
    struct mp stored = doc_path(status, "storedVersions");
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(stored); mp_iter_next(&it); count++) {
        if (str_eq(mp_str(it.value), version)) return doc_ref(status);
        mp_put(&list, it.value);
    }
    mp_put_str(&list, version);
    mp_end_array(&list, mark, count + 1);
    return edit_doc(status, "storedVersions", edit_value(&list));
}

/* Nothing is accepted yet, and clients read these fields without asking whether they are there. */
static struct doc *first_status(const struct command *c, const struct doc *body)
{
    (void)c;
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 2);
    mp_put_z(&b, "acceptedNames");
    mp_put_map(&b, 2);
    mp_put_z(&b, "kind");
    mp_put_z(&b, "");
    mp_put_z(&b, "plural");
    mp_put_z(&b, "");
    mp_put_z(&b, "conditions");
    mp_put_array(&b, 0);
    struct doc *empty = doc_from_buf(&b);
    struct doc *status = status_with_stored(empty, storage_version(body));
    doc_unref(empty);
    return status;
}

static void decide_delete(const struct actor *a, int64_t now_ms, struct decision *out)
{
    const struct object *o = a->object;
    struct event *e = decision_event(out, a, EVENT_DELETING);
    e->deleted_s = now_ms / 1000;
    e->body = body_with_finalizer(o->body, CRD_FINALIZER);
    struct doc *status = status_with_condition(
        o->status, "Terminating", STR("True"), STR("InstanceDeletionPending"),
        STR("CustomResourceDefinition marked for deletion; CustomResource deletion will begin "
            "soon"),
        now_ms / 1000, false);
    object_decide_status(a, status, EVENT_STATUS, out);
}

/* A process never forgets the name of a custom kind, and masters that have lived longer know more
 * of them: the last quarter is theirs. */
static bool room_for(const struct actor *a, struct decision *out)
{
    unsigned known = kind_count() - kind_builtin_count();
    if (known < CUSTOM_KINDS_MAX / 4 * 3 || kind_known(actor_name(a))) return true;
    deciding_forbidden(out, a, "too many different custom kinds were defined; restart the masters");
    return false;
}

static void crd_decide(struct world *w, const struct actor *a, const struct command *c,
                       int64_t now_ms, struct decision *out)
{
    if (c->op == COMMAND_CREATE) {
        if (!room_for(a, out)) return;
        object_decide_create(w, a, c, c->body ? doc_ref(c->body) : doc_empty(), first_status, out);
    } else if (c->op == COMMAND_DELETE && a->object && !a->object->deleted_s) {
        if (deciding_exists(a, c, out)) decide_delete(a, now_ms, out);
    } else {
        object_decide(w, a, c, now_ms, out);
        bool updates = c->op == COMMAND_UPDATE && c->body && out->count && a->object;
        if (updates && out->events[out->count - 1].type == EVENT_UPDATED)
            object_decide_status(a, status_with_stored(a->object->status, storage_version(c->body)),
                                 EVENT_STATUS, out);
    }
}

const struct behavior behavior_crd = {crd_decide, object_fold};
