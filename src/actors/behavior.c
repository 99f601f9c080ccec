#include "actors/behavior.h"

#include "actors/deciding.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

const struct behavior *behavior_of(const struct kind *kind)
{
    if (kind == kind_pod) return &behavior_pod;
    if (kind == kind_node) return &behavior_node;
    if (kind == kind_replicaset) return &behavior_replicaset;
    if (kind == kind_rc) return &behavior_rc;
    if (kind == kind_namespace) return &behavior_namespace;
    if (kind == kind_secret || kind == kind_configmap) return &behavior_secret;
    if (kind == kind_service) return &behavior_service;
    if (kind == kind_job) return &behavior_job;
    if (kind->custom) return &behavior_custom;
    if (kind == kind_crd) return &behavior_crd;
    return &behavior_object;
}

struct event *decision_event(struct decision *d, const struct actor *a, enum event_type type)
{
    assert(d->count < DECISION_EVENTS_MAX);
    struct event *e = &d->events[d->count++];
    *e =
        (struct event){.type = type, .kind = a->kind, .ns = istr_str(a->ns), .name = actor_name(a)};
    return e;
}

static void refuse(struct decision *out, int http, const char *reason, const char *intro,
                   const char *format, va_list args)
{
    char text[sizeof out->result.message];
    vsnprintf(text, sizeof text, format, args);
    result_refuse(&out->result, http, reason, "%s%s", intro, text);
}

/* As Kubernetes names an object in its messages: pods "x", replicasets.apps "x", and by its kind
 * when it is invalid: ReplicaSet.apps "x". */
static void refuse_about(struct decision *out, const struct actor *a, int http, const char *reason,
                         const char *before, const char *after, const char *format, va_list args)
{
    char intro[400];
    const char *group = http == 422 ? a->kind->group : "";
    snprintf(intro, sizeof intro, "%s%s%s%s \"%s\"%s", before,
             http == 422 ? a->kind->kind : a->kind->key, group[0] ? "." : "", group, a->name,
             after);
    refuse(out, http, reason, intro, format, args);
}

void deciding_conflict(struct decision *out, const struct actor *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse_about(out, a, 409, "Conflict", "Operation cannot be fulfilled on ", ": ", format, args);
    va_end(args);
}

void deciding_forbidden(struct decision *out, const struct actor *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse_about(out, a, 403, "Forbidden", "", " is forbidden: ", format, args);
    va_end(args);
}

void deciding_invalid(struct decision *out, const struct actor *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse_about(out, a, 422, "Invalid", "", " is invalid: ", format, args);
    va_end(args);
}

static bool deciding_same_uid(const struct actor *a, const struct command *c, struct decision *out)
{
    if (!c->has_uid || uid_equal(&c->uid, &a->object->id->uid)) return true;
    char wanted[UID_TEXT], have[UID_TEXT];
    uid_text(&c->uid, wanted);
    uid_text(&a->object->id->uid, have);
    deciding_conflict(out, a,
                      "Precondition failed: UID in precondition: %s, UID in object meta: %s",
                      wanted, have);
    return false;
}

bool deciding_exists(const struct actor *a, const struct command *c, struct decision *out)
{
    if (!a->object) {
        result_refuse(&out->result, 404, "NotFound", "%s \"%s\" not found", a->kind->key, a->name);
        return false;
    }
    if (!deciding_same_uid(a, c, out)) return false;
    if (!c->revision || c->revision == a->object->revision) return true;
    if (c->op == COMMAND_DELETE)
        deciding_conflict(out, a,
                          "Precondition failed: ResourceVersion in precondition: %llu, "
                          "ResourceVersion in object meta: %llu",
                          (unsigned long long)c->revision, (unsigned long long)a->object->revision);
    else
        deciding_conflict(out, a,
                          "the object has been modified; please apply your changes to the latest "
                          "version and try again");
    return false;
}
