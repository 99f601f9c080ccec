/* Pods: placed once, going gracefully, and gone when their node says so. */
#include "actors/deciding.h"
#include "actors/edit.h"
#include "base/mem.h"

enum { POD_GRACE_S = 30 };

static void decide_bind(const struct actor *a, const struct command *c, struct decision *out)
{
    const struct object *pod = a->object;
    const char *why = NULL;
    if (!c->node || !*c->node)
        deciding_invalid(out, a, "target.name: Required value");
    else if (pod->deleted_s)
        why = "is being deleted, cannot be assigned to a host";
    else if (pod->node)
        why = "is already assigned to node";
    else
        decision_event(out, a, EVENT_BOUND)->node = istr_str(c->node);
    if (!why) return;
    result_refuse(&out->result, 409, "Conflict",
                  "Operation cannot be fulfilled on pods/binding \"%s\": pod %s %s%s%s%s", a->name,
                  a->name, why, pod->deleted_s ? "" : " \"", pod->deleted_s ? "" : pod->node,
                  pod->deleted_s ? "" : "\"");
}

static void decide_unschedulable(const struct actor *a, const struct command *c,
                                 struct decision *out)
{
    const struct object *pod = a->object;
    if (pod->node || pod->deleted_s) {
        deciding_conflict(out, a, "pod %s needs no node", a->name);
        return;
    }
    struct mp old = status_condition(pod->status, "PodScheduled");
    if (mp_is(mp_get(old, "status"), "False") && mp_is(mp_get(old, "reason"), "Unschedulable") &&
        str_eq(mp_str(mp_get(old, "message")), str_of(c->text[3])))
        return;
    decision_event(out, a, EVENT_UNSCHEDULABLE)->text[3] = str_of(c->text[3]);
}

/* What a node reports replaces the status, but that the pod was placed is not the node's to forget.
 */
static struct doc *with_placement(const struct object *pod, struct doc *status)
{
    struct mp placed = status_condition(pod->status, "PodScheduled");
    if (placed.type == MP_END || status_condition(status, "PodScheduled").type != MP_END)
        return doc_ref(status);
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 1;
    size_t mark = mp_begin(&list);
    struct mp conditions = doc_path(status, "conditions");
    for (struct mp_iter it = mp_items(conditions); mp_iter_next(&it); count++)
        mp_put(&list, it.value);
    mp_put(&list, placed);
    mp_end_array(&list, mark, count);
    return edit_doc(status, "conditions", edit_value(&list));
}

static struct doc *with_quality(const struct object *pod, struct doc *status)
{
    struct mp class = doc_path(pod->status, "qosClass");
    if (class.type == MP_END || doc_path(status, "qosClass").type != MP_END) return status;
    struct doc *more = edit_doc(status, "qosClass", class.raw);
    doc_unref(status);
    return more;
}

static void decide_delete(const struct actor *a, const struct command *c, int64_t now_ms,
                          struct decision *out)
{
    const struct object *pod = a->object;
    int64_t own = mp_i64(doc_path(pod->body, "spec.terminationGracePeriodSeconds"), POD_GRACE_S);
    if (own < 0 || own > INT32_MAX) own = POD_GRACE_S;
    int32_t grace = c->grace_s >= 0 ? c->grace_s : (int32_t)own;
    if (!pod->node || pod_finished(pod)) grace = 0; /* nothing runs that could end in peace */
    object_decide_delete(a, c, grace, c->propagation, now_ms, out);
}

static void decide_confirm_gone(const struct actor *a, const struct command *c, int64_t now_ms,
                                struct decision *out)
{
    if (!a->object->deleted_s) {
        deciding_conflict(out, a, "pod %s is not being deleted", a->name);
        return;
    }
    struct command at_once = *c;
    at_once.grace_s = 0;
    object_decide_delete(a, &at_once, 0, PROPAGATION_DEFAULT, now_ms, out);
}

static void pod_decide(struct world *w, const struct actor *a, const struct command *c,
                       int64_t now_ms, struct decision *out)
{
    if (c->op == COMMAND_CREATE) {
        object_decide_create(w, a, c, c->body ? doc_ref(c->body) : doc_empty(), pod_first_status,
                             out);
        return;
    }
    if (!deciding_exists(a, c, out)) return;
    switch (c->op) {
    case COMMAND_STATUS: {
        struct command merged = *c;
        merged.status =
            c->status ? with_quality(a->object, with_placement(a->object, c->status)) : NULL;
        object_decide(w, a, &merged, now_ms, out);
        doc_unref(merged.status);
        break;
    }
    case COMMAND_DELETE:
        decide_delete(a, c, now_ms, out);
        break;
    case COMMAND_BIND:
        decide_bind(a, c, out);
        break;
    case COMMAND_UNSCHEDULABLE:
        decide_unschedulable(a, c, out);
        break;
    case COMMAND_CONFIRM_GONE:
        decide_confirm_gone(a, c, now_ms, out);
        break;
    default:
        object_decide(w, a, c, now_ms, out);
    }
}

static struct object *pod_fold(const struct object *before, const struct event *e, int64_t time_ms)
{
    struct object *o = object_fold(before, e, time_ms);
    if (!o || (e->type != EVENT_BOUND && e->type != EVENT_UNSCHEDULABLE)) return o;
    bool bound = e->type == EVENT_BOUND;
    struct doc *old = o->status;
    /* Whole seconds: pods bound in one second share one status document. */
    o->status = status_with_condition(old, "PodScheduled", bound ? STR("True") : STR("False"),
                                      bound ? STR("") : STR("Unschedulable"),
                                      bound ? STR("") : e->text[3], time_ms / 1000, false);
    doc_unref(old);
    if (bound) o->node = istr_get(e->node);
    return o;
}

const struct behavior behavior_pod = {pod_decide, pod_fold};
