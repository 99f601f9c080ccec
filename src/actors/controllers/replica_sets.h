/* Inside the controller of ReplicaSets and ReplicationControllers (replicaset.c and replica_*.c
 * only). */
#ifndef LOGSHIP_ACTORS_REPLICA_SETS_H
#define LOGSHIP_ACTORS_REPLICA_SETS_H

#include "actors/controllers/agenda.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/recorder.h"
#include "proto/selector.h"

/* One ReplicaSet or ReplicationController and the pods that name it as their controller. It may be
 * known by its pods only (object NULL): then it is gone or was never there, and the garbage
 * collector's business. */
struct replica_set {
    struct uid uid;
    struct replica_controller *controller;
    struct replica_space *space;
    struct list in_space; /* linked while it has an object */
    struct agenda_item agenda;
    struct object *object;     /* the world's */
    struct selector *selector; /* of object; NULL: it selects nothing */
    struct map pods;           /* uid -> struct object, the world's current version */
    uint32_t active, labeled, ready,
        strangers; /* of pods: not finished nor going; with the template's labels;
                      ready; that the selector does not match */
    bool claims;   /* orphans may match */
    uint32_t creating, deleting, claiming; /* commands on their way */
    uint32_t to_tell;                      /* Events left for this burst of creates or deletes */
    bool status_flying;
    uint64_t status_at_ms; /* no status write before it */
    uint64_t create_at_ms; /* no create before it: the last one failed */
    uint32_t failures;
    bool tried;                  /* creating, since this master leads: `failure` is known */
    char *failure;               /* why pods cannot be made, or NULL */
    uint64_t cause, scale_cause; /* revisions: of the last change; of the last that called for pods
                                    or against them */
    /* Pods of one template share a body, and come in rows: what was found about the last one. */
    struct doc *seen_body;
    bool seen_selected, seen_labeled;
    struct uid *victims; /* chosen to be deleted, best first; void when the set is changed */
    size_t victim_count, victim_at;
    struct doc *template_of; /* the body that pod_body was made from */
    struct doc *pod_body;    /* interned; of every new pod, before its admission */
    istr pod_node;           /* spec.nodeName of the template, or NULL */
};

struct replica_space { /* one namespace */
    istr ns;
    struct list sets;
    struct map orphans; /* uid -> struct object: active pods without a controller */
};

struct replica_errand { /* a command about one pod, on its way */
    struct uid pod;
    struct replica_set *set;
    bool deletes;
};

struct replica_controller {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    struct controller_times times;
    struct map sets;    /* uid -> struct replica_set */
    struct map spaces;  /* namespace -> struct replica_space */
    struct map errands; /* pod uid -> struct replica_errand */
    struct agenda agenda;
    uint64_t now_ms;
    struct recorder *recorders[2]; /* of ReplicaSets, of ReplicationControllers */
    istr who[2];
    /* Pods of one template share a body, and come in rows: who controls the last body looked at. */
    struct doc *memo_body;
    struct uid memo_owner;
    bool memo_controlled, memo_ours;
};

static inline bool replica_is_rc(const struct replica_set *s)
{
    return s->object->id->kind == kind_rc;
}
static inline istr replica_who(const struct replica_set *s)
{
    return s->controller->who[replica_is_rc(s)];
}
static inline struct recorder *replica_recorder(const struct replica_set *s)
{
    return s->controller->recorders[replica_is_rc(s)];
}

/* replica_index.c: keeps sets, counts and orphans as the world is. */
void replica_index_clear(struct replica_controller *c);
void replica_index_changed(struct replica_controller *c, const struct object *before,
                           struct object *after, uint64_t revision);
void replica_set_release(struct replica_set *s); /* frees it when nothing needs it any more */

/* replica_template.c */
void replica_template_refresh(struct replica_set *s); /* pod_body as the object now wants it */
struct mp replica_owner_of(struct mp owners,
                           const struct uid *uid); /* the reference with this uid, or MP_END */
struct doc *replica_adopted_body(const struct replica_set *s, const struct object *pod);
struct doc *replica_released_body(const struct replica_set *s, const struct object *pod);

/* replica_rank.c: the pods of a set that go first, best victims first; returns how many were put
 * into out. */
size_t replica_rank(const struct replica_set *s, struct uid *out, size_t max);
bool replica_pod_ready(const struct object *pod);

/* replica_claim.c, replica_scale.c, replica_status.c */
void replica_claim(struct replica_set *s);
bool replica_busy(const struct replica_controller *c, const struct object *pod);
void replica_errand_send(struct replica_set *s, const struct object *pod, struct command *command);
unsigned replica_scale(struct replica_set *s, unsigned budget); /* commands sent */
void replica_failure(struct replica_set *s, const char *why);   /* NULL: there is none any more */
void replica_spare(struct replica_set *s);                      /* forgets the victims */
void replica_status(struct replica_set *s);
int64_t replica_wanted(const struct replica_set *s);
static inline bool replica_pod_active(const struct object *pod, struct str phase)
{
    return !pod->deleted_s && !str_is(phase, "Succeeded") && !str_is(phase, "Failed");
}

#endif
