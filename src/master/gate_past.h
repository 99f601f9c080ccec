/* The gate of a moment of the past: a world that stands still, read by the API; every command is
 * refused. One thread: the asker's and the core's are the same loop. */
#ifndef LOGSHIP_MASTER_GATE_PAST_H
#define LOGSHIP_MASTER_GATE_PAST_H

#include "actors/gate.h"

struct gate *gate_past_new(struct world *w, struct inbox *home);
void gate_past_free(struct gate *g);

#endif
