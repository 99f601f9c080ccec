#include "raft/lives.h"

#include "base/trace.h"

#include <string.h>

/* What was noted for this start or later ones is of a start that nobody heard of. */
static void lives_cut(struct store_lives *l, uint64_t boot)
{
    uint64_t over = l->boot >= boot ? l->boot - boot + 1 : 0;
    l->count = over < l->count ? l->count - over : 0;
    l->boot -= over;
}

static void lives_add(struct store_lives *l, uint64_t life)
{
    if (l->count == STORE_LIVES_MAX) {
        memmove(l->lives, l->lives + 1, (STORE_LIVES_MAX - 1) * sizeof *l->lives);
        l->count--;
    }
    l->lives[l->count++] = life;
    l->boot++;
}

void lives_begin(struct quorum *q)
{
    struct store_lives *l = &q->past.lives;
    struct store *store = q->options.disk->store;
    const struct store_past *known = &q->past.known;
    struct error err;
    int rc = store_lives_get(store, l, &err);
    if (rc && rc != E_NOTFOUND) trace_warn("quorum", "%s", err.text);
    if (rc) *l = (struct store_lives){.boot = known->boot - 1};
    lives_cut(l, known->boot);
    if (known->boot - l->boot > STORE_LIVES_MAX) *l = (struct store_lives){.boot = known->boot - 1};
    while (l->boot + 1 < known->boot) lives_add(l, 0);
    lives_add(l, known->life);
    if (store_lives_set(store, l, &err))
        trace_warn("quorum", "this start is not noted: %s", err.text);
}

uint64_t lives_at(const struct quorum *q, uint64_t boot)
{
    const struct store_lives *l = &q->past.lives;
    return boot <= l->boot && l->boot - boot < l->count ? l->lives[l->count - 1 - (l->boot - boot)]
                                                        : 0;
}
