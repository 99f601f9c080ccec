/* Errands about single pods, and two of their sorts: adopting orphans that match, releasing pods
 * that no longer do. */
#include "actors/controllers/acting.h"
#include "actors/controllers/replica_sets.h"
#include "base/mem.h"

enum { CLAIM_RETRY_MS = 100, CLAIMS_PER_LOOK = 2000 };

bool replica_busy(const struct replica_controller *c, const struct object *pod)
{
    return map_get(&c->errands, &pod->id->uid, sizeof pod->id->uid) != NULL;
}

static void errand_done(struct command *command, const struct result *r)
{
    struct replica_errand *e = command->data;
    struct replica_set *s = e->set;
    struct replica_controller *c = s->controller;
    map_del(&c->errands, &e->pod, sizeof e->pod);
    if (e->deletes)
        s->deleting--;
    else
        s->claiming--;
    if (e->deletes && r->http < 400 && s->object && s->to_tell) {
        s->to_tell--;
        recorder_tell(replica_recorder(s), s->object, "Normal", "SuccessfulDelete",
                      "Deleted pod: %s", command->name);
    }
    if (!e->deletes && r->http >= 400) s->claims = true;
    if (s->object && r->http < 400)
        agenda_soon(&c->agenda, &s->agenda);
    else if (s->object)
        agenda_at(&c->agenda, &s->agenda, c->now_ms + CLAIM_RETRY_MS);
    mem_free(e);
    replica_set_release(s);
}

void replica_errand_send(struct replica_set *s, const struct object *pod, struct command *command)
{
    struct replica_errand *e = mem_new(struct replica_errand);
    e->pod = pod->id->uid;
    e->set = s;
    e->deletes = command->op == COMMAND_DELETE;
    if (e->deletes)
        s->deleting++;
    else
        s->claiming++;
    map_put(&s->controller->errands, &e->pod, sizeof e->pod, e);
    command->done = errand_done;
    command->data = e;
    system_send(s->controller->system, command);
}

static int by_creation(const void *left, const void *right)
{
    const struct object *a = *(struct object *const *)left, *b = *(struct object *const *)right;
    return a->id->created_revision < b->id->created_revision ? -1 : a != b;
}

/* Those of the pods that the selector matches (or not) and nobody is busy with, oldest first: what
 * is sent must not depend on the order of a hash table. */
static size_t choose(struct replica_set *s, struct map *pods, bool matching, struct object **out)
{
    size_t n = 0;
    struct object *pod;
    for (size_t i = 0; (pod = map_next(pods, &i));)
        if (!pod->deleted_s && selector_matches(s->selector, object_labels(pod)) == matching &&
            !replica_busy(s->controller, pod))
            out[n++] = pod;
    qsort(out, n, sizeof(struct object *), by_creation);
    return n;
}

static void claim_each(struct replica_set *s, struct map *pods, bool adopt)
{
    mem_auto struct object **chosen = mem_alloc((pods->count + 1) * sizeof(struct object *));
    size_t n = choose(s, pods, adopt, chosen);
    if (n > CLAIMS_PER_LOOK) {
        n = CLAIMS_PER_LOOK;
        s->claims |= adopt;
    }
    for (size_t i = 0; i < n; i++) {
        struct command *c = acting_on_version(COMMAND_UPDATE, chosen[i], replica_who(s), s->cause);
        c->body = adopt ? replica_adopted_body(s, chosen[i]) : replica_released_body(s, chosen[i]);
        replica_errand_send(s, chosen[i], c);
    }
}

void replica_claim(struct replica_set *s)
{
    if (s->object->deleted_s || !s->selector) return;
    if (s->claims) {
        s->claims = false;
        claim_each(s, &s->space->orphans, true);
    }
    if (s->strangers) claim_each(s, &s->pods, false);
}
