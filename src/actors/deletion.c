/* Deleting, as Kubernetes does it: at once, or marked and kept while a grace period or finalizers
 * hold the object. */
#include "actors/deciding.h"

static struct doc *with_and_without(struct doc *body, const char *with, const char *without)
{
    struct doc *less = body_without_finalizer(body, without);
    struct doc *more = with ? body_with_finalizer(less, with) : doc_ref(less);
    doc_unref(less);
    return more;
}

/* The body with the finalizers by which the garbage collector knows the propagation that was asked
 * for. Nothing asked: a finalizer that is there already decides. */
static struct doc *body_for_propagation(struct doc *body, enum propagation propagation)
{
    switch (propagation) {
    case PROPAGATION_ORPHAN:
        return with_and_without(body, "orphan", "foregroundDeletion");
    case PROPAGATION_FOREGROUND:
        return with_and_without(body, "foregroundDeletion", "orphan");
    case PROPAGATION_BACKGROUND: {
        struct doc *less = body_without_finalizer(body, "orphan");
        struct doc *both = body_without_finalizer(less, "foregroundDeletion");
        doc_unref(less);
        return both;
    }
    default:
        return doc_ref(body);
    }
}

static void decide_mark(const struct actor *a, struct doc *body, int64_t deleted_s, int32_t grace_s,
                        struct decision *out)
{
    const struct object *o = a->object;
    bool same_body = doc_equal(body, o->body);
    if (o->deleted_s == deleted_s && o->grace_s == grace_s && same_body) return;
    struct event *e = decision_event(out, a, EVENT_DELETING);
    e->deleted_s = deleted_s;
    e->grace_s = grace_s;
    if (!same_body) e->body = doc_ref(body);
}

void object_decide_delete(const struct actor *a, const struct command *c, int32_t grace_s,
                          enum propagation propagation, int64_t now_ms, struct decision *out)
{
    const struct object *o = a->object;
    int64_t deleted_s = now_ms / 1000 + grace_s;
    if (o->deleted_s) {
        /* Asked again: the grace period may get shorter, never longer. */
        if (c->grace_s < 0 || grace_s > o->grace_s) grace_s = o->grace_s;
        deleted_s = o->deleted_s - o->grace_s + grace_s;
    }
    struct doc *body = body_for_propagation(o->body, propagation);
    if (grace_s == 0 && !body_has_finalizers(body))
        decision_event(out, a, EVENT_REMOVED);
    else
        decide_mark(a, body, deleted_s, grace_s, out);
    doc_unref(body);
}
