/* Which addresses and node ports Services have.
 *
 * Kept change by change, and counted again from the world after a keyframe. What was decided and is
 * not folded yet is held, so that no two Services get one number however many are under way.
 * Belongs to admission; core thread only. */
#ifndef LOGSHIP_ACTORS_ADMISSION_ALLOTMENTS_H
#define LOGSHIP_ACTORS_ADMISSION_ALLOTMENTS_H

#include "actors/admission/service_range.h"
#include "actors/behavior.h"

struct allotments {
    struct world *world;
    struct slots addresses, ports;
    struct list holds;
};

struct allotment_hold { /* of a command between its decision and its fold */
    struct list link;
    struct allotments *all;
    struct command *command;
    struct doc *body;
};

void allotments_init(struct allotments *a, struct world *w);
void allotments_free(struct allotments *a);
void allotments_changed(struct allotments *a, const struct change *c);
void allotments_restored(struct allotments *a);
/* Of a command that was decided, with the body that it will leave (or NULL). */
void allotments_hold(struct allotments *a, struct command *c, struct doc *body);
void allotments_release(struct command *c); /* of what it holds, if anything */

#endif
