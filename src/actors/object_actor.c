/* The generic object: what every kind does unless it says otherwise. */
#include "actors/deciding.h"
#include "actors/edit.h"
#include "base/mem.h"

#include <assert.h>

void object_decide_create(struct world *w, const struct actor *a, const struct command *c,
                          struct doc *body, first_status_fn *first, struct decision *out)
{
    if (a->object) {
        result_refuse(&out->result, 409, "AlreadyExists", "%s \"%s\" already exists", a->kind->key,
                      a->name);
        doc_unref(body);
        return;
    }
    struct doc *admitted, *status;
    if (!admission_create(w, a, c, body, first, &admitted, &status, out)) return;
    struct event *e = decision_event(out, a, EVENT_CREATED);
    /* One address for equal documents: an entry then holds each of them once. */
    e->body = docs_intern(&w->docs, admitted);
    e->status = docs_intern(&w->docs, status);
    e->node = istr_str(c->node);
    e->deleted_s = c->created_s;
}

/* Whether anything but metadata differs: that is what a generation counts. */
static bool spec_differs(const struct doc *old, const struct doc *new)
{
    struct mp a = doc_root(old), b = doc_root(new);
    if (a.count != b.count) return true;
    for (struct mp_iter it = mp_items(a); mp_iter_next(&it);)
        if (!str_is(it.key, "metadata") && !mp_same(it.value, mp_get_str(b, it.key))) return true;
    return false;
}

void object_decide_body(const struct actor *a, struct doc *body, struct decision *out)
{
    const struct object *o = a->object;
    bool spec = !doc_equal(o->body, body) && spec_differs(o->body, body);
    if (doc_equal(o->body, body) ||
        (!spec && mp_same(doc_path(o->body, "metadata"), doc_path(body, "metadata")))) {
        doc_unref(body);
        return;
    }
    struct event *e = decision_event(out, a, EVENT_UPDATED);
    e->body = body;
    e->bumps_generation = a->kind->has_generation && spec;
    /* A finalizer was the last thing that held it; a grace period still does. */
    if (o->deleted_s && !o->grace_s && !body_has_finalizers(body) && a->kind != kind_namespace)
        decision_event(out, a, EVENT_REMOVED);
}

void object_decide_status(const struct actor *a, struct doc *status, enum event_type type,
                          struct decision *out)
{
    const struct object *o = a->object;
    if (doc_equal(o->status, status) || mp_same(doc_root(o->status), doc_root(status))) {
        doc_unref(status);
        return;
    }
    decision_event(out, a, type)->status = status;
}

/* What is going may only lose finalizers. */
static bool finalizers_only_go(const struct actor *a, const struct command *c, struct decision *out)
{
    if (!a->object->deleted_s) return true;
    struct mp list = doc_path(c->body, "metadata.finalizers");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct str s = mp_str(it.value);
        bool known = false;
        struct mp old = doc_path(a->object->body, "metadata.finalizers");
        for (struct mp_iter o = mp_items(old); mp_iter_next(&o);)
            known |= str_eq(mp_str(o.value), s);
        if (known) continue;
        deciding_invalid(out, a,
                         "metadata.finalizers: Forbidden: no new finalizers can be added if the "
                         "object is being deleted, found new finalizers []string{\"%.*s\"}",
                         (int)s.n, s.p ? s.p : "");
        return false;
    }
    return true;
}

/* A status write may also bring labels and annotations; owners, finalizers and spec stay. */
static struct doc *body_with_notes(const struct actor *a, const struct command *c)
{
    struct mp labels = doc_path(c->body, "metadata.labels");
    struct mp annotations = doc_path(c->body, "metadata.annotations");
    struct doc *labelled = edit_doc(a->object->body, "metadata.labels", labels.raw);
    struct doc *body = edit_doc(labelled, "metadata.annotations", annotations.raw);
    doc_unref(labelled);
    return body;
}

/* Who owns the fields of the status is told beside the labels: one event tells both. */
static void decide_owned_status(const struct actor *a, const struct command *c, struct mp managed,
                                struct decision *out)
{
    struct doc *noted = body_with_notes(a, c);
    struct doc *body = edit_doc(noted, "metadata.managedFields", managed.raw);
    bool same = mp_same(doc_path(a->object->body, "metadata"), doc_path(body, "metadata"));
    doc_unref(noted);
    if (same && mp_same(doc_root(a->object->status), doc_root(c->status))) {
        doc_unref(body);
        return;
    }
    struct event *e = decision_event(out, a, EVENT_STATUS);
    e->status = doc_ref(c->status);
    e->body = body;
}

static void decide_condition(const struct actor *a, const struct command *c, struct decision *out)
{
    if (!c->text[0] || !*c->text[0] || !c->text[1]) {
        deciding_invalid(out, a, "status.conditions: Required value");
        return;
    }
    struct mp old = status_condition(a->object->status, c->text[0]);
    bool same = str_eq(mp_str(mp_get(old, "status")), str_of(c->text[1])) &&
                str_eq(mp_str(mp_get(old, "reason")), str_of(c->text[2])) &&
                str_eq(mp_str(mp_get(old, "message")), str_of(c->text[3]));
    if (same && old.type != MP_END) return;
    struct event *e = decision_event(out, a, EVENT_CONDITION);
    for (int i = 0; i < 4; i++) e->text[i] = str_of(c->text[i]);
}

static struct doc *given_status(const struct command *c, const struct doc *body)
{
    (void)body;
    return doc_ref(c->status);
}

static void decide_update(struct world *w, const struct actor *a, const struct command *c,
                          struct decision *out)
{
    if (!c->body || !finalizers_only_go(a, c, out)) return;
    struct doc *body = admission_update(w, a, c, doc_ref(c->body), out);
    if (body) object_decide_body(a, body, out);
}

void object_decide(struct world *w, const struct actor *a, const struct command *c, int64_t now_ms,
                   struct decision *out)
{
    if (c->op == COMMAND_CREATE) {
        object_decide_create(w, a, c, c->body ? doc_ref(c->body) : doc_empty(), given_status, out);
        return;
    }
    if (!deciding_exists(a, c, out)) return;
    switch (c->op) {
    case COMMAND_UPDATE:
        decide_update(w, a, c, out);
        break;
    case COMMAND_STATUS:
        if (c->status && doc_path(c->body, "metadata.managedFields").type == MP_ARRAY) {
            decide_owned_status(a, c, doc_path(c->body, "metadata.managedFields"), out);
            break;
        }
        if (c->body) object_decide_body(a, body_with_notes(a, c), out);
        if (c->status) object_decide_status(a, doc_ref(c->status), EVENT_STATUS, out);
        break;
    case COMMAND_DELETE:
        object_decide_delete(a, c, 0, c->propagation, now_ms, out);
        break;
    case COMMAND_CONDITION:
        decide_condition(a, c, out);
        break;
    default:
        result_refuse(&out->result, 405, "MethodNotAllowed",
                      "the server does not allow this method on the requested resource");
    }
}

static struct object *fold_created(const struct event *e)
{
    istr ns = e->ns.p ? istr_get(e->ns) : NULL;
    struct ident *id = ident_new(e->kind, ns, e->name);
    id->created_s = e->deleted_s;
    id->uid = e->uid;
    struct object *o = object_new(id, e->body ? doc_ref(e->body) : doc_empty(), doc_ref(e->status));
    o->generation = e->kind->has_generation;
    if (e->node.n) o->node = istr_get(e->node);
    return o;
}

static void replace_doc(struct doc **slot, struct doc *with)
{
    doc_unref(*slot);
    *slot = with;
}

static void fold_deleting(struct object *o, const struct event *e)
{
    if (!o->deleted_s && o->generation) o->generation++;
    o->deleted_s = e->deleted_s;
    o->grace_s = e->grace_s;
    if (e->body) replace_doc(&o->body, doc_ref(e->body));
}

static void fold_condition(struct object *o, const struct event *e, int64_t time_ms)
{
    mem_auto char *type = mem_strndup(e->text[0].p ? e->text[0].p : "", e->text[0].n);
    replace_doc(&o->status, status_with_condition(o->status, type, e->text[1], e->text[2],
                                                  e->text[3], time_ms / 1000, false));
}

struct object *object_fold(const struct object *before, const struct event *e, int64_t time_ms)
{
    if (e->type == EVENT_CREATED) return fold_created(e);
    if (e->type == EVENT_REMOVED) return NULL;
    assert(before);
    struct object *o = object_next(before);
    switch (e->type) {
    case EVENT_UPDATED:
        if (e->body) replace_doc(&o->body, doc_ref(e->body));
        if (e->bumps_generation) o->generation++;
        break;
    case EVENT_STATUS:
    case EVENT_SCALED:
        replace_doc(&o->status, doc_ref(e->status));
        if (e->body) replace_doc(&o->body, doc_ref(e->body));
        break;
    case EVENT_DELETING:
        fold_deleting(o, e);
        break;
    case EVENT_CONDITION:
        fold_condition(o, e, time_ms);
        break;
    default: /* of pods only */
        break;
    }
    return o;
}

const struct behavior behavior_object = {object_decide, object_fold};
