/* Jobs: unless they bring a selector of their own, they select their pods by their uid. That is
 * known when they are created, not when that is decided, so the fold writes it. */
#include "actors/deciding.h"
#include "actors/edit.h"

#include <stdio.h>

static const char template_labels[] = "spec.template.metadata.labels";

static bool selects_itself(struct mp spec)
{
    return !mp_bool(mp_get(spec, "manualSelector"), false);
}

static void job_decide(struct world *w, const struct actor *a, const struct command *c,
                       int64_t now_ms, struct decision *out)
{
    object_decide(w, a, c, now_ms, out);
    if (c->op == COMMAND_CREATE && out->count)
        out->events[0].bears_uid = selects_itself(doc_path(out->events[0].body, "spec"));
}

/* Takes the reference. What the user has put there stays: the API refuses what does not fit. */
static struct doc *with_label(struct doc *body, const char *labels, const char *key,
                              struct str text)
{
    if (mp_get(doc_path(body, labels), key).type != MP_END) return body;
    char path[64];
    buf_auto struct buf value = BUF_INIT;
    snprintf(path, sizeof path, "%s.%s", labels, key);
    mp_put_str(&value, text);
    struct doc *more = edit_doc(body, path, edit_value(&value));
    doc_unref(body);
    return more;
}

static bool same_labels(struct mp a, struct mp b)
{
    bool none = a.type != MP_MAP || !a.count, others_none = b.type != MP_MAP || !b.count;
    return none || others_none ? none && others_none : mp_same(a, b);
}

/* A job that has got its labels from the template has all of them. */
static struct doc *body_with_uid(const struct object *o)
{
    char uid[UID_TEXT];
    uid_text(&o->id->uid, uid);
    bool alike = same_labels(object_labels(o), doc_path(o->body, template_labels));
    struct doc *body = doc_ref(o->body);
    body = with_label(body, template_labels, "job-name", object_name(o));
    body = with_label(body, template_labels, "controller-uid", str_of(uid));
    body = with_label(body, "spec.selector.matchLabels", "controller-uid", str_of(uid));
    if (!alike) return body;
    struct mp labels = doc_path(body, template_labels);
    struct doc *named = edit_doc(body, "metadata.labels", labels.raw);
    doc_unref(body);
    return named;
}

static struct object *job_fold(const struct object *before, const struct event *e, int64_t time_ms)
{
    struct object *o = object_fold(before, e, time_ms);
    if (!o || e->type != EVENT_CREATED || !e->bears_uid) return o;
    struct doc *given = o->body;
    o->body = body_with_uid(o);
    doc_unref(given);
    return o;
}

const struct behavior behavior_job = {job_decide, job_fold};
