/* Inside the garbage collector (gc.c, owners.c, owner_kinds.c, circle.c): who names whom as owner.
 */
#ifndef LOGSHIP_ACTORS_OWNERS_H
#define LOGSHIP_ACTORS_OWNERS_H

#include "actors/controllers/agenda.h"
#include "actors/controllers/controllers.h"

/* Somebody who is named as an owner, or who waits for the collector to let it go; it may not exist.
 */
struct owner {
    struct uid uid;
    struct agenda_item agenda;
    struct map dependents; /* uid -> struct ident */
    bool gone;             /* we saw it go */
    bool waits;            /* it exists, is being deleted, and bears a finalizer of ours */
    uint64_t cause;
    uint64_t next_ms; /* dependents are not gone through again before it */
};

struct errand { /* a command of ours about one object, on its way */
    struct uid about, owner;
    struct collector *collector;
};

struct collector {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    istr who;
    struct map owners;  /* uid -> struct owner */
    struct map errands; /* uid -> struct errand */
    struct agenda agenda;
    uint64_t now_ms;
};

/* owners.c */
void owners_changed(struct collector *c, const struct object *before, const struct object *after,
                    uint64_t revision);
void owners_clear(struct collector *c);
void owners_look_all(struct collector *c); /* at all that are gone or wait */
struct owner *owners_find(const struct collector *c, const struct uid *uid);
void owners_release(struct collector *c, struct owner *o); /* forgets it when nothing needs it */
/* The object with this uid, when the dependent may be owned by it: an owner in another namespace is
 * none. */
struct object *owners_object(const struct collector *c, const struct uid *uid, istr dependent_ns);

/* owner_kinds.c: is an owner that is not there, there no more? */
bool owner_is_gone(const struct collector *c, const struct object *dependent, struct mp reference);

/* circle.c: does this one wait for somebody who waits too, while its own owners wait for it? Then
 * its body that no longer blocks them. */
bool circle_suspected(const struct collector *c, const struct object *o);
struct doc *circle_opened(const struct object *o);

#endif
