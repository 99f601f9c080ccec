/* What became of pods' bodies in their namespaces: pods of one template are admitted once. Bounded:
 * when it is full it begins anew. */
#ifndef LOGSHIP_ACTORS_ADMISSION_CACHE_H
#define LOGSHIP_ACTORS_ADMISSION_CACHE_H

#include "proto/doc.h"

struct cache {
    struct map spaces; /* by namespace */
    size_t count;
};

/* New references. */
bool cache_find(const struct cache *c, istr ns, const struct doc *given, struct doc **body,
                struct doc **status);
void cache_keep(struct cache *c, istr ns, struct doc *given, struct doc *body, struct doc *status);
void cache_stale(struct cache *c, istr ns); /* of this namespace nothing holds any more */
void cache_clear(struct cache *c);
void cache_free(struct cache *c);

#endif
