/* Doctored observations: the cluster does all right, and a checker is told otherwise. Whatever it
 * then passes, it would pass from a cluster too. */
#include "sim.h"

enum { LIE_AT = 3 };

static const char *const names[] = {
#define X(name, text) text,
    LIES(X)
#undef X
};

enum lie lie_find(const char *name)
{
    for (unsigned i = LIE_NONE + 1; i < LIE_COUNT; i++)
        if (strcmp(names[i], name) == 0) return i;
    return LIE_NONE;
}

const char *lie_name(enum lie lie)
{
    return names[lie];
}

bool lie_now(struct sim *s, enum lie which)
{
    if (s->lie != which || ++s->lie_asked != LIE_AT) return false;
    sim_tell(s, "--- from here on a checker is told something else");
    return true;
}
