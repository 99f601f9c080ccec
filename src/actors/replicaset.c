/* ReplicaSets: their status is what the controller counted. */
#include "actors/deciding.h"
#include "actors/replicas.h"

static struct doc *first_status(const struct command *c, const struct doc *body)
{
    (void)c;
    (void)body;
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 1);
    mp_put_z(&b, "replicas");
    mp_put_int(&b, 0);
    return doc_from_buf(&b);
}

void replicas_decide(struct world *w, const struct actor *a, const struct command *c,
                     int64_t now_ms, struct decision *out)
{
    if (c->op == COMMAND_CREATE) {
        object_decide_create(w, a, c, c->body ? doc_ref(c->body) : doc_empty(), first_status, out);
    } else if (c->op == COMMAND_STATUS && !c->body && c->status) {
        if (deciding_exists(a, c, out))
            object_decide_status(a, doc_ref(c->status), EVENT_SCALED, out);
    } else {
        object_decide(w, a, c, now_ms, out);
    }
}

const struct behavior behavior_replicaset = {replicas_decide, object_fold};
