/* Finding the selectors that may match an object by the object's labels, without asking each.
 *
 * A selector that demands a label stands under it; the few that demand none are always asked. So a
 * pod's change costs its labels, not the selectors of its namespace. Core thread only. */
#ifndef LOGSHIP_ACTORS_SELECTING_H
#define LOGSHIP_ACTORS_SELECTING_H

#include "base/list.h"
#include "proto/selector.h"

struct selecting { /* zero: none; freed when the last entry is dropped */
    struct map shelves;
};
struct selecting_shelf;
struct selecting_entry { /* embedded; zeroed before it is first put */
    struct list link;
    struct selecting_shelf *shelf; /* NULL: stands nowhere */
};

/* Anew if it stands somewhere already. The selector must outlive the entry's stay; NULL: it selects
 * nothing and stands nowhere. */
void selecting_put(struct selecting *index, istr ns, const struct selector *selector,
                   struct selecting_entry *entry);
void selecting_drop(struct selecting *index, struct selecting_entry *entry);

/* Calls for each that may select an object with these labels; entries must not be dropped
 * meanwhile. */
typedef void selecting_fn(void *ctx, struct selecting_entry *entry);
void selecting_each(const struct selecting *index, istr ns, struct mp labels, selecting_fn *fn,
                    void *ctx);

#endif
