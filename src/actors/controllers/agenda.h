/* What a controller has to look at: now, or not before some time. Each item stands on it at most
 * once. */
#ifndef LOGSHIP_ACTORS_AGENDA_H
#define LOGSHIP_ACTORS_AGENDA_H

#include "base/list.h"

#include <stdint.h>

struct agenda_item { /* embedded; zeroed and agenda_item_init'ed */
    struct list link;
    uint64_t due_ms; /* 0: now */
};
struct agenda {
    struct list ready, later;
    uint64_t swept_ms;
};

void agenda_init(struct agenda *a);
void agenda_item_init(struct agenda_item *item);
void agenda_soon(struct agenda *a, struct agenda_item *item);
/* The earlier of this and what it stood for. */
void agenda_at(struct agenda *a, struct agenda_item *item, uint64_t due_ms);
void agenda_drop(struct agenda_item *item);
/* The next that is due, off the agenda; NULL when none is. */
struct agenda_item *agenda_take(struct agenda *a, uint64_t now_ms);

#endif
