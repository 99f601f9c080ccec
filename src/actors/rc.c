/* ReplicationControllers: as replica sets, but older: unless asked otherwise, deleting one leaves
 * its pods alone. */
#include "actors/deciding.h"
#include "actors/replicas.h"

static void rc_decide(struct world *w, const struct actor *a, const struct command *c,
                      int64_t now_ms, struct decision *out)
{
    if (c->op == COMMAND_DELETE && c->propagation == PROPAGATION_DEFAULT) {
        if (!deciding_exists(a, c, out)) return;
        bool waits = body_has_finalizer(a->object->body, "foregroundDeletion");
        object_decide_delete(a, c, 0, waits ? PROPAGATION_DEFAULT : PROPAGATION_ORPHAN, now_ms,
                             out);
    } else {
        replicas_decide(w, a, c, now_ms, out);
    }
}

const struct behavior behavior_rc = {rc_decide, object_fold};
