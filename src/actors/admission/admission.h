/* Admission: what Kubernetes' API server adds to new objects, and what it refuses them for.
 *
 * It is a part of deciding: pure over the committed world, so that clients' objects and those of
 * controllers pass through it alike, and nothing can change between the check and the decision. A
 * table of plugins runs in order (admission.c); each sees the body as the one before left it.
 *
 * What comes of a pod's body in a namespace is kept until something that it was made from changes:
 * ten thousand pods of one template are admitted once. Belongs to the system that decides
 * (system.c); core thread only. */
#ifndef LOGSHIP_ACTORS_ADMISSION_H
#define LOGSHIP_ACTORS_ADMISSION_H

#include "actors/behavior.h"

struct admission;
struct token_mint;

/* mint NULL: nobody makes tokens; pods then need no service account. Registers with the world. */
struct admission *admission_new(struct world *w, const struct token_mint *mint);
void admission_free(struct admission *a);

/* The status that an object begins with, given its admitted body; a new reference or NULL. */
typedef struct doc *first_status_fn(const struct command *c, const struct doc *body);

/* A new object's body (the reference is taken over) on its way through the plugins. True: admitted,
 * *out_body and *out_status are the caller's. False: refused, the refusal is filled in. */
bool admission_create(struct world *w, const struct actor *a, const struct command *c,
                      struct doc *body, first_status_fn *first, struct doc **out_body,
                      struct doc **out_status, struct decision *out);
/* Likewise the body that is to replace the actor's; NULL: refused. */
struct doc *admission_update(struct world *w, const struct actor *a, const struct command *c,
                             struct doc *body, struct decision *out);

/* What was decided counts against quotas, and its numbers are taken, before it is folded: from the
 * decision until the fold, or until it is known to have failed. */
void admission_hold(struct admission *a, struct command *c, const struct decision *d);
void admission_release(struct command *c);

struct quotas;
struct quotas *admission_quotas(struct admission *a); /* for the controller that tells of them */

#endif
