/* What the behaviours share while they decide: the checks that every command has to pass, in
 * Kubernetes' words. Each check returns true when the command may go on, and fills in the refusal
 * when it may not. */
#ifndef LOGSHIP_ACTORS_DECIDING_H
#define LOGSHIP_ACTORS_DECIDING_H

#include "actors/admission/admission.h"

/* The object exists, and is the one (uid) in the version (revision) that the sender meant. */
bool deciding_exists(const struct actor *a, const struct command *c, struct decision *out);
/* 409: Operation cannot be fulfilled on pods "x": ... */
void deciding_conflict(struct decision *out, const struct actor *a, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void deciding_forbidden(struct decision *out, const struct actor *a, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void deciding_invalid(struct decision *out, const struct actor *a, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Create with this body (the reference is taken over) as admission leaves it. `first` gives the
 * status. */
void object_decide_create(struct world *w, const struct actor *a, const struct command *c,
                          struct doc *body, first_status_fn *first, struct decision *out);
/* Replace the body (the reference is taken over); removes the object when that was the last thing
 * it waited for. */
void object_decide_body(const struct actor *a, struct doc *body, struct decision *out);
/* Replace the status (the reference is taken over), as an event of this type. */
void object_decide_status(const struct actor *a, struct doc *status, enum event_type type,
                          struct decision *out);
/* Delete, with this grace (0: at once unless finalizers hold it) and propagation. */
void object_decide_delete(const struct actor *a, const struct command *c, int32_t grace_s,
                          enum propagation propagation, int64_t now_ms, struct decision *out);

/* {phase: Pending, qosClass: ...}; a new reference. */
struct doc *pod_first_status(const struct command *c, const struct doc *body);
const char *pod_quality(struct mp spec); /* "Guaranteed", "Burstable", "BestEffort" */
static inline bool pod_finished(const struct object *o)
{
    struct str phase = mp_str(doc_path(o->status, "phase"));
    return str_is(phase, "Succeeded") || str_is(phase, "Failed");
}

#endif
