/* Shared by world.c, world_fold.c and world_image.c only. */
#ifndef LOGSHIP_ACTORS_WORLD_INTERNAL_H
#define LOGSHIP_ACTORS_WORLD_INTERNAL_H

#include "actors/world.h"

struct actor_key {
    istr ns;
    struct str name;
};

void world_clear(struct world *w); /* no actors, documents, digest; subscribers stay */
/* Puts a version (a reference of the caller's) on its shelf, in place of the one before. */
void world_place(struct world *w, struct actor *a, struct object *after);

/* Recently folded request ids, oldest forgotten first. Part of the state: every master has the
 * same. */
enum { REQUESTS_KEPT = 32768 };
struct requests;
struct requests *requests_new(void);
void requests_free(struct requests *r);
void requests_add(struct requests *r, const struct request_id *id, uint64_t revision);
uint64_t requests_find(const struct requests *r, const struct request_id *id);
void requests_encode(const struct requests *r, struct buf *out);
int requests_decode(struct requests *r, struct mp v, struct error *err);

#endif
