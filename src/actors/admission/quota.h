/* Quotas: what each allows, what is used of it, and what is promised.
 *
 * Kept change by change for the namespaces that have quotas; a new quota counts its namespace once.
 * What was decided and is not folded yet is *held*: it counts as used until its events are folded
 * (then it is used) or have failed. So a quota is never exceeded, however many creates are under
 * way. Belongs to admission; core thread only. */
#ifndef LOGSHIP_ACTORS_ADMISSION_QUOTA_H
#define LOGSHIP_ACTORS_ADMISSION_QUOTA_H

#include "actors/admission/quota_measure.h"
#include "actors/behavior.h"
#include "actors/controllers/agenda.h"

typedef __int128 quota_sum; /* no number of objects makes it overflow */

struct quota_line { /* amounts in thousandths */
    struct str name, hard_text;
    struct measure measure;
    int64_t hard;
    quota_sum used, held;
    int64_t amount; /* of the object that is being looked at */
};

struct quota {
    struct list link; /* in its space, by name */
    struct quota_space *space;
    struct object *object; /* the world's current version; lines point into its body */
    struct doc *seen;      /* the pod body that the lines' amounts are of, or NULL */
    unsigned count;
    struct quota_line *lines;
    /* The controller's (controllers/quota.c). */
    struct agenda_item agenda;
    bool status_flying;
    uint64_t status_at_ms;
};

struct quota_hold { /* of a command between its decision and its fold */
    struct list link;
    struct quota_space *space;
    struct command *command;
    const struct kind *kind;
    struct doc *before, *after; /* bodies; before NULL: a create */
};

struct quota_space { /* a namespace with quotas, or with something held */
    istr ns;
    struct quotas *all;
    struct list quotas, holds;
};

struct quotas {
    struct world *world;
    struct map spaces;
    struct agenda agenda; /* quotas whose status may be out of date */
};

void quotas_init(struct quotas *q, struct world *w);
void quotas_free(struct quotas *q);
void quotas_changed(struct quotas *q, const struct change *c);
void quotas_restored(struct quotas *q);

/* quota_hold.c: of a command that was decided, with the body that it will leave. */
void quotas_hold(struct quotas *q, struct command *c, struct doc *after);
void quotas_release(struct command *c); /* of what it holds, if anything */
void quota_apply_holds(struct quota *q);
void quota_space_free_holds(struct quota_space *space);

/* quota_check.c: is there room? Pure. `before` MP_END: a create. */
bool quotas_allow(const struct quotas *q, const struct actor *a, struct mp before,
                  const struct doc *after, struct decision *out);

/* May an update of such an object take more? Of others only their creation is looked at. */
bool quotas_watch_updates(const struct kind *kind);

struct quota_space *quotas_space(const struct quotas *q, istr ns); /* or NULL */
struct quota *quotas_find(const struct quotas *q, istr ns, struct str name);
void quota_space_settle(struct quota_space *space); /* lets it go when nothing needs it */
/* The amount as text, in the family of the line's limit. */
void quota_put(struct buf *out, const struct quota_line *line, quota_sum milli);
/* Sets every line's `amount` to what the object (in this body, alive) takes of it. */
void quota_measure(struct quota *q, const struct kind *kind, const struct doc *body);

#endif
