/* Custom objects: taken only while their definition is there and established.
 *
 * Whether the status is written apart is the definition's business; the API sends the body as it is
 * to be stored. When the definition gained or lost the status subresource, objects of before still
 * have their status in the other place; it moves with the next write. */
#include "actors/crd.h"
#include "actors/deciding.h"
#include "actors/edit.h"

static bool definition_takes(struct world *w, const struct actor *a, struct decision *out)
{
    const struct object *crd = world_get(w, kind_crd, NULL, str_of(a->kind->key));
    bool served =
        crd && mp_is(mp_get(status_condition(crd->status, "Established"), "status"), "True");
    if (!served)
        result_refuse(&out->result, 404, "NotFound",
                      "the server could not find the requested resource");
    else if (crd->deleted_s)
        result_refuse(&out->result, 405, "MethodNotAllowed",
                      "create not allowed while custom resource definition is terminating");
    return served && !crd->deleted_s;
}

static struct doc *first_status(const struct command *c, const struct doc *body)
{
    (void)body;
    return doc_ref(c->status);
}

/* Out of the body, which an update of this decision may be about to replace anyhow. */
static void take_status_out(const struct actor *a, struct decision *out)
{
    for (unsigned i = 0; i < out->count; i++) {
        struct event *e = &out->events[i];
        if (e->type != EVENT_UPDATED) continue;
        struct doc *with = e->body;
        e->body = edit_doc(with, "status", (struct str){0});
        doc_unref(with);
        return;
    }
    object_decide_body(a, edit_doc(a->object->body, "status", (struct str){0}), out);
}

static void custom_decide(struct world *w, const struct actor *a, const struct command *c,
                          int64_t now_ms, struct decision *out)
{
    if (c->op == COMMAND_CREATE) {
        if (definition_takes(w, a, out))
            object_decide_create(w, a, c, c->body ? doc_ref(c->body) : doc_empty(), first_status,
                                 out);
        return;
    }
    object_decide(w, a, c, now_ms, out);
    if (out->result.http >= 400 || !a->object) return;
    if (c->op == COMMAND_UPDATE && c->status)
        object_decide_status(a, doc_ref(c->status), EVENT_STATUS, out);
    bool inside = doc_path(a->object->body, "status").type != MP_END;
    if (c->op == COMMAND_STATUS && c->status && inside) take_status_out(a, out);
}

const struct behavior behavior_custom = {custom_decide, object_fold};
