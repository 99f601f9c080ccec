/* What an actor does: decide and fold, per kind.
 *
 * decide(state, command) -> events or refusal: pure, on the leader, over committed state only (an
 * actor with events in flight does not decide; its commands wait). fold(state, event) -> state:
 * pure and total, on every master. The generic object actor (object_actor.c) serves every kind; the
 * kinds that behave specially override parts of it in a file of their own: pod.c, node.c,
 * replicaset.c, rc.c, namespace.c, secret.c, service.c, job.c, crd.c, custom.c. */
#ifndef LOGSHIP_ACTORS_BEHAVIOR_H
#define LOGSHIP_ACTORS_BEHAVIOR_H

#include "actors/command.h"

enum { DECISION_EVENTS_MAX = 4 };

struct decision {
    struct result result; /* http >= 400: refused, no events */
    struct event
        events[DECISION_EVENTS_MAX]; /* all of the actor itself; documents are owned references */
    unsigned count;                  /* 0 and not refused: nothing to change */
};
/* Adds an event of this actor's own (kind, ns, name filled in). */
struct event *decision_event(struct decision *d, const struct actor *a, enum event_type type);

struct behavior {
    /* now_ms: the time the entry will bear. */
    void (*decide)(struct world *w, const struct actor *a, const struct command *c, int64_t now_ms,
                   struct decision *out);
    /* A new version for this event, unsealed (the caller sets revision and seals), or NULL:
     * removed. */
    struct object *(*fold)(const struct object *before, const struct event *e, int64_t time_ms);
};
const struct behavior *behavior_of(const struct kind *kind);

/* The generic actor, to be called by the special ones for what they do not change. */
void object_decide(struct world *w, const struct actor *a, const struct command *c, int64_t now_ms,
                   struct decision *out);
struct object *object_fold(const struct object *before, const struct event *e, int64_t time_ms);

extern const struct behavior behavior_object, behavior_pod, behavior_node, behavior_replicaset,
    behavior_rc, behavior_namespace, behavior_secret, behavior_service, behavior_job,
    behavior_custom, behavior_crd;

/* Helpers on documents that several kinds need (status.c). Each returns a new reference. */
struct doc *status_with_condition(struct doc *status, const char *type, struct str value,
                                  struct str reason, struct str message, int64_t now_s,
                                  bool heartbeat);
struct doc *body_without_finalizer(struct doc *body, const char *finalizer);
struct doc *body_with_finalizer(struct doc *body, const char *finalizer);
bool body_has_finalizers(const struct doc *body);
bool body_has_finalizer(const struct doc *body, const char *finalizer);
struct mp status_condition(const struct doc *status, const char *type); /* borrowed, or MP_END */

#endif
