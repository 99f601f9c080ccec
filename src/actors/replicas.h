/* What replica sets and replication controllers decide alike. */
#ifndef LOGSHIP_ACTORS_REPLICAS_H
#define LOGSHIP_ACTORS_REPLICAS_H

#include "actors/behavior.h"

void replicas_decide(struct world *w, const struct actor *a, const struct command *c,
                     int64_t now_ms, struct decision *out);

#endif
