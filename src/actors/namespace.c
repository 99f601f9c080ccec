/* Namespaces: deleting one begins its emptying; it goes when nothing is left in it. */
#include "actors/deciding.h"
#include "actors/edit.h"

static const char *const lasting[] = {"default", "kube-system", "kube-public"};

static struct doc *first_status(const struct command *c, const struct doc *body)
{
    (void)c;
    (void)body;
    buf_auto struct buf value = BUF_INIT;
    mp_put_z(&value, "Active");
    return edit_doc(NULL, "phase", edit_value(&value));
}

static void decide_create(struct world *w, const struct actor *a, const struct command *c,
                          struct decision *out)
{
    buf_auto struct buf list = BUF_INIT;
    mp_put_array(&list, 1);
    mp_put_z(&list, "kubernetes");
    struct doc *body = edit_doc(c->body, "spec.finalizers", edit_value(&list));
    object_decide_create(w, a, c, body, first_status, out);
}

static void decide_delete(const struct actor *a, int64_t now_ms, struct decision *out)
{
    for (unsigned i = 0; i < sizeof lasting / sizeof *lasting; i++)
        if (str_eq(actor_name(a), str_of(lasting[i]))) {
            deciding_forbidden(out, a, "this namespace may not be deleted");
            return;
        }
    if (!a->object->deleted_s) decision_event(out, a, EVENT_DELETING)->deleted_s = now_ms / 1000;
}

static bool list_empty_at(const struct doc *body, const char *path)
{
    struct mp list = doc_path(body, path);
    return list.type != MP_ARRAY || list.count == 0;
}

/* It goes only empty, whoever asks: objects without a namespace could neither be seen nor deleted.
 */
static void decide_body(struct world *w, const struct actor *a, struct doc *body,
                        struct decision *out)
{
    bool last = a->object->deleted_s && list_empty_at(body, "spec.finalizers") &&
                list_empty_at(body, "metadata.finalizers");
    if (last && !world_namespace_empty(w, istr_get(actor_name(a)))) {
        deciding_conflict(
            out, a,
            "The system is ensuring all content is removed from this namespace.  Upon "
            "completion, this namespace will automatically be purged by the system.");
        doc_unref(body);
        return;
    }
    object_decide_body(a, body, out);
    if (last) decision_event(out, a, EVENT_REMOVED);
}

static void decide_update(struct world *w, const struct actor *a, const struct command *c,
                          struct decision *out)
{
    const struct doc *old = a->object->body;
    /* Finalizers of the spec change through namespaces/finalize only, and that changes nothing
     * else. */
    if (c->merges_finalizers) {
        struct mp list = doc_path(c->body, "spec.finalizers");
        decide_body(w, a, edit_doc(old, "spec.finalizers", list.raw), out);
    } else if (c->body) {
        struct mp list = doc_path(old, "spec.finalizers");
        decide_body(w, a, edit_doc(c->body, "spec.finalizers", list.raw), out);
    }
}

static void namespace_decide(struct world *w, const struct actor *a, const struct command *c,
                             int64_t now_ms, struct decision *out)
{
    if (c->op == COMMAND_CREATE)
        decide_create(w, a, c, out);
    else if (c->op != COMMAND_DELETE && c->op != COMMAND_UPDATE)
        object_decide(w, a, c, now_ms, out);
    else if (!deciding_exists(a, c, out))
        return;
    else if (c->op == COMMAND_DELETE)
        decide_delete(a, now_ms, out);
    else
        decide_update(w, a, c, out);
}

static struct object *namespace_fold(const struct object *before, const struct event *e,
                                     int64_t time_ms)
{
    struct object *o = object_fold(before, e, time_ms);
    if (!o || e->type != EVENT_DELETING) return o;
    buf_auto struct buf value = BUF_INIT;
    mp_put_z(&value, "Terminating");
    struct doc *old = o->status;
    o->status = edit_doc(old, "phase", edit_value(&value));
    doc_unref(old);
    return o;
}

const struct behavior behavior_namespace = {namespace_decide, namespace_fold};
