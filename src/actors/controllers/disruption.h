/* Inside the disruption controller (disruption.c and disruption_*.c). */
#ifndef LOGSHIP_ACTORS_DISRUPTION_H
#define LOGSHIP_ACTORS_DISRUPTION_H

#include "actors/controllers/agenda.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/recorder.h"
#include "actors/controllers/selecting.h"

struct budget { /* a PodDisruptionBudget and the pods that it selects */
    struct disruption *controller;
    istr ns;
    struct selecting_entry entry;
    struct agenda_item agenda;
    struct object *object; /* the world's; NULL: gone, an answer is awaited */
    struct selector *selector;
    struct map pods;           /* uid -> struct object */
    struct map owners;         /* uid -> struct budget_owner: who controls them */
    uint32_t healthy, unowned; /* of pods: ready and not going; without a controller */
    bool flying;
    bool puzzled;          /* nobody could say how many pods there should be, and that was told */
    uint64_t status_at_ms; /* no status write before it */
    uint64_t cause;
};
struct budget_owner {
    struct uid uid;
    uint32_t pods;
};

struct disruption {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    istr who;
    uint32_t every_ms;
    const struct kind *kind_budget, *kind_deployment, *kind_statefulset;
    struct map budgets; /* uid -> struct budget */
    struct selecting index;
    struct agenda agenda;
    struct recorder *recorder;
    uint64_t now_ms;
};

/* disruption_index.c */
void disruption_pod(struct disruption *c, const struct object *before, struct object *after,
                    uint64_t revision);
void disruption_budget(struct disruption *c, const struct object *before, struct object *after,
                       uint64_t revision);
/* A set that makes pods, or another object that wants a number of them. */
void disruption_set(struct disruption *c, const struct object *before, const struct object *after,
                    uint64_t revision);
void disruption_forget(struct disruption *c);
struct budget *budget_make(struct disruption *c, struct object *o); /* knows no pods yet */
bool budget_pod_healthy(const struct object *pod);
void budget_look(struct budget *b, uint64_t revision);
void budget_release(struct budget *b); /* frees it when nothing needs it any more */

/* disruption_scale.c: how many pods there should be by those who control them; false: nobody can
 * say (*why: a constant). */
bool budget_scale(const struct budget *b, int64_t *out, const char **why);
/* Is it one of those kinds? */
bool budget_is_scaled(const struct disruption *c, const struct kind *kind);

/* disruption_status.c: tells how things are, if that is not told already. */
void budget_tell(struct budget *b);

#endif
